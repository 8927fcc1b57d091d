"""How the servers of a simulated week were treated, from their log: courtesy, validators, how many looks and when."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from statistics import median

from services.collector.following import READ_EVERY
from services.collector.schedule import JITTER
from tests.support.simulation.away import troubled
from tests.support.simulation.outlets import Activation, Outlet
from tests.support.simulation.schedule import fewest_looks
from tests.support.simulation.site import Exchange
from tests.support.simulation.verdict import Example, Verdict
from tests.support.simulation.week import LONGEST_AWAY, Week

NEAR = 0.5
"""Seconds between two arrivals at one host: a second lies between their starts, and the first may be held up."""
LATE = 60.0
"""Simulated seconds that telling an incident may take on its way: it is told in our time, and the clock jumps on."""
HELD_UP = 15.0
"""Seconds that a look may take, or wait for its turn at a host."""


def judge_manners(week: Week, verdict: Verdict) -> None:
    """Add to *verdict* what the servers' log says."""
    _judge_courtesy(week, verdict)
    _judge_validators(week, verdict)
    _judge_activity(week, verdict)


def _judge_courtesy(week: Week, verdict: Verdict) -> None:
    shut: dict[str, float] = {}
    before: dict[str, Exchange] = {}
    for one in week.exchanges:
        if one.at < shut.get(one.host, 0.0) - 1.0:
            verdict.faults["asked before Retry-After"].append(Example(one.source, one.host, one.at))
        if one.beside:
            verdict.faults["two at once to a host that allows one"].append(Example(one.source, one.host, one.at))
        last = before.get(one.host)
        near = last is not None and last.life == one.life and one.at - last.at < NEAR
        if near and not any(since <= one.at and one.at - 2 * NEAR < until for since, until in week.stalls):
            verdict.faults["two within half a second at one host"].append(Example(one.source, one.host, one.at))
        before[one.host] = one
        if one.shut:
            shut[one.host] = max(one.shut, shut.get(one.host, 0.0))
    verdict.figures["times asked to wait"] = sum(one.shut is not None for one in week.exchanges)


def _judge_validators(week: Week, verdict: Verdict) -> None:
    outlets = {one.name: one for one in week.world.outlets if one.validators in ("both", "etag", "date")}
    had: dict[str, int] = {}
    counts: Counter[int] = Counter()
    for one in week.exchanges:
        if one.trouble or one.source not in outlets or not one.whole:
            continue
        phase = outlets[one.source].phase(one.at)
        if had.get(one.source) == phase:
            counts[one.status] += 1
        had[one.source] = phase
    verdict.figures["unchanged answered by 304"] = counts[304] / max(1, counts.total())


def judge_requests(week: Week, verdict: Verdict) -> None:
    """Add to *verdict* how many looks there were for each that the schedule needs at least."""
    made = Counter(one.source for one in week.exchanges if not one.older)
    sources = week.world.sources
    fewest = sum(fewest_looks(one, week.world, week.lived, week.activations) for one in sources)
    verdict.figures["looks against the schedule's fewest"] = sum(made[one.name] for one in sources) / fewest


def _judge_activity(week: Week, verdict: Verdict) -> None:
    """Find active feeds that did not come to their floor within one of their former intervals, or did not stay there.

    Left out are those whose server, or the collector, was away meanwhile.
    """
    outlets = {one.name: one for one in week.world.outlets}
    looks: defaultdict[str, list[float]] = defaultdict(list)
    for one in week.exchanges:
        looks[one.source].append(one.at)
    shares = []
    for active in week.activations:
        outlet, end = outlets[active.source], min(active.until, week.lived)
        before = [at for at in looks[active.source] if at < active.at]
        disturbed = any(since < end and active.at < until for since, until in _disturbances(outlet, week))
        if len(before) < 2 or disturbed or end < active.at + _allowed(outlet, before):
            continue
        found = [at for at in looks[active.source] if active.at <= at < end]
        if why := _dawdled(active, outlet, before, [*found, end]):
            verdict.faults["active source not at its floor within one interval"].append(
                Example(active.source, f"active until {active.until:.0f}", active.at, why)
            )
        if found:
            shares.append((found[0] - active.at) / outlet.interval)
    verdict.figures |= {
        "active sources watched": len(shares),
        "active sources, median to the next look in intervals": median(shares) if shares else 0.0,
        "active sources, slowest to the next look in intervals": max(shares, default=0.0),
    }


def _disturbances(outlet: Outlet, week: Week) -> list[tuple[float, float]]:
    """Return the stretches in which *outlet* need not be looked at at its floor."""
    gone = LONGEST_AWAY / week.world.pace
    return [*troubled(outlet, week), *((kill, kill + gone) for kill in week.kills)]


def _allowed(outlet: Outlet, before: list[float]) -> float:
    """Return within what time of an activation a look is due: the former interval, or the floor if that is longer."""
    former = min(before[-1] - before[-2], outlet.interval * (1 + JITTER))
    return max(former, outlet.floor * (1 + JITTER)) + READ_EVERY + LATE


def _dawdled(active: Activation, outlet: Outlet, before: list[float], looks: list[float]) -> str:
    """Return what was too slow, or nothing; the last of *looks* is the end of what is watched, not a look."""
    if looks[0] - active.at > (allowed := _allowed(outlet, before)):
        return f"looked at after {looks[0] - active.at:.0f} s, not within {allowed:.0f}"
    longest = max((later - one for one, later in pairwise(looks)), default=0.0)
    if longest > outlet.floor * (1 + JITTER) + HELD_UP:
        return f"{longest:.0f} s between two looks; the floor is {outlet.floor:.0f}"
    return ""
