"""What is wrong with a source, and what of it is worth telling the operator. Pure.

::

    records of all sources ─▶ diagnose, one by one ─▶ storm? ─▶ compared with what was told ─▶ notices: raised, over
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from services.collector.rhythm import Learned, Rhythm
from services.collector.settings import HealthSettings
from services.collector.vitals import Vitals

ProblemKind = Literal[
    "silent", "failing", "not-a-feed", "blocked", "challenged", "gone", "revoked", "network", "canary"
]  # fmt: skip

RANKS: Mapping[ProblemKind, int] = {
    "silent": 0, "failing": 1, "not-a-feed": 1, "blocked": 2, "challenged": 2, "gone": 3, "revoked": 4, "network": 5,
    "canary": 5,
}  # fmt: skip
"""Of one source the gravest problem is told; one that becomes less grave is not told anew."""
NETWORK, PIPELINE, SESSION = ":network", ":pipeline", ":session"
"""Subjects that are no source; no source's id begins with a colon."""
STORM_LEAST, STORM_SHARE, STORM_OVER = 3, 0.9, 0.5
"""So many sources, and such a share of all, failing at once are one problem: ours. It is over below the last share."""

_LEARNED = Learned()


@dataclass(frozen=True)
class Record:
    """What is known of one source; the times are those of its looks.

    ``own`` is one that this collector reads; the others are read, and spoken of, by another one on the same database.
    """

    source: str
    name: str
    vitals: Vitals = field(default_factory=Vitals)
    failures: int = 0
    last_look_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_error: str | None = None
    own: bool = True

    @property
    def rhythm(self) -> Rhythm | None:
        """What is usual for it; None while too little is known."""
        return _LEARNED.of(self.source, self.vitals.arrivals)

    @property
    def failing(self) -> bool:
        """Whether the last look failed."""
        return self.failures > 0


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, since when, and in words: what, and what to do about it."""

    subject: str
    kind: ProblemKind
    since: datetime
    headline: str
    summary: str
    fix: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """A problem that was raised and is not over."""

    subject: str
    kind: ProblemKind
    since: datetime


@dataclass(frozen=True)
class Findings:
    """What a round found: problems to raise, and those that are over."""

    raised: tuple[Problem, ...] = ()
    over: tuple[Told, ...] = ()


def overdue_at(record: Record) -> datetime | None:
    """Return from when on the source's silence is unusual; None while its rhythm is not known."""
    rhythm, heard = record.rhythm, record.vitals.heard_at
    return rhythm.overdue_at(heard) if rhythm and heard else None


def silent_since(record: Record) -> datetime | None:
    """Return since when a source that answers has been silent beyond its rhythm; None when it is not.

    Judged at its last look that worked: while nobody looks, nobody can say.
    """
    due, looked = overdue_at(record), record.last_ok_at
    return record.vitals.heard_at if due and looked and looked >= due and not record.failing else None


def diagnose(record: Record, health: HealthSettings, calm_since: datetime | None = None) -> Problem | None:
    """Return what is wrong with one source, if it is worth telling.

    A failure that was seen before *calm_since*, when the network came back, says nothing of the source.
    """
    vitals = record.vitals
    if not record.failing:
        return _silence(record)
    trouble, since, looked = vitals.trouble, vitals.troubled_since, record.last_look_at
    if trouble is None or since is None or looked is None or (calm_since and looked <= calm_since):
        return None
    patience = {
        "failing": health.failing_after,
        "not-a-feed": health.failing_after,
        "blocked": health.blocked_after,
        "challenged": health.blocked_after,
    }.get(trouble, 0.0)
    if looked - since < timedelta(seconds=patience):
        return None
    headline, fix = _TROUBLES[trouble]
    return Problem(
        record.source,
        trouble,
        since,
        f"{record.name}: {headline}",
        record.last_error or "",
        fix,
        (record.source,),
    )


