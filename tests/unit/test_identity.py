"""Which item an entry is, whatever its feed calls it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from services.collector.identity import Identity, Known, Settled, identity_notes, names_of, settle
from services.collector.novelty import Remembered, find_novelty, item_id
from services.collector.sources import Entry

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)


def entry(number: int, guid: str = "", *, title: str = "", text: str = "", link: str = "") -> Entry:
    return Entry(
        guid or f"guid:{number}",
        link or f"https://e.org/{number}?utm_source=rss",
        title or f"Item {number}",
        text or f"{number} killed",
        NOW + timedelta(minutes=number),
    )


@dataclass
class Memory:
    """Remembers what was settled, as the database does."""

    identity: Identity = "guid"
    items: dict[str, Remembered] = field(default_factory=dict)

    def look(self, entries: Sequence[Entry]) -> dict[str, str]:
        """Settle *entries*, remember them, and return what became of each item that was new or edited."""
        names = names_of(entries)
        keys = {item_id("feed", one.key) for one in entries}
        settled: Settled = settle(
            "feed",
            entries,
            names,
            self.identity,
            Known(
                {item: one for item, one in self.items.items() if item in keys},
                {
                    one.link: one
                    for one in self.items.values()
                    if one.link in {name.link for name in names} and one.link
                },
                {
                    one.story: one
                    for one in self.items.values()
                    if one.story in {name.story for name in names} and one.story
                },
            ),
        )
        assert sorted(one.key for one in settled.items.values()) == sorted(one.key for one in entries), (
            "an entry is lost"
        )
        self.identity = settled.identity
        changes = {}
        for item, shown in settled.items.items():
            if novelty := find_novelty("feed", shown, self.items.get(item), item):
                name = settled.names[item]
                self.items[item] = replace(novelty.remembered, link=name.link, story=name.story)
                changes[shown.title or ""] = novelty.change
        return changes


def feed(numbers: Iterable[int], look: int = 0) -> list[Entry]:
    """Return a feed; its guids change when *look* does."""
    return [entry(number, f"guid:{number}-{look}") for number in numbers]


def test_stable_guids_are_believed() -> None:
    memory = Memory()
    memory.look(feed(range(10)))
    assert memory.look(feed(range(2, 12))) == {"Item 10": "new", "Item 11": "new"}
    assert memory.identity == "guid"


def test_guids_that_change_at_every_look_are_seen_through_at_the_second() -> None:
    memory = Memory()
    memory.look(feed(range(10)))
    for look in range(1, 5):
        assert memory.look(feed(range(look, 10 + look), look)) == {f"Item {9 + look}": "new"}
        assert memory.identity == "link"
    assert len(memory.items) == 14


def test_an_edit_under_a_changed_guid_is_an_edit() -> None:
    memory = Memory()
    memory.look(feed(range(10)))
    changed = feed(range(10), 1)
    changed[3] = replace(changed[3], text="7 killed", title="Item 3")
    changed[4] = replace(changed[4], title="Item 4: corrected")
    assert memory.look(changed) == {"Item 3": "edited", "Item 4: corrected": "edited"}


@pytest.mark.parametrize(("size", "fresh"), [(4, 0), (5, 1), (10, 3)])
def test_a_new_title_is_an_edit_in_the_very_look_that_changes_all_guids(size: int, fresh: int) -> None:
    memory = Memory()
    memory.look(feed(range(size)))
    changed = feed(range(size + fresh), 1)
    changed[1] = replace(changed[1], title="Item 1: corrected")
    news = {f"Item {number}": "new" for number in range(size, size + fresh)}
    assert memory.look(changed) == {"Item 1: corrected": "edited"} | news
    assert memory.identity == "link"


def test_columns_that_keep_their_links_and_titles_but_not_their_dates_are_items_of_their_own() -> None:
    memory = Memory()
    memory.look(feed(range(10)))
    later = [replace(one, published_at=NOW + timedelta(days=1), text="today") for one in feed(range(6), 1)]
    news = {f"Item {number}": "new" for number in [*range(6), *range(20, 24)]}
    assert memory.look([*later, *feed(range(20, 24), 1)]) == news


def test_guids_and_links_may_change_together() -> None:
    def moved(look: int) -> list[Entry]:
        return [replace(one, url=f"https://e.org/s{look}/{one.title}") for one in feed(range(10), look)]

    memory = Memory()
    memory.look(moved(0))
    assert memory.look(moved(1)) == {}
    assert memory.identity == "title"
    later = [*moved(2), entry(11, "guid:11-2")]
    assert memory.look(later) == {"Item 11": "new"}


def test_a_migration_to_new_guids_and_links_is_no_flood_and_edits_stay_edits() -> None:
    memory = Memory()
    memory.look(feed(range(10)))
    migrated = [replace(one, url=f"https://new.example/{one.title}") for one in feed(range(10), 1)]
    assert memory.look(migrated) == {}
    fresh = entry(20, "guid:20")
    assert memory.look([*migrated[1:], fresh]) == {"Item 20": "new"}
    assert memory.look([*migrated[2:], replace(fresh, title="Item 20: corrected")]) == {"Item 20: corrected": "edited"}


@pytest.mark.parametrize(
    ("retold", "kept", "fresh", "identity"),
    [
        (10, 0, 0, "link"),
        (9, 0, 1, "link"),
        (8, 0, 2, "link"),
        (5, 5, 1, "link"),
        (2, 8, 0, "guid"),
        (0, 0, 10, "guid"),
    ],
)
def test_most_of_the_strange_guids_must_be_known_items(retold: int, kept: int, fresh: int, identity: Identity) -> None:
    memory = Memory()
    memory.look(feed(range(10)))
    # Texts differ, so that no single one is recognised by being the same.
    strange = [replace(one, text="another") for one in feed(range(retold), 1)]
    memory.look([*strange, *feed(range(10 - kept, 10)), *feed(range(100, 100 + fresh))])
    assert memory.identity == identity


def test_a_feed_that_shows_the_latest_word_only_is_not_seen_through() -> None:
    memory = Memory()
    memory.look(feed([1]))
    assert memory.look([replace(feed([1], 1)[0], text="7 killed")]) == {"Item 1": "new"}
    assert memory.look([replace(feed([1], 2)[0], text="7 killed")]) == {}, "the same text under a third guid"
    assert memory.identity == "guid"


def test_the_same_link_for_different_items_is_no_name() -> None:
    live = "https://e.org/live"
    memory = Memory()
    memory.look([entry(1, link=live), entry(2, link=live), entry(3, link=live)])
    assert memory.look([entry(4, link=live), entry(5, link=live), entry(6, link=live)]) == {
        "Item 4": "new",
        "Item 5": "new",
        "Item 6": "new",
    }


def test_one_item_under_a_new_guid_with_the_same_text_is_the_same() -> None:
    memory = Memory()
    memory.look(feed(range(10)))
    assert memory.look([*feed(range(9)), entry(9, "guid:renamed")]) == {}
    assert memory.identity == "guid"


def test_the_same_alarm_an_hour_later_is_another_item() -> None:
    alarm = entry(1, "guid:a", title="Alarm", text="Take shelter", link="https://e.org/")
    memory = Memory()
    memory.look([*feed(range(10, 20)), alarm])
    later = replace(alarm, key="guid:b", published_at=NOW + timedelta(hours=1))
    assert memory.look([*feed(range(10, 20)), later]) == {"Alarm": "new"}


def test_a_guid_that_was_given_twice_stays_the_same_item_when_it_is_alone_again() -> None:
    memory = Memory()
    memory.look([entry(1, "link:https://e.org/1"), entry(2, "link:https://e.org/2")])
    assert memory.look([entry(2, "guid:same")]) == {}


def test_a_repeated_look_gives_new_items_the_same_ids_whatever_their_guids() -> None:
    first, second = Memory("link"), Memory("link")
    first.look(feed(range(5), 1))
    second.look(feed(range(5), 2))
    assert first.items.keys() == second.items.keys()


def test_two_entries_never_become_one_item() -> None:
    one, two = entry(1, "guid:a"), replace(entry(1, "guid:b"), published_at=None, title="Another")
    memory = Memory("title")
    memory.look([one])
    assert memory.look([one, two]) == {"Another": "new"}


def test_the_operator_is_told() -> None:
    assert identity_notes("guid") == ()
    assert identity_notes("link") == ("identity-changed:link",)


@pytest.mark.parametrize("identity", ["guid", "link", "title"])
def test_undated_columns_that_bear_the_same_titles_every_day_are_new_items(identity: Identity) -> None:
    memory = Memory(identity)
    titles = ("Daily briefing", "Syria update", "Markets", "Weather")
    for day in range(3):
        shown = [
            replace(entry(10 * day + place, title=title, text=f"{title} {day}"), published_at=None)
            for place, title in enumerate(titles)
        ]
        assert memory.look(shown) == dict.fromkeys(titles, "new")
    assert memory.identity == identity
