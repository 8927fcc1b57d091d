"""Doubts about a feed's server: its 304, its redirects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.collector.sources import Entry, feed_memory

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
OLD, NEW = "https://old.example/feed", "https://new.example/feed"


def looks_between_checks(url: str, checks: int) -> int:
    known: dict[str, str] = {"url": url, "checks": str(checks)}
    for look in range(1, 200):
        if feed_memory.check_due(known, NOW):
            return look
        known = feed_memory.believed(known)
    raise AssertionError


def test_the_first_check_comes_soon_and_the_next_are_rare_and_not_together() -> None:
    first = [looks_between_checks(f"https://{name}.example/", 0) for name in range(200)]
    later = [looks_between_checks(f"https://{name}.example/", 1) for name in range(200)]
    assert (min(first), max(first)) == (7, 10)
    assert 27 <= min(later) < 30
    assert 42 < max(later) <= 45
    assert sum(later) / len(later) > 33, (
        "more than three of a hundred unchanged looks would cost the server a whole feed"
    )


def entries_every(apart: timedelta, number: int) -> list[Entry]:
    return [Entry(str(place), None, "One", "", NOW - place * apart) for place in range(number)]


def first_seen(known: dict[str, str] | None = None, **more: str) -> dict[str, str]:
    return {"url": NEW, **feed_memory.checked(known or {}, NOW, denied=False, entries="a"), **more}


def checks_of(known: dict[str, str], looks: int, apart: timedelta) -> list[timedelta]:
    """Return when the 304s of a server that tells the truth are checked, *looks* so long *apart*."""
    found = []
    for look in range(1, looks + 1):
        now = NOW + look * apart
        if feed_memory.check_due(known, now):
            found.append(look * apart)
            known = known | feed_memory.checked(known, now, denied=True, entries="a")
        else:
            known = feed_memory.believed(known)
    return found


def test_a_304_is_checked_before_the_entries_shown_could_have_been_dropped() -> None:
    short = feed_memory.turnover(entries_every(timedelta(minutes=8), 10), NOW)
    assert short == {"turnover": "2400.0"}
    quarter = timedelta(minutes=15)
    assert checks_of(first_seen(**short), 20, quarter)[:2] == [3 * quarter, 9 * quarter], "a feed asleep is let sleep"
    long = feed_memory.turnover(entries_every(timedelta(days=1), 10), NOW)
    assert checks_of(first_seen(checks="1", **long), 20, quarter)[0] == timedelta(hours=3)
    assert checks_of(first_seen(checks="1"), 20, quarter)[0] == timedelta(hours=3)


def test_a_feed_that_wakes_is_checked_at_its_own_rhythm_again() -> None:
    asleep = first_seen(turnover="2400.0", asleep="4", entries="b", earned="240")
    awake = asleep | feed_memory.checked(asleep, NOW, denied=False, entries="a")
    assert checks_of(awake, 20, timedelta(minutes=5))[0] == timedelta(minutes=40)


def test_entries_pinned_for_ever_or_not_dated_do_not_hide_the_rhythm() -> None:
    pinned = [Entry("p", None, "Pinned", "", NOW - timedelta(days=900)), Entry("u", None, "Undated", "")]
    future = Entry("f", None, "Future", "", NOW + timedelta(days=1))
    assert feed_memory.turnover([*entries_every(timedelta(minutes=8), 9), *pinned, future], NOW) == {
        "turnover": "2400.0"
    }
    assert feed_memory.turnover(entries_every(timedelta(minutes=8), 3), NOW) == {}


@pytest.mark.parametrize("turnover", ["0.0", "2400.0", "1e9"])
@pytest.mark.parametrize("apart", [timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=2)])
def test_at_least_95_of_100_looks_at_a_feed_asleep_stay_304(turnover: str, apart: timedelta) -> None:
    looks = 672
    assert len(checks_of(first_seen(turnover=turnover), looks, apart)) <= 0.05 * looks


def test_a_server_is_caught_when_it_says_304_over_other_entries() -> None:
    known = {"entries": "a", "believed": "9", "checks": "2"}
    lied = feed_memory.checked(known, NOW, denied=True, entries="b")
    assert (lied["entries"], lied["believed"], lied["checks"], lied["distrusted"]) == ("b", "0", "0", NOW.isoformat())
    assert feed_memory.distrusted(lied, NOW)
    assert feed_memory.distrusted(lied, NOW + timedelta(days=6))
    assert not feed_memory.distrusted(lied, NOW + timedelta(days=7)), "it is given another chance"


@pytest.mark.parametrize(
    ("denied", "entries", "checks"),
    [(True, "a", "3"), (False, "b", "2"), (False, "a", "2")],
)
def test_a_true_304_and_a_true_change_are_no_lies(denied: bool, entries: str, checks: str) -> None:  # noqa: FBT001 - a table
    known = {"entries": "a", "believed": "9", "checks": "2"}
    seen = feed_memory.checked(known, NOW, denied=denied, entries=entries)
    assert (seen["entries"], seen["believed"], seen["checks"]) == (entries, "0", checks)
    assert "distrusted" not in seen


def test_distrust_lasts_while_the_feed_goes_on_changing() -> None:
    lied = feed_memory.checked({"entries": "a"}, NOW, denied=True, entries="b")
    later = feed_memory.checked(lied, NOW + timedelta(days=1), denied=False, entries="c")
    assert later["distrusted"] == NOW.isoformat()
    assert "distrusted" not in feed_memory.checked(lied, NOW + timedelta(days=8), denied=False, entries="c")


def test_entries_are_compared_by_what_they_say_in_any_order() -> None:
    one, two = Entry("a", None, "One", "1 killed"), Entry("b", None, "Two", "2 killed")
    assert feed_memory.digest([one, two]) == feed_memory.digest([two, one])
    assert feed_memory.digest([one]) == feed_memory.digest([Entry("a", "https://e.org/?v=2", "One", " 1  killed")])
    assert feed_memory.digest([one]) != feed_memory.digest([Entry("a", None, "One", "7 killed")])
    assert feed_memory.digest([one]) != feed_memory.digest([Entry("c", None, "One", "1 killed")])


def test_a_304_may_renew_one_validator_and_leave_the_other() -> None:
    known = {"etag": '"1"', "last_modified": "Mon", "url": OLD}
    assert feed_memory.validators({"etag": 'W/"2"'}, known) == {"etag": 'W/"2"', "last_modified": "Mon", "url": OLD}


def follow(hours: list[float], target: str = NEW, taken: tuple[str, ...] = ()) -> dict[str, str]:
    known: dict[str, str] = {}
    for hour in hours:
        known = feed_memory.redirected(known, target, NOW + timedelta(hours=hour), taken)
    return known


@pytest.mark.parametrize(
    ("hours", "believed"),
    [
        ([0, 12, 24, 36, 48], True),
        ([0, 12, 24, 36, 47.9], False),
        ([0, 12, 24, 48], False),
        ([0], False),
        ([0, 100, 101, 102, 103], True),
    ],
)
def test_a_permanent_redirect_is_believed_when_repeated_long_enough(hours: list[float], believed: bool) -> None:  # noqa: FBT001 - a table
    assert (follow(hours).get("at") == NEW) == believed


def test_another_subscribed_feed_is_never_moved_to() -> None:
    assert "at" not in follow([0, 12, 24, 36, 48, 60, 72], taken=(NEW,))


def test_another_target_or_none_begins_again() -> None:
    known = follow([0, 12, 24, 36])
    assert feed_memory.redirected(known, OLD, NOW + timedelta(hours=48), ())["moved_times"] == "1"
    assert feed_memory.redirected(known, None, NOW + timedelta(hours=48), ()) == {}


def test_what_was_believed_is_kept_and_may_move_on() -> None:
    known = {"at": NEW}
    assert feed_memory.redirected(known, None, NOW, ()) == {"at": NEW}
    for hour in range(0, 60, 12):
        known = feed_memory.redirected(known, OLD, NOW + timedelta(hours=hour), ())
    assert known == {"at": OLD}
