"""How likely two groups of claims speak of one incident, as a sum of explained weights.

The weights are about log-odds, set by hand and checked on labelled storylines; what decides is their order: a shared
victim or type of aircraft says most, the day and the place next, an equal number the more the rarer it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from services.alerter.profile import Mention, Profile, Range, spots, spots_alike
from services.alerter.sounds import alike, same_name

BAR = 2.6
"""A sum of weights from which two groups are one incident."""
DOUBT = 0.8
"""How much further than the second best a link must be to count as certain."""
BATTLE_DAYS = 10
"""A battle in which both sides lose men goes on under one key over pauses of up to this many days."""
FORBIDDEN = -math.inf

DAYS_APART = ((0, 2.2), (1, 0.2), (2, -2.0), (5, -3.5), (math.inf, -6.0))
"""Weight of two stated days, by how many days they differ at most: sources often differ by the night between."""
DAYS_AFTER = ((-2, -6.0), (3, 1.0), (7, 0.2), (20, -1.0), (math.inf, -2.0))
"""Weight of an undated claim and a stated day, by the days from that day to publication; nobody reports the future."""
BACKGROUND_AFTER = ((-2, -6.0), (3, -0.5), (math.inf, 0.2))
"""The same for an old incident mentioned in passing: the longer ago, the likelier it is meant."""
REPORTS_APART = ((3, 0.6), (10, -0.3), (30, -1.2), (math.inf, -3.5))
"""Weight of two undated claims, by the days between their publications."""
GAPS = ((0, 2.0, "one sentence"), (200, 1.6, "neighbouring sentences"), (math.inf, 0.8, "one text"))
"""Weight of two claims of one text, by the characters between them."""
FAR_RATIO = 4
"""Numbers further apart than by this factor speak against one incident."""
NEARLY = 0.1
"""Two exact numbers no further apart than by this share of the greater are nearly the same."""
VAGUE = 2
"""``2, null`` stands for any plural and says nothing when it is equal."""

RELATED = {
    "RU": {"RU-PMC", "SY"},
    "RU-PMC": {"RU", "SY"},
    "SY": {"IR-MIL", "HZB", "IR", "RU-PMC", "RU"},
    "IR": {"IR-MIL", "SY", "HZB"},
    "IR-MIL": {"IR", "SY", "HZB"},
    "HZB": {"SY", "IR-MIL", "IR"},
    "OPP": {"IS", "TR"},
    "TR": {"OPP"},
}
"""Forces that sources mix up or that fight side by side; ``ARMED`` is near to every force."""

COMMON = {"SY", "OPP", "IS", "SDF", "IR-MIL", "ARMED"}
"""Forces that lose men on most days; a loss of any other force is rare, and two on one day are mostly one."""

DISPUTED = 0.5
"""What is left of the weight of another cause, role or number where a rare loss is told of one day: a dispute."""


@dataclass(frozen=True)
class Link:
    """The sum of weights for two groups, and the parts it is made of, strongest first."""

    weight: float
    parts: tuple[tuple[float, str], ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks for and against it, in words."""
        return tuple(why for _, why in self.parts)

    @property
    def explanation(self) -> str:
        """Every part with its weight: ``the same day (+2.2); other numbers (-1.0)``."""
        return "; ".join(f"{why} ({weight:+.1f})" if weight else why for weight, why in self.parts)

    @property
    def score(self) -> float:
        """The weight as a share from 0 to 1; a half at the bar."""
        return 1 / (1 + math.exp(BAR - self.weight)) if self.weight > FORBIDDEN else 0.0


def related(force: str) -> frozenset[str]:
    """Return *force* and every force that a claim on the same victims could name instead."""
    return frozenset({force, "ARMED", *RELATED.get(force, ())})


def link(left: Profile, right: Profile) -> Link:
    """Return how likely *left*, a group of the item being decided, and *right* speak of one incident."""
    if any(_apart(a, b) for a, b in product(left.mentions, right.mentions)):
        return Link(FORBIDDEN, ((FORBIDDEN, "told apart in one text"),))
    found = [(w, why) for w, why in _weights(left, right) if w]
    found.sort(key=lambda pair: -abs(pair[0]))
    return Link(sum(w for w, _ in found), tuple(found))


def _weights(left: Profile, right: Profile) -> Iterator[tuple[float, str]]:
    rare = bool((left.forces & right.forces) - COMMON) and bool(left.days & right.days)
    yield _names(left, right)
    yield _types(left, right)
    yield _time(left, right)
    yield _period(left, right)
    yield _place(left, right)
    yield _force(left, right)
    for weight, why in (_roles(left, right), _cause(left, right), _number(left, right)):
        yield (weight * DISPUTED if weight < 0 and rare else weight), why
    yield _text(left, right)
    yield _listing(left, right)
    yield _fame(right)


