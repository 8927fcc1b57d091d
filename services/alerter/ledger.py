"""The ledger's decision: what one tagged item means for the incidents known so far. Pure."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.alerter import changes, versions, voices
from services.alerter.changes import LedgerChange, Touched
from services.alerter.grouping import Group, group
from services.alerter.linking import BATTLE_DAYS, related
from services.alerter.marks import marks
from services.alerter.profile import mentioned, profile
from services.alerter.reconsidering import Book, reconsider
from services.alerter.rules import RULES, Rules
from services.alerter.sounds import name_key
from shared.messages import Claim, Incident, RawItem, Statement, TaggedItem, stable_id

__all__ = ["Decision", "Keys", "LedgerChange", "Query", "Window", "decide", "keys", "query"]

NEAR = timedelta(days=3)
"""How far apart two sources may put one event, and how long after it most reports come."""
LIMIT = 8
"""How many incidents of the claims' own forces may answer for one window; those last spoken of do."""
BESIDE = 4
"""How many of related forces may: a loss is seldom told of another force's men."""
FAMOUS = 5
"""How many may answer for one mark; the best known of them do, for it is those that are mentioned again."""
TELLING = 5
"""A figure from here on finds an incident by itself; smaller ones need a cause, a governorate or a role beside them."""
MONTHS = 12
"""How many months that one text names are looked into; a hostile one could name every month of every year."""


@dataclass(frozen=True, order=True)
class Window:
    """The days from ``since`` to ``until``, both included."""

    since: date
    until: date


@dataclass(frozen=True)
class Query:
    """Which known incidents could concern an item; the store answers it from indexes over :func:`keys`.

    An incident answers when its keys

    1. hold *item* among their items, or
    2. share a force with *forces* and their day lies in one of *windows*: for each window the *limit* incidents seen
       last, and apart from them the *beside* last seen that share one with *near*, or
    3. share one of *marks*: for each mark the *famous* incidents of the greatest weight, among equals those seen last.

    Every answer is the whole incident with all its statements; the order of answers does not matter.
    """

    item: str
    forces: frozenset[str]
    windows: tuple[Window, ...]
    marks: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    limit: int = LIMIT
    beside: int = BESIDE
    famous: int = FAMOUS


@dataclass(frozen=True)
class Keys:
    """What an incident is found by. ``weight`` is the number of items that speak of it."""

    items: frozenset[str]
    forces: frozenset[str]
    day: date
    marks: frozenset[str]
    weight: int


@dataclass(frozen=True)
class Decision:
    """The new state of every incident touched, the changes, and where each claim went (None: a total)."""

    incidents: tuple[Incident, ...]
    changes: tuple[LedgerChange, ...]
    links: Mapping[str, str | None]


def query(tagged: TaggedItem) -> Query | None:
    """Return what must be known to decide about *tagged*; None when it can change nothing.

    An item without claims can still change something when it is a new version: its earlier claims may be gone.
    """
    claims = _linkable(tagged)
    item = tagged.item
    if not claims and item.change == "new":
        return None
    days = {claim.date for claim in claims if claim.date} | ({item.when.date()} if claims else set())
    return Query(
        item=item.item,
        forces=(own := frozenset(claim.force for claim in claims)),
        near=frozenset(near for claim in claims for near in related(claim.force)) - own,
        windows=(
            *sorted({Window(day - timedelta(days=BATTLE_DAYS), day + NEAR) for day in days}),
            *sorted(set(_named(claims, item)))[:MONTHS],
        ),
        marks=frozenset(mark for claim in claims for mark in (*_marks(claim), *_nearby(claim, item.when.date()))),
    )


def keys(known: Incident) -> Keys:
    """Return what the store indexes an incident by, so that :class:`Query` finds it."""
    items = frozenset(s.item for s in known.statements)
    return Keys(
        items=items,
        forces=frozenset(s.claim.force for s in known.statements),
        day=known.date or min((s.published_at or s.seen_at).date() for s in known.statements),
        marks=frozenset(mark for s in known.statements for mark in (*_marks(s.claim), _scene(s))),
        weight=len(items),
    )


def decide(tagged: TaggedItem, known: Sequence[Incident], now: datetime, rules: Rules = RULES) -> Decision:
    """Return what *tagged* changes, given the *known* incidents that answer its query.

    The same item decided again on what came out changes nothing.
    """
    item = tagged.item
    order = sorted(known, key=lambda one: (one.first_seen_at, one.id))
    held = {s.claim.id: (s, one.id) for one in order for s in one.statements if s.item == item.item}
    record = [s for s, _ in held.values()]
    if versions.stale(item, record):
        return Decision((), (), {s.claim.id: home for s, home in held.values() if s.version == item.id})
    told = [_statement(claim, tagged, rules) for claim in _linkable(tagged)]
    repeated = {s.claim.id: versions.said_before(s, record) for s in told}
    fresh = [s for s in told if repeated[s.claim.id] is None]
    book = Book.of(order, [profile(one.statements, one.id) for one in order])
    homes = _place(fresh, book, now, rules)
    links: dict[str, str | None] = {claim.id: None for claim in tagged.claims if claim.total}
    links |= {claim: held[old.claim.id][1] for claim, old in repeated.items() if old}
    links |= {s.claim.id: home for home, placed in homes.items() for s in placed}
    back = versions.revived(item, [old for old in repeated.values() if old])
    gone = versions.outdated(item, record, told)
    touched = changes.touch(item, order, homes, gone, revived=back, parties=rules.parties)
    reconsider(item.item, touched, book, rules)
    return Decision(
        incidents=tuple(book.changed()),
        changes=tuple(_changes(item, touched, book)),
        links={claim: book.renamed.get(home, home) if home else None for claim, home in links.items()},
    )