def find_storm(records: Sequence[Record], health: HealthSettings, now: datetime) -> Problem | None:
    """Return the one problem that explains why (nearly) every source fails at once; None when none does."""
    looked = [record for record in records if record.last_look_at]
    failing = [record for record in looked if record.failing]
    if len(failing) < max(STORM_LEAST, STORM_SHARE * len(looked)):
        return None
    since = sorted(filter(None, (record.vitals.troubled_since for record in failing)))
    if not since:
        return None
    begun = since[len(since) // 2]
    if now - begun < timedelta(seconds=health.storm_after):
        return None
    return Problem(
        NETWORK,
        "network",
        begun,
        f"{len(failing)} of {len(looked)} sources fail at once",
        f"For example: {failing[0].last_error or 'no answer'}",
        "See to this machine's network, name server and clock, and whether a portal or a firewall stands between; the "
        "sources are read again by themselves",
        tuple(record.source for record in failing),
    )


def find_end(records: Iterable[Record]) -> Problem | None:
    """Return the end of the account's session, which all its channels report; None while none does."""
    found = [record for record in records if record.failing and record.vitals.trouble == "revoked"]
    begun = min(filter(None, (record.vitals.troubled_since for record in found)), default=None)
    if begun is None:
        return None
    headline, fix = _TROUBLES["revoked"]
    told = tuple(record.source for record in found)
    return Problem(SESSION, "revoked", begun, headline, found[0].last_error or "", fix, told)


def stormy(records: Sequence[Record]) -> bool:
    """Whether a storm that was told still goes on."""
    looked = [record for record in records if record.last_look_at]
    failing = sum(record.failing for record in looked)
    return bool(looked) and failing >= STORM_OVER * len(looked)


def compare(
    records: Sequence[Record],
    told: Iterable[Told],
    now: datetime,
    health: HealthSettings,
    *,
    calm_since: datetime | None = None,
    pipeline: Problem | None = None,
    canaries: bool = True,
) -> Findings:
    """Return what is to be told, given what was *told* before and is not over.

    *calm_since* is when the last storm was over, *pipeline* what the canary found; without *canaries* nobody here can
    say that it is well. What concerns all sources is judged by all *records*, so that collectors with different lists
    say the same; of single sources only the own ones are spoken of.
    """
    open_ = {one.subject: one for one in told}
    known_storm, known_jam = open_.pop(NETWORK, None), open_.pop(PIPELINE, None)
    raised = [pipeline] if pipeline and not known_jam else []
    over = [known_jam] if known_jam and canaries and not pipeline else []
    if known_storm:
        # Until something is seen after it, nothing is said of single sources.
        return Findings(tuple(raised), tuple(over) if stormy(records) else (*over, known_storm))
    if storm := find_storm(records, health, now):
        return Findings((*raised, storm), tuple(over))
    known_end, ended = open_.pop(SESSION, None), find_end(records)
    raised += [ended] if ended and not known_end else []
    over += [known_end] if known_end and not ended else []
    for record in records:
        problem, known = diagnose(record, health, calm_since), open_.pop(record.source, None)
        if not record.own:
            continue
        if problem and problem.kind == "revoked":
            problem = None  # one session, one message
        if problem and (known is None or RANKS[problem.kind] > RANKS[known.kind]):
            raised.append(problem)
        elif known and not problem and _is_well(record):
            over.append(known)
    return Findings(tuple(raised), (*over, *open_.values()))  # the rest is no longer watched


def _is_well(record: Record) -> bool:
    return not record.failing and silent_since(record) is None


def _silence(record: Record) -> Problem | None:
    since, rhythm = silent_since(record), record.rhythm
    if since is None or rhythm is None:
        return None
    return Problem(
        record.source,
        "silent",
        since,
        f"{record.name}: silent for longer than it ever is",
        f"It answers, but has shown nothing new since {since:%d %b %Y, %H:%M} UTC; usually something comes every "
        f"{in_words(rhythm.gap)}.",
        "Open it in a browser: a feed that moved often goes on answering with old items. If it is right, do nothing",
        (record.source,),
    )


_TROUBLES: Mapping[str, tuple[str, str]] = {
    "failing": ("cannot be read", "If its site works in a browser, look for a new address; it is tried on and on"),
    "blocked": (
        "refuses us",
        "Ask the publisher for access, or set collector.contact so that they can write before they block",
    ),
    "not-a-feed": ("shows something else than a feed", "Look for its new address; it is tried on and on"),
    "challenged": (
        "asks whether we are a person",
        "Ask the publisher to let claimwatch in, or set collector.contact so that they can write",
    ),
    "gone": ("is gone for good", "Find its new address with: claimwatch sources add ADDRESS"),
    "revoked": ("Telegram ended our session", "Log in again with: claimwatch telegram-login"),
}


def in_words(span: timedelta) -> str:
    """Return a span as people say it: ``20 min``, ``5 h``, ``3 days``."""
    minutes = span.total_seconds() / 60
    if minutes < 90:  # noqa: PLR2004 - an hour and a half
        return f"{minutes:.0f} min"
    hours = minutes / 60
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"  # noqa: PLR2004 - two days
