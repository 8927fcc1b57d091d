"""The topics there should be, and how those that are differ from them; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.topics import DLQ_KEPT, DLQ_PARTITIONS, Topic


@dataclass(frozen=True)
class TopicPlan:
    """A topic as it should be in the log, dead-letter topics included."""

    name: str
    partitions: int
    kept: timedelta | None
    compacted: bool


@dataclass(frozen=True)
class Drift:
    """A topic that is there but not as planned: *what* is ``partitions``, ``kept`` or ``compacted``."""

    topic: str
    what: str
    planned: str
    found: str


@dataclass(frozen=True)
class TopicReport:
    """What ``create_topics`` made, what was there already, and what of that differs from the plan."""

    created: tuple[str, ...] = ()
    existing: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()


def planned(topics: Sequence[Topic]) -> list[TopicPlan]:
    """Return every topic to have: the given ones and their dead-letter topics."""
    own = [TopicPlan(topic.name, topic.partitions, topic.kept, topic.compacted) for topic in topics]
    letters = [TopicPlan(topic.dead_letters, DLQ_PARTITIONS, DLQ_KEPT, compacted=False) for topic in topics]
    return own + letters


def compare(plan: TopicPlan, found: TopicPlan) -> list[Drift]:
    """Return how the topic that was *found* differs from its *plan*."""
    pairs = [
        ("partitions", str(plan.partitions), str(found.partitions)),
        ("kept", _kept(plan), _kept(found)),
        ("compacted", str(plan.compacted).lower(), str(found.compacted).lower()),
    ]
    return [Drift(plan.name, what, ours, theirs) for what, ours, theirs in pairs if ours != theirs]


def report(plans: Sequence[TopicPlan], found: Mapping[str, TopicPlan]) -> TopicReport:
    """Return what is missing of *plans* (as created), what exists, and how that differs."""
    missing = tuple(plan.name for plan in plans if plan.name not in found)
    existing = tuple(plan.name for plan in plans if plan.name in found)
    drift = [drift for plan in plans if plan.name in found for drift in compare(plan, found[plan.name])]
    return TopicReport(missing, existing, tuple(drift))


def _kept(plan: TopicPlan) -> str:
    if plan.compacted or plan.kept is None:
        return "for ever"
    return f"{plan.kept.total_seconds() / 86400:g} days"
