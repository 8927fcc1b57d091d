"""How many versions of an item are published when its text will not rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.collector.flapping import EDITS, FREQUENT, RETURNS, SLOWLY, admitted
from services.collector.novelty import Remembered, find_deletion, find_novelty
from services.collector.sources import Entry

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Item:
    known: Remembered | None = None
    notes: tuple[str, ...] = ()

    def shows(self, text: str, at: datetime) -> bool:
        """Whether *text* becomes a version."""
        novelty = find_novelty("feed", Entry("a", None, "Title", text), self.known)
        let = admitted(novelty, self.known, at) if novelty else None
        if let:
            self.known, self.notes = let.remembered, let.entry.notes
        return let is not None


def test_true_edits_are_versions_each() -> None:
    item = Item()
    assert all(item.shows(f"{toll} killed", NOW + toll * MINUTE) for toll in range(EDITS))
    assert item.notes == ()


def test_an_edit_taken_back_is_a_version() -> None:
    item = Item()
    assert [item.shows(text, NOW + place * MINUTE) for place, text in enumerate(["1", "4", "1", "4"])] == [True] * 4


def test_a_text_that_goes_back_and_forth_is_put_off_after_a_few_times() -> None:
    item = Item()
    shown = [item.shows("14"[look % 2], NOW + look * MINUTE) for look in range(60)]
    assert shown == [True] * (2 + RETURNS) + [False] * (58 - RETURNS)


def test_what_was_put_off_becomes_a_version_when_it_still_stands() -> None:
    item = Item()
    for look in range(10):
        item.shows("14"[look % 2], NOW + look * MINUTE)
    last = item.known.recent[-1].at if item.known else NOW
    text = "4" if item.known and find_novelty("feed", Entry("a", None, "Title", "4"), item.known) else "1"
    assert not item.shows(text, last + SLOWLY - MINUTE)
    assert item.shows(text, last + SLOWLY)
    assert item.notes == (FREQUENT,)


def test_a_new_text_is_not_put_off_because_of_old_ones() -> None:
    item = Item()
    for look in range(10):
        item.shows("14"[look % 2], NOW + look * MINUTE)
    assert item.shows("7", NOW + 11 * MINUTE)


def test_a_counter_in_the_text_is_bounded() -> None:
    item = Item()
    versions = sum(item.shows(f"read {look} times", NOW + look * MINUTE) for look in range(24 * 60))
    assert EDITS <= versions <= EDITS + 24


def test_the_next_day_begins_anew() -> None:
    item = Item()
    for look in range(EDITS):
        item.shows(str(look), NOW + look * MINUTE)
    assert not item.shows("x", NOW + EDITS * MINUTE)
    assert item.shows("y", NOW + timedelta(days=2))
    assert item.shows("z", NOW + timedelta(days=2) + MINUTE)
    assert item.notes == ()


def test_a_deletion_is_never_put_off() -> None:
    item = Item()
    for look in range(EDITS):
        item.shows(str(look), NOW + look * MINUTE)
    assert item.known
    gone = find_deletion(item.known)
    assert gone
    assert admitted(gone, item.known, NOW + EDITS * MINUTE)