def _apart(left: Mention, right: Mention) -> bool:
    """Tell whether two claims of one text are two incidents: of one, the text would not say the same twice."""
    a, b = left.claim, right.claim
    if left.names and right.names and a.min == b.min == 1 and not share_name(left.names, right.names):
        return True
    same = (a.force, a.outcome, a.min, a.max, a.stance, a.part) == (b.force, b.outcome, b.min, b.max, b.stance, b.part)
    if not same or left.voice != right.voice or a.part:
        return False
    if left.roles and right.roles and not left.roles & right.roles:
        return True
    return (a.cause, a.date, a.place) == (b.cause, b.date, b.place)


def _names(left: Profile, right: Profile) -> tuple[float, str]:
    if not left.names or not right.names:
        return 0, ""
    if share_name(left.names, right.names):
        return 5, "a victim of the same name"
    single = all((f[2][1] or 99) <= len(p.names) for p in (left, right) for f in p.figures)
    return (-5, "other victims named") if single else (-1, "other names")


def share_name(left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]) -> bool:
    """Say whether a victim of the same name is among both, each name as its sounding parts."""
    return any(same_name(a, b) for a, b in product(left, right))


def _types(left: Profile, right: Profile) -> tuple[float, str]:
    if not left.types or not right.types:
        return 0, ""
    shared = sorted(left.types & right.types)
    return (3, f"the same {shared[0]}") if shared else (-1.5, "another type of aircraft or weapon")


def _roles(left: Profile, right: Profile) -> tuple[float, str]:
    if not left.roles or not right.roles:
        return 0, ""
    shared = sorted(left.roles & right.roles)
    return (1.4, f"{shared[0]} in both") if shared else (-0.8, "other roles")


def _time(left: Profile, right: Profile) -> tuple[float, str]:
    if left.days and right.days:
        return _days(min(abs(a - b).days for a, b in product(left.days, right.days)), left, right)
    if left.days or right.days:
        dated, undated = (left, right) if left.days else (right, left)
        return _lag(min((undated.published[0] - day).days for day in dated.days), undated)
    if left.mentions and right.mentions:
        return 0, ""
    gap = abs(left.published[0] - right.published[1]).days
    return _step(gap, REPORTS_APART), f"reported {gap} days apart"


def _step(value: float, steps: Sequence[tuple[float, float]]) -> float:
    """Return the weight of the first step that *value* does not pass."""
    return next(weight for limit, weight in steps if value <= limit)


def _days(gap: int, left: Profile, right: Profile) -> tuple[float, str]:
    if 1 < gap <= BATTLE_DAYS and _battle(left, right):
        return 0.3, f"the battle of {gap} days"
    return _step(gap, DAYS_APART), f"{gap} days apart" if gap else "the same day"


def _lag(lag: int, undated: Profile) -> tuple[float, str]:
    return _step(lag, BACKGROUND_AFTER if undated.background else DAYS_AFTER), f"reported {lag} days after"


def _battle(left: Profile, right: Profile) -> bool:
    long = max(left, right, key=lambda p: len(p.items))
    return bool(spots_alike(left, right)) and len(long.forces) > 1 and not {"mine", "airstrike"} & long.causes


def _period(left: Profile, right: Profile) -> tuple[float, str]:
    """Hold the month or year that an undated mention names against the day on record."""
    if left.days or not (left.months or left.years) or right.incident is None:
        return 0, ""
    fits = any(_in_period(day, left) for day in right.days or {right.published[0]})
    both = bool(left.months and left.years)
    return (
        (2.6 if both else 2.0 if left.months else 1.0, "the month or year named")
        if fits
        else (-4, "another month or year")
    )


def _in_period(day: date, told: Profile) -> bool:
    latest = told.published[1]
    if told.months and day.month not in told.months:
        return False
    if told.years:
        return day.year in told.years
    return latest - timedelta(days=430) <= day <= latest


def _place(left: Profile, right: Profile) -> tuple[float, str]:
    if spots_alike(left, right):
        return 2.2, "the same place"
    if left.governorates and right.governorates and not left.governorates & right.governorates:
        return -2.2, f"{_some(left.governorates)} against {_some(right.governorates)}"
    if left.spots and right.spots:
        return -0.5, "another place of the governorate" if left.governorates else "another place"
    if left.governorates & right.governorates:
        vague = bool(left.spots or right.spots) and (left.forces & right.forces) <= COMMON
        return (0.6 if vague else 1.2), f"both in {_some(left.governorates & right.governorates)}"
    if not (left.mentions and right.mentions) and (left.forces & right.forces) <= COMMON:
        # a force that loses men on most days loses them in several places a day
        return -0.5, "no place in common"
    return 0, ""


def _cause(left: Profile, right: Profile) -> tuple[float, str]:
    if not left.causes or not right.causes:
        return 0, ""
    shared = sorted(left.causes & right.causes)
    return (0.9, f"{shared[0]} in both") if shared else (-0.9, f"{_some(left.causes)} against {_some(right.causes)}")


