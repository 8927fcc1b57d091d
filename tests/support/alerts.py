"""Alerts for tests of channels: one that analysts expect, one that means harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from services.alerter.channels import Delivery, Telling
from shared.messages import Alert, AlertKind, Claim, Conflict, Figure, Incident, SourceRef, Statement, stable_id
from shared.notices import Notice

NOW = datetime(2016, 2, 3, 9, 31, tzinfo=UTC)
RUSSIAN = "По данным оппозиции, в провинции Латакия погибли четыре российских генерала"
ENGLISH = "A Russian military adviser died on 1 February when a mortar round hit a training centre, the ministry said"
ARABIC = "قُتل أربعة جنود روس على الأقل في ريف اللاذقية"
HOSTILE = (
    "<!channel> <@U0000001> <script>alert(1)</script> *bold* [red]rich[/red] {{ 7*7 }}"
    "\r\nBcc: victim@example.org\r\n\r\n.\r\n\x1b[31mred\x1b]0;title\x07 \x9b2J \u202egnp.exe\u2066 \x00nul \u2028line"
)
HUGE = HOSTILE + "quote " * 17_000


def statement(
    evidence: str = ENGLISH, *, number: int = 1, voice: str = "Russian Defence Ministry", **fields: Any
) -> Statement:
    """Return a statement that *number* Russians were killed, in the words of *evidence*."""
    source = fields.pop("source", SourceRef(id="example", name="Example Agency", kind="rss", language="en"))
    url = fields.pop("url", "https://news.example/2016/02/adviser")
    state = fields.pop("state", "standing")
    link = {key: fields.pop(key) for key in ("link_score", "link_reason", "review") if key in fields}
    claim = {
        "id": stable_id("claim", evidence[:50], str(number)),
        "outcome": "killed",
        "min": number,
        "max": number,
        "force": "RU",
        "place": "Salma",
        "governorate": "Latakia",
        "date": date(2016, 2, 1),
        "cause": "mortar",
        "stance": "reported",
        "attributed_to": voice,
        "party": voice,
        "evidence": evidence,
        "start": 0,
        "end": len(evidence),
        **fields,
    }
    return Statement(
        claim=Claim(**claim),
        item="item",
        version="version",
        source=source,
        url=url,
        published_at=datetime(2016, 2, 3, 9, 30, tzinfo=UTC),
        seen_at=NOW,
        voice=voice,
        state=state,
        **link,
    )


def incident(*statements: Statement, revision: int = 1, name: str = "incident", **fields: Any) -> Incident:
    """Return an incident in which *statements* stand."""
    numbers = [one.claim.max or 0 for one in statements] or [1]
    figure = Figure(force="RU", outcome="killed", min=min(numbers), max=max(numbers), voices=len(statements) or 1)
    told = {
        "headline": f"Russian forces, Latakia, 1 Feb 2016: {max(numbers)} killed",
        "governorate": "Latakia",
        "figures": (figure,),
        "voices": len(statements),
        "first_seen_at": NOW,
        "last_seen_at": NOW,
        **fields,
    }
    return Incident(id=stable_id(name), revision=revision, statements=statements, **told)


def alert(
    *statements: Statement,
    kind: AlertKind = "new",
    about: Incident | None = None,
    conflicts: tuple[Conflict, ...] = (),
    **fields: Any,
) -> Alert:
    """Return an alert caused by *statements*."""
    of = about or incident(*statements)
    told = {"headline": of.headline, "summary": "Russian Defence Ministry: 1 killed.", "created_at": NOW, **fields}
    identity = stable_id("alert", kind, of.id, *(one.claim.id for one in statements))
    return Alert(
        id=identity,
        kind=kind,
        incident=of.id,
        statements=statements,
        conflicts=conflicts,
        figures=of.figures,
        item="item",
        **told,
    )


def delivery(of: Alert, about: Incident, *, subscription: str = "analysts", **fields: Any) -> Delivery:
    """Return the delivery of an alert to *subscription*."""
    return replace(Delivery(stable_id("delivery", of.id, subscription), subscription, of, about), **fields)


def ordinary(kind: AlertKind = "new", **fields: Any) -> Delivery:
    """Return a delivery as it comes every day."""
    one = statement()
    about = incident(one)
    return delivery(alert(one, kind=kind, about=about), about, **fields)


def conflict(**fields: Any) -> Delivery:
    """Return the delivery of a conflict: a ministry's one adviser against four generals."""
    channel = SourceRef(id="kanal", name="Канал-пример", kind="telegram", language="ru")
    left = statement(
        RUSSIAN, number=4, voice="Syrian opposition", source=channel, url="https://t.me/example/77", role="general"
    )
    right = statement(stance="confirmed", role="adviser")
    headline = "Russian forces, Latakia, 1 Feb 2016: 1 to 4 killed"
    about = incident(left, right, revision=2, conflicts=1, headline=headline)
    reason = "Russian forces: Syrian opposition: 4 killed; Russian Defence Ministry: 1 killed."
    dispute = Conflict(dimension="count", force="RU", outcome="killed", left=left, right=right, reason=reason)
    return delivery(alert(right, kind="conflict", about=about, conflicts=(dispute,), summary=reason), about, **fields)


def telling(subscription: str = "operators", **fields: Any) -> Telling:
    """Return a notice of a silent source on its way to *subscription*; *fields* are the notice's, or the telling's."""
    way = {key: fields.pop(key) for key in ("thread", "attempt", "ambiguous") if key in fields}
    told = {
        "id": stable_id("notice", "silent", "sana-en"),
        "kind": "source-health",
        "state": "raised",
        "subject": "sana-en",
        "headline": "SANA (English): silent for longer than it ever is",
        "summary": "It answers, but has shown nothing new since 02 Feb 2016, 12:00 UTC.",
        "fix": "Open it in a browser",
        "since": datetime(2016, 2, 2, 12, tzinfo=UTC),
        "at": NOW,
        "sources": ("sana-en",),
        **fields,
    }
    notice = Notice.model_validate(told)
    return Telling(stable_id(notice.id, subscription), subscription, notice, **way)


def hostile(**fields: Any) -> Delivery:
    """Return a delivery that carries harm in every text that comes from outside."""
    source = SourceRef(id="evil", name=HOSTILE, kind="telegram", language="xx\r\ny")
    one = statement(
        HUGE, voice=HOSTILE, source=source, url='https://evil.example/\r\nX: 1?<!here>|x"><script>', place=HOSTILE,
        role=HOSTILE, names=(HOSTILE,) * 9, relayed_by=HOSTILE,
    )  # fmt: skip
    about = incident(*[one] * 3, headline=HOSTILE, place=HOSTILE)
    dispute = Conflict(dimension="place", force="RU", outcome="killed", left=one, right=one, reason=HUGE)
    harmful = alert(*[one] * 9, kind="conflict", about=about, conflicts=(dispute,) * 9, summary=HUGE, headline=HOSTILE)
    return delivery(harmful, about, **fields)
