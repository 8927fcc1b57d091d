"""What a feed's cursor holds from one look to the next, and what follows from it. Pure.

Three doubts are kept there: whether the server's 304 can be believed, whether a permanent redirect is meant, and what
the feed says of its own rhythm while a 304 says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from services.collector.sources import Cursor, Entry, Quiet
from services.collector.sources.feed_hints import Hints

VALIDATORS = (("etag", "etag"), ("last_modified", "last-modified"))
"""Names in the cursor, and the headers they come from; sent back byte for byte."""

FIRST_CHECK, CHECK = 8, 36
"""Answers 304 after which the feed is fetched whole to see whether they were true: after the first few, then rarely
enough that 97 of 100 unchanged looks stay cheap for the server."""
CHECK_SPREAD = 0.25
"""Share by which that number varies, so that feeds of one host are not checked together."""
UNCHECKED = timedelta(hours=3)
"""The longest time for which answers 304 are believed."""
SOONEST = timedelta(minutes=10)
"""The least time between two checks that are made for the time's sake: entries of one minute are one burst."""
COST = 24
"""Believed answers that earn one such check: less than one look in 20 costs an honest server a whole feed."""
EARNED_AT_FIRST, MOST_EARNED = 2 * COST, 10 * COST
"""What a feed may spend from the beginning, and what it can save."""
FEWEST_DATED = 4
"""Dated entries below which a feed says nothing of its rhythm."""
DISTRUST = timedelta(days=7)
"""How long a server that said 304 over changed entries is asked without validators."""

SEEN_TIMES, SEEN_FOR = 5, timedelta(hours=48)
"""Sightings of one target, and the time between first and last, that make a permanent redirect believable: maintenance
pages and captive portals redirect "for good" as well (Vienna #1546, FreshRSS #3983)."""


def validators(headers: Mapping[str, str], known: Cursor) -> dict[str, str]:
    """Return the *known* cursor with the validators of an answer; a 304 may renew one and leave the other.

    RFC 9111, section 4.3.4.
    """
    return dict(known) | {name: headers[header] for name, header in VALIDATORS if headers.get(header)}


def without_validators(cursor: Cursor) -> dict[str, str]:
    """Return the *cursor* with which the next look is given every entry again."""
    return {name: value for name, value in cursor.items() if name not in {"etag", "last_modified", "body"}}


def digest(entries: Iterable[Entry]) -> str:
    """Return the hash of what *entries* say, whatever their order and the bytes around them."""
    said = sorted(f"{entry.key}\x1f{entry.revision}" for entry in entries)
    return sha256("\x1e".join(said).encode("utf-8", "replace")).hexdigest()


def distrusted(known: Cursor, now: datetime) -> bool:
    """Whether the server was caught lying lately, so that validators are not sent."""
    since = known.get("distrusted")
    return since is not None and now - datetime.fromisoformat(since) < DISTRUST


def turnover(entries: Iterable[Entry], now: datetime) -> dict[str, str]:
    """Return in how many seconds the newer half of *entries* came, as the cursor holds it.

    A feed that goes on like this has dropped none of those after that time. The older half may hold entries that are
    shown for ever, and leaves time for a story that breaks.
    """
    dates = sorted((one.published_at for one in entries if one.published_at and one.published_at <= now), reverse=True)
    if len(dates) < FEWEST_DATED:
        return {}
    return {"turnover": str((dates[0] - dates[len(dates) // 2]).total_seconds())}


def check_due(known: Cursor, now: datetime) -> bool:
    """Whether a 304 is to be checked: after so many that were believed, or before entries could have been dropped.

    Each check that finds nothing doubles the time to the next: the feed is asleep. Then, and after three hours, it must
    have been earned.
    """
    believed, checks = int(known.get("believed", "0")), int(known.get("checks", "0"))
    place = sha256(f"{known.get('url')}\x1f{checks}".encode()).digest()[0] / 255
    least = CHECK if checks else FIRST_CHECK
    if believed + 1 >= least * (1 - CHECK_SPREAD + 2 * CHECK_SPREAD * place):
        return True
    if "whole_at" not in known or _earned(known) < COST:
        return False
    half = float(known.get("turnover", "inf")) * 2.0 ** min(int(known.get("asleep", "0")), 30)
    wait = max(min(half, UNCHECKED.total_seconds()), SOONEST.total_seconds())
    return (now - datetime.fromisoformat(known["whole_at"])).total_seconds() >= wait


def believed(known: Cursor) -> dict[str, str]:
    """Return the cursor after one more 304 was taken at its word."""
    counted = {"believed": int(known.get("believed", "0")) + 1, "earned": min(_earned(known) + 1, MOST_EARNED)}
    return dict(known) | {name: str(number) for name, number in counted.items()}


def checked(known: Cursor, now: datetime, *, denied: bool, entries: str) -> dict[str, str]:
    """Return what is remembered of the server's honesty once the feed was seen whole, with this digest of *entries*.

    *denied* says that the server had just answered 304 to a request with validators.
    """
    same = known.get("entries") == entries
    lied = denied and not same and known.get("entries") is not None
    since = now.isoformat() if lied else known.get("distrusted") if distrusted(known, now) else None
    checks = int(known.get("checks", "0")) + denied
    kept = {
        "entries": entries,
        "believed": "0",
        "checks": str(0 if lied else checks),
        "whole_at": now.isoformat(),
        "asleep": str(int(known.get("asleep", "0")) + denied if same else 0),
        "earned": str(max(_earned(known) - COST * denied, 0)),
    }
    return kept | ({"distrusted": since} if since else {})


def _earned(known: Cursor) -> int:
    return int(known.get("earned", EARNED_AT_FIRST))


def redirected(known: Cursor, target: str | None, now: datetime, taken: Collection[str]) -> dict[str, str]:
    """Return what is remembered of permanent redirects after an answer that was a feed.

    *target* is where 301 and 308 led this time, *taken* the addresses of the other subscribed feeds: two sources must
    not become one. Once believed, the target is looked at in place of the address, under ``at``.
    """
    at = {"at": known["at"]} if "at" in known else {}
    if not target:
        return at
    repeated = known.get("moved_to") == target
    times = int(known.get("moved_times", "0")) + 1 if repeated else 1
    since = datetime.fromisoformat(known["moved_since"]) if repeated else now
    if times >= SEEN_TIMES and now - since >= SEEN_FOR and target not in taken:
        return {"at": target}
    return at | {"moved_to": target, "moved_times": str(times), "moved_since": since.isoformat()}


def rhythm(hints: Hints) -> dict[str, str]:
    """Return the feed's *hints* as a cursor holds them."""
    kept = {"ttl": str(hints.ttl)} if hints.ttl else {}
    for name, numbers in (("skip_hours", hints.skip_hours), ("skip_days", hints.skip_days)):
        if numbers:
            kept[name] = ",".join(map(str, numbers))
    return kept


def fresh_for(known: Cursor, lifetime: float | None) -> float | None:
    """Return the longer of the answer's own *lifetime* and the feed's wish, in seconds."""
    return max((wish for wish in (lifetime, float(known.get("ttl", "0"))) if wish), default=None)


def quiet(known: Cursor) -> Quiet | None:
    """Return when the feed does not want to be asked."""
    hours, days = (
        frozenset(map(int, filter(None, known.get(name, "").split(",")))) for name in ("skip_hours", "skip_days")
    )
    return Quiet(hours, days) if hours or days else None