def _force(left: Profile, right: Profile) -> tuple[float, str]:
    shared = left.forces & right.forces
    if shared:
        both = 0.5 if len(shared - {"ARMED"}) > 1 else 0.0
        return (0.6 + both if shared <= COMMON else 2.0), f"{_some(shared)} in both"
    if any(b in related(a) or a in related(b) for a, b in product(left.forces, right.forces)):
        return 0.1, "related forces"
    return (-0.3 if left.mentions and right.mentions else -1.2), "other forces"


def _number(left: Profile, right: Profile) -> tuple[float, str]:
    """Weigh numbers: an equal one the more the rarer it is, far apart ones against."""
    ranges = [(a[2], b[2]) for a, b in product(left.figures, right.figures) if a[:2] == b[:2]]
    if equal := max((_rarity(a) for a, b in ranges if a == b), default=0.0):
        return equal, "the same number"
    every = [(a[2], b[2]) for a, b in product(left.figures, right.figures) if a[0] == b[0]]
    if moved := max((_rarity(a) for a, b in every if a == b), default=0.0):
        return 0.6 * moved, "the same number with another outcome"
    if nearly := max((_rarity(a) for a, b in every if _close(a, b)), default=0.0):
        return 0.4 * nearly, "nearly the same number"
    if not ranges:
        return 0, ""
    if any(_overlap(a, b) for a, b in ranges):
        return 0.3, "numbers that agree"
    ratio = min(_ratio(a, b) for a, b in ranges)
    return (-0.3 if ratio <= FAR_RATIO else -1.0, "other numbers")


def _rarity(bounds: Range) -> float:
    low, high = bounds
    known = high or low
    if not known or (high is None and known <= VAGUE):
        return 0.0
    return min(2.2, 0.5 + 0.45 * math.log2(known))


def _close(left: Range, right: Range) -> bool:
    """Say whether two exact numbers differ by a tenth at most: what sources make of one event while it is counted."""
    (a, b), (c, d) = left, right
    exact = a is not None and a == b and c is not None and c == d
    return exact and abs((a or 0) - (c or 0)) <= max(a or 0, c or 0) * NEARLY


def _ratio(left: Range, right: Range) -> float:
    low, high = sorted((left, right), key=lambda r: r[0] or 0)
    return (high[0] or 0) / max(1, low[1] if low[1] is not None else low[0] or 1)


def _overlap(left: Range, right: Range) -> bool:
    (a, b), (c, d) = left, right
    return (a or 0) <= (math.inf if d is None else d) and (c or 0) <= (math.inf if b is None else b)


def _text(left: Profile, right: Profile) -> tuple[float, str]:
    """Claims side by side in one text mostly speak of one incident; so do versions of one item."""
    if left.mentions and right.mentions:
        gap = min(max(a.start, b.start) - min(a.end, b.end) for a, b in product(left.mentions, right.mentions))
        return next((weight, why) for limit, weight, why in GAPS if gap <= limit)
    return (2.0, "an earlier version of the item") if left.items & right.items else (0, "")


def _listing(left: Profile, right: Profile) -> tuple[float, str]:
    """One speaker who names two places, causes or figures in one text lists incidents; two speakers may disagree."""
    pairs = [(a, b) for a, b in product(left.mentions, right.mentions) if not (a.claim.part or b.claim.part)]
    own = [(a, b) for a, b in pairs if a.voice == b.voice]
    apart = [(a, b) for a, b in pairs if _elsewhere(a, b) and (a.voice == b.voice or a.claim.force in COMMON)]
    if apart:
        same = any(a.claim.force == b.claim.force for a, b in apart)
        return (-3.0 if same else -1.8) * _surely(apart), "another place of a list"
    causes = [(a, b) for a, b in own if _caused_apart(a, b)]
    if causes:
        return -3.0 * _surely(causes), "another cause of a list"
    figures = [(a, b) for a, b in own if _figure_apart(a, b)]
    if figures:
        return -3.4 * _surely(figures), "another figure of a list"
    return 0, ""


def _surely(pairs: Sequence[tuple[Mention, Mention]]) -> float:
    """Return how surely two claims of *pairs* were read, of the surest two: a list of misread parts is none."""
    return max(a.claim.confidence * b.claim.confidence for a, b in pairs)


def _caused_apart(left: Mention, right: Mention) -> bool:
    a, b = left.claim.cause, right.claim.cause
    return {a, b}.isdisjoint({None, "other"}) and a != b


def _figure_apart(left: Mention, right: Mention) -> bool:
    a, b = left.claim, right.claim
    return (a.force, a.outcome) == (b.force, b.outcome) and not _overlap((a.min, a.max), (b.min, b.max))


def _elsewhere(left: Mention, right: Mention) -> bool:
    a, b = left.claim, right.claim
    if a.governorate and b.governorate and a.governorate != b.governorate:
        return True
    here, there = spots(a.place, a.governorate), spots(b.place, b.governorate)
    return bool(here and there) and not any(alike(x, y) for x, y in product(here, there))


def _fame(known: Profile) -> tuple[float, str]:
    return (0.15 * math.log2(len(known.items)), "an incident often spoken of") if known.incident else (0, "")


def _some(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))
