from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from services.collector.novelty import Novelty, find_novelty
from services.collector.rereading import (
    STEPS,
    Page,
    Settled,
    entry_as_json,
    entry_from_json,
    page_of,
    settle,
    validators,
)
from services.collector.sources import Entry
from services.collector.sources.article_parsing import Article
from services.collector.sources.completing import Completed, Seen, with_article

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
URL = "https://e.org/a"
ENTRY = Entry("a", URL, "Adviser killed", "A summary.", published_at=NOW, byline="Desk", notes=("charset-repaired",))
TEXT = "One adviser was killed near Homs, the ministry said. " * 10
EDITED = TEXT.replace("One adviser was", "Four advisers were", 1)


def novelty() -> Novelty:
    found = find_novelty("feed", ENTRY, None)
    assert found
    return found


KNOWN = novelty().remembered


def seen(text: str = TEXT, url: str = URL, **more: Any) -> Seen:
    return Seen(url, Article(text), "etag-1", "Mon", **more)


def read_page() -> Page:
    page = page_of(novelty(), Completed(with_article(ENTRY, Article(TEXT)), again=True, seen=seen()), "feed", NOW)
    assert page
    return page


def unread_page() -> Page:
    page = page_of(novelty(), Completed(ENTRY, again=True), "feed", NOW)
    assert page
    return page


def after(settled: Settled) -> Page:
    assert settled.page
    return settled.page


def test_a_page_is_read_again_on_a_decaying_schedule_for_a_day() -> None:
    page, at, moments = read_page(), NOW, []
    while page and page.next_due_at:
        at = page.next_due_at
        moments.append(at - NOW)
        settled = settle(page, seen(), KNOWN, at)
        assert (settled.fate, settled.novelty) == ("unchanged", None)
        if not settled.page:
            break
        page = settled.page
    assert moments == list(STEPS)
    assert moments[-1] == timedelta(days=1)
    assert all(later - earlier >= timedelta(minutes=15) for earlier, later in pairwise(moments))


def test_steps_that_were_slept_through_are_not_made_up_for() -> None:
    assert after(settle(read_page(), seen(), KNOWN, NOW + timedelta(hours=5))).next_due_at == NOW + timedelta(hours=12)
    assert settle(read_page(), seen(), KNOWN, NOW + timedelta(days=3)).page is None


def test_what_the_gate_shut_out_is_not_read_again() -> None:
    assert page_of(novelty(), Completed(ENTRY), "feed", NOW) is None


def test_a_changed_text_is_the_next_version() -> None:
    settled = settle(read_page(), seen(EDITED), KNOWN, NOW + timedelta(minutes=15))
    assert settled.fate == "edited"
    assert settled.novelty
    assert (settled.novelty.change, settled.novelty.remembered.version) == ("edited", 2)
    assert "Four advisers" in settled.novelty.entry.text
    # What the feed shows is compared with what the feed showed.
    assert settled.novelty.remembered.hash == KNOWN.hash
    again = settle(read_page(), seen(EDITED), KNOWN, NOW + timedelta(minutes=15))
    assert again.novelty
    assert again.novelty.remembered.version_id == settled.novelty.remembered.version_id
    assert settle(after(settled), seen(EDITED), KNOWN, NOW + timedelta(hours=1)).novelty is None


def test_a_text_that_only_looks_different_is_no_version() -> None:
    spaced = seen(TEXT.replace(". ", ".\n "))
    assert settle(read_page(), spaced, KNOWN, NOW + timedelta(minutes=15)).novelty is None


def test_a_page_that_could_be_read_at_last_gives_the_full_text() -> None:
    settled = settle(unread_page(), seen(), KNOWN, NOW + timedelta(minutes=15))
    assert settled.fate == "completed"
    assert settled.novelty
    assert settled.novelty.entry.notes == ("charset-repaired", "full-text")
    assert settled.novelty.entry.text.endswith(TEXT)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Seen(URL, shut=True),
        seen("Please subscribe."),
        seen(EDITED, url="https://e.org/"),
        seen(EDITED, url="https://other.org/a"),
    ],
)
def test_a_page_that_is_not_the_article_says_nothing(answer: Seen | None) -> None:
    settled = settle(read_page(), answer, KNOWN, NOW + timedelta(minutes=15))
    assert (settled.fate, settled.novelty) == ("unread", None)
    assert after(settled).text_hash == read_page().text_hash


def test_a_page_is_gone_after_three_answers_over_an_hour() -> None:
    page, at, misses = read_page(), NOW + timedelta(minutes=15), []
    while page.next_due_at:
        at = max(at, page.next_due_at)
        settled = settle(page, Seen(URL, gone=True), KNOWN, at)
        assert settled.novelty is None
        page = after(settled)
        misses.append(at)
    assert len(misses) == 3
    assert misses[-1] - misses[0] == timedelta(hours=1)


def test_a_page_that_comes_back_was_not_gone() -> None:
    missing = after(settle(read_page(), Seen(URL, gone=True), KNOWN, NOW + timedelta(minutes=15)))
    back = after(settle(missing, Seen(URL, unchanged=True), KNOWN, NOW + timedelta(minutes=45)))
    assert (back.misses, back.missing_since) == (0, None)


def test_a_page_that_never_was_there_is_not_gone() -> None:
    settled = settle(unread_page(), Seen(URL, gone=True), KNOWN, NOW + timedelta(minutes=15))
    assert (settled.fate, after(settled).misses) == ("unread", 0)


@pytest.mark.parametrize("known", [None, replace(KNOWN, deleted=True)])
def test_a_page_whose_item_is_gone_is_let_go(known: None) -> None:
    assert settle(read_page(), seen(EDITED), known, NOW) == Settled("over", None)


def test_the_last_time_a_page_is_asked_for_whatever_the_server_believes() -> None:
    page = read_page()
    assert validators(page) == {"etag": "etag-1", "last_modified": "Mon"}
    assert set(validators(replace(page, next_due_at=NOW + STEPS[-1])).values()) == {None}


def test_an_entry_survives_being_stored_by_another_version() -> None:
    assert entry_from_json(entry_as_json(ENTRY)) == ENTRY
    assert entry_from_json(entry_as_json(ENTRY) | {"a_later_field": 1}) == ENTRY
    assert entry_from_json({"key": "a", "url": None, "title": None, "text": ""}) == Entry("a", None, None, "")
