"""New, edited, deleted, or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import pytest

from services.collector.novelty import (
    MOST_TEXT,
    Novelty,
    Remembered,
    find_missing,
    find_novelty,
    item_id,
    raw_item,
)
from services.collector.revision import revision
from services.collector.sources import Entry
from shared.messages import SourceRef

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)


def entry(text: str = "1 was killed", key: str = "a", *, deleted: bool = False) -> Entry:
    return Entry(key, "http://e.org/a", "Advisers", text, deleted=deleted)


def found(shown: Entry, known: Remembered | None = None) -> Novelty:
    novelty = find_novelty("feed", shown, known)
    assert novelty
    return novelty


def test_an_unknown_entry_is_the_first_version() -> None:
    novelty = found(entry())
    assert (novelty.change, novelty.remembered.version) == ("new", 1)
    assert novelty.remembered.item == item_id("feed", "a")


def test_the_same_text_is_nothing_new() -> None:
    assert find_novelty("feed", entry(), found(entry()).remembered) is None


def test_an_edit_is_the_next_version_of_the_same_item() -> None:
    first = found(entry()).remembered
    second = found(entry("4 were killed"), first)
    assert (second.change, second.remembered.version, second.remembered.item) == ("edited", 2, first.item)
    assert second.remembered.version_id != first.version_id


def test_an_edit_taken_back_is_a_version_with_an_id_of_its_own() -> None:
    first = found(entry()).remembered
    second = found(entry("4 were killed"), first).remembered
    third = found(entry(), second).remembered
    assert third.version == 3
    assert len({first.version_id, second.version_id, third.version_id}) == 3


def test_the_same_look_twice_gives_the_same_ids() -> None:
    assert found(entry()).remembered == found(entry()).remembered


@pytest.mark.parametrize(
    ("before", "after"),
    [("3 killed", "7 killed"), ("10 killed", "1 0 killed"), ("4", "4²"), ("٣ killed", "٤ killed"), ("а", "a")],
)
def test_every_letter_and_digit_counts(before: str, after: str) -> None:
    assert revision(None, before) != revision(None, after)
    assert revision(before, "") != revision(after, "")


@pytest.mark.parametrize(
    ("before", "after"),
    [("one two", "one\u00a0 two\n"), ("one", "\u200fone\u200e"), ("caf\u00e9", "cafe\u0301"), ("a\n\nb", "a b")],
)
def test_spacing_and_invisible_marks_do_not_count(before: str, after: str) -> None:
    assert revision(None, before) == revision(None, after)


def test_title_and_text_do_not_flow_into_each_other() -> None:
    assert revision("a", "b c") != revision("a b", "c")


def test_a_deletion_is_said_once_and_keeps_link_and_title() -> None:
    first = found(entry()).remembered
    gone = found(entry(deleted=True), first)
    assert (gone.change, gone.remembered.version, gone.entry.text) == ("deleted", 2, "")
    assert (gone.entry.url, gone.entry.title) == ("http://e.org/a", "Advisers")
    assert find_novelty("feed", entry(deleted=True), gone.remembered) is None


def test_a_deletion_of_what_was_never_seen_is_nothing() -> None:
    assert find_novelty("feed", entry(deleted=True), None) is None


def test_what_comes_back_after_its_deletion_is_a_further_version() -> None:
    gone = found(entry(deleted=True), found(entry()).remembered).remembered
    back = found(entry(), gone)
    assert (back.change, back.remembered.version, back.remembered.deleted) == ("edited", 3, False)


def test_absence_deletes_only_what_the_look_covered_and_did_not_show() -> None:
    known = {one.remembered.item: one.remembered for one in (found(entry(key=key)) for key in "abc")}
    covers = [item_id("feed", key) for key in ("a", "b", "never-seen")]
    missing = find_missing(covers, {item_id("feed", "a")}, known)
    assert [one.remembered.item for one in missing] == [item_id("feed", "b")]
    assert {one.change for one in missing} == {"deleted"}


def test_what_does_not_fit_a_message_is_cut_and_marked() -> None:
    long = Entry("a", "http://e.org/" + "x" * 9000, "t" * 9000, "x" * (MOST_TEXT + 1), notes=("undated",))
    item = raw_item(found(long), SourceRef(id="feed", name="Feed", kind="rss", language="ru"), NOW)
    assert (len(item.text), len(item.title or ""), item.url) == (MOST_TEXT, 2000, None)
    remembered = found(long).remembered
    assert (len(remembered.title or ""), remembered.url) == (2000, None)
    assert (item.notes, item.lang) == (("undated", "truncated"), "ru")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Two killed\nViews: 1 204", "Two killed\nViews: 1 377"),
        ("Two killed\n12 comments", "Two killed\n13 comments"),
        ("Two killed\n\n- Views -\n1,204\n\nMore", "Two killed\n\n- Views -\n1,377\n\nMore"),
        ("Two killed\n* 1.2K\nviews", "Two killed\n* 1.3K\nviews"),
        ("Двое погибли\n\nПросмотров: 5,1K", "Двое погибли\n\nПросмотров: 5,2K"),
        ("قتل اثنان\n7 مشاهدة", "قتل اثنان\n8 مشاهدة"),
    ],
)
def test_a_line_that_only_counts_readers_does_not_count(before: str, after: str) -> None:
    assert revision("t", before) == revision("t", after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("3 killed", "7 killed"),
        ("Views: 3 killed", "Views: 7 killed"),
        ("12 comments, 3 killed", "12 comments, 4 killed"),
        ("Killed: 3", "Killed: 4"),
        ("3", "4"),
    ],
)
def test_a_line_that_says_anything_else_counts(before: str, after: str) -> None:
    assert revision("t", f"x\n{before}\ny") != revision("t", f"x\n{after}\ny")


@pytest.mark.parametrize("mark", [". ", ".", "- \n", "\n", "1 ", "1,", "1\n", "views\n", "views 1 x ", "просмотр1"])
def test_a_text_of_marks_and_digits_is_compared_in_no_time(mark: str) -> None:
    started = process_time()
    assert revision(None, mark * 50_000 + "x") != revision(None, mark * 50_000 + "y")
    assert process_time() - started < 10


def test_an_entry_with_another_text_is_told_apart_though_the_old_one_was_asked_for_before() -> None:
    before = entry("1 was killed")
    assert before.revision == revision(before.title, "1 was killed")
    assert replace(before, text="2 were killed").revision == revision(before.title, "2 were killed")
