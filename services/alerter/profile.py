"""What a set of statements says about when, where, how and to whom something happened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import product
from typing import get_args

from services.alerter.marks import Marks, marks
from services.alerter.sounds import alike, name_key, skeleton
from shared.messages import Claim, Governorate, Statement

Range = tuple[int | None, int | None]

_GENERIC = re.compile(
    r"(?<!\w)(?:countryside|province|governorate|outskirts|suburbs?|rural|region|area|near|off|the|of|and|in|at|around|"
    r"military|air ?base|airport|air ?field|airbase|base|city|town|village|district|west(?:ern)?|east(?:ern)?|"
    r"north(?:ern)?|south(?:ern)?|km|\d+|syria(?:n)?|coast|old|new|axis|front)(?!\w)"
)

_AIRFIELD = re.compile(r"air ?base|air ?port|air ?field")


@dataclass(frozen=True)
class Mention:
    """Where in the item being decided a claim stands, and what tells it apart from its neighbours."""

    start: int
    end: int
    claim: Claim
    voice: str
    roles: frozenset[str]
    names: frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Profile:
    """Facts of a group of claims; ``published`` are the days on which it was spoken of, first and last."""

    forces: frozenset[str]
    figures: frozenset[tuple[str, str, Range]]
    denied: bool
    days: frozenset[date]
    published: tuple[date, date]
    spots: frozenset[str]
    governorates: frozenset[str]
    causes: frozenset[str]
    names: frozenset[tuple[str, ...]]
    types: frozenset[str]
    roles: frozenset[str]
    months: frozenset[int]
    years: frozenset[int]
    items: frozenset[str]
    background: bool = False
    mentions: tuple[Mention, ...] = ()
    incident: str | None = None


def profile(statements: Sequence[Statement], incident: str | None = None) -> Profile:
    """Return what *statements* (of *incident*, when they are on record) say together."""
    claims = [s.claim for s in statements]
    seen = [(s.published_at or s.seen_at).date() for s in statements]
    words = _words(map(marks, claims))
    return Profile(
        forces=frozenset(c.force for c in claims),
        figures=frozenset((c.force, c.outcome, (c.min, c.max)) for c in claims),
        denied=all(c.stance == "denied" for c in claims),
        days=frozenset(c.date for c in claims if c.date),
        published=(min(seen), max(seen)),
        spots=frozenset(spot for c in claims for spot in spots(c.place, c.governorate)),
        governorates=frozenset(c.governorate for c in claims if c.governorate),
        causes=frozenset(c.cause for c in claims if c.cause and c.cause != "other"),
        names=frozenset(key for c in claims for name in c.names if (key := name_key(name))),
        types=words.types,
        roles=words.roles,
        months=words.months,
        years=words.years,
        items=frozenset(s.item for s in statements),
        background=all(c.background for c in claims),
        incident=incident,
    )


def mentioned(statement: Statement) -> Profile:
    """Return the profile of one claim of the item being decided, knowing where in its text it stands."""
    found = profile([statement])
    claim = statement.claim
    mention = Mention(claim.start, claim.end, claim, statement.voice, found.roles, found.names)
    return replace(found, mentions=(mention,))


def joined(left: Profile, right: Profile) -> Profile:
    """Return what both say together. At most one of them is on record."""
    return Profile(
        forces=left.forces | right.forces,
        figures=left.figures | right.figures,
        denied=left.denied and right.denied,
        days=left.days | right.days,
        published=(min(left.published[0], right.published[0]), max(left.published[1], right.published[1])),
        spots=left.spots | right.spots,
        governorates=left.governorates | right.governorates,
        causes=left.causes | right.causes,
        names=left.names | right.names,
        types=left.types | right.types,
        roles=left.roles | right.roles,
        months=left.months | right.months,
        years=left.years | right.years,
        items=left.items | right.items,
        background=left.background and right.background,
        mentions=left.mentions + right.mentions,
        incident=left.incident or right.incident,
    )


def spots_alike(left: Profile, right: Profile) -> bool:
    """Say whether both name a place that can be the same, however spelled."""
    return any(alike(a, b) for a, b in product(left.spots, right.spots))


@lru_cache(maxsize=16384)
def spots(place: str | None, governorate: str | None) -> frozenset[str]:
    """Return the sounding parts of a *place* more precise than its *governorate*; empty when it is not."""
    if not place:
        return frozenset()
    wider = _GOVERNORATES | _parts(governorate or "")
    precise = frozenset(sound for sound, word in _parts(place).items() if not _names(word, wider.get(sound)))
    return precise or (frozenset({"airport"}) if _AIRFIELD.search(place.lower()) else frozenset())


def _names(word: str, governorate: str | None) -> bool:
    """Say whether *word* is the *governorate* that sounds like it: Hamah is Hama, Hmeimim is not."""
    return governorate is not None and len(word) - len(governorate) <= SPELLING


def _parts(place: str) -> dict[str, str]:
    """Return the telling words of *place* by how they sound."""
    plain = _GENERIC.sub(" ", place.lower().replace("-", " "))
    words = [word for word in re.findall(r"[\w']+", plain) if word not in _ARTICLES]
    telling = {sound: word for word in words if len(sound := skeleton(word)) > 1}
    whole = "".join(skeleton(word) for word in words)
    return telling or ({whole: plain} if whole else {})


SPELLING = 2
"""Letters by which a spelling of a governorate may be longer than ours."""
_ARTICLES = frozenset(["al", "el", "ez", "az", "as", "ash", "er", "ar", "ad", "at", "an", "la", "le", "de", "du"])
_GOVERNORATES = {sound: word for name in get_args(Governorate) for sound, word in _parts(name).items()}


def _words(found: Iterable[Marks]) -> Marks:
    every = list(found)
    return Marks(
        types=frozenset(t for one in every for t in one.types),
        roles=frozenset(r for one in every for r in one.roles),
        months=frozenset(m for one in every for m in one.months),
        years=frozenset(y for one in every for y in one.years),
    )