def _changes(item: RawItem, touched: Sequence[Touched], book: Book) -> Iterator[LedgerChange]:
    for change in changes.describe(item, touched):
        yield replace(change, incident=book.renamed.get(change.incident, change.incident))
    yield from book.changes
    told = {t.after.id: (*t.gone, *t.fresh) for t in touched}
    for after in book.changed():
        if before := book.before.get(after.id):
            yield from changes.regraded(before, after, told.get(after.id, ()))


def _named(claims: Sequence[Claim], item: RawItem) -> Iterator[Window]:
    """Yield the months that undated claims name: "in February" is the last one before the item, unless a year is."""
    today = item.when.date()
    for claim in claims:
        if claim.date is None:
            told = marks(claim)
            for month in told.months:
                for year in told.years or {today.year if month <= today.month else today.year - 1}:
                    yield Window(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def _linkable(tagged: TaggedItem) -> list[Claim]:
    return [claim for claim in tagged.claims if not claim.total] if tagged.item.change != "deleted" else []


def _statement(claim: Claim, tagged: TaggedItem, rules: Rules) -> Statement:
    item = tagged.item
    return Statement(
        claim=claim,
        item=item.item,
        version=item.id,
        source=item.source,
        url=item.url,
        published_at=item.published_at,
        seen_at=item.seen_at,
        voice=voices.voice(claim, item, tagged.lang, rules.parties),
    )


def _place(fresh: Sequence[Statement], book: Book, now: datetime, rules: Rules) -> dict[str, list[Statement]]:
    """Return the statements of an item by the incident each belongs to; a new one is named after its first claim."""
    tomorrow = now.date() + timedelta(days=1)
    groups = group([mentioned(_past(s, tomorrow)) for s in fresh], list(book.profiles.values()), rules)
    homes: dict[str, list[Statement]] = defaultdict(list)
    for found in groups:
        members = [fresh[i] for i in found.members]
        home = found.incident or stable_id("incident", members[0].claim.id)
        held = book.before[home].statements if home in book.before else ()
        homes[home] += [_linked(s, found, held) for s in members]
    return homes


def _past(statement: Statement, tomorrow: date) -> Statement:
    """Return *statement* without a day that has not come: it is no day to link by."""
    if statement.claim.date is None or statement.claim.date <= tomorrow:
        return statement
    return statement.model_copy(update={"claim": statement.claim.model_copy(update={"date": None})})


def _linked(statement: Statement, found: Group, record: Sequence[Statement]) -> Statement:
    return statement.model_copy(
        update={
            "voice": _voice(statement, record),
            "link_score": round(found.link.score, 3),
            "link_reason": found.link.explanation,
            "review": found.doubt,
        }
    )


def _voice(statement: Statement, record: Sequence[Statement]) -> str:
    if statement.claim.party or statement.claim.attributed_to:
        return statement.voice
    return voices.copied(statement.claim, record) or statement.voice


def _marks(claim: Claim) -> frozenset[str]:
    """Return what finds an incident again after years: victims, aircraft, the figure with what qualifies it."""
    told = marks(claim)
    figure = f"figure:{claim.force}/{claim.outcome}/{claim.min}/{claim.max}"
    qualities = [claim.cause, claim.governorate, *sorted(told.roles)]
    return frozenset(
        [figure] * (max(claim.min or 0, claim.max or 0) >= TELLING)
        + [f"{figure}@{quality}" for quality in qualities if quality]
        + [f"name:{key[-1]}" for name in claim.names if (key := name_key(name))]
        + [f"type:{kind}" for kind in told.types]
    )


def _scene(statement: Statement) -> str:
    """Return what finds an incident of a busy week: force, governorate and day."""
    claim = statement.claim
    day = claim.date or (statement.published_at or statement.seen_at).date()
    return f"scene:{claim.force}/{claim.governorate}/{day}"


def _nearby(claim: Claim, today: date) -> Iterator[str]:
    """Yield the scenes that *claim* may be about: a day either side, its governorate or one that says none."""
    days = [claim.date + timedelta(days=d) for d in (-1, 0, 1)] if claim.date else _lately(today)
    for day in days:
        for governorate in {claim.governorate, None}:
            yield f"scene:{claim.force}/{governorate}/{day}"


def _lately(today: date) -> list[date]:
    return [today - timedelta(days=d) for d in range(NEAR.days + 1)]
