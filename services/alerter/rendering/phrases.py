"""The words of a card: ranges, stances, speakers and the standing of an incident, in plain English. Pure."""

from __future__ import annotations

from datetime import datetime

from services.alerter import wording
from services.alerter.rendering.neutral import clean, isolate
from shared.messages import AlertKind, Claim, Dimension, Figure, Incident, Stance, Statement

LABELS: dict[AlertKind, str] = {
    "new": "New incident",
    "conflict": "Conflicting claims",
    "update": "Update",
    "confirmation": "Confirmation",
    "denial": "Denial",
    "correction": "Correction",
}
STANCES: dict[Stance, str] = {
    "confirmed": "confirmed by the victims' own side",
    "reported": "reported",
    "alleged": "alleged, unconfirmed",
    "denied": "denied",
}
DIMENSIONS: dict[Dimension, str] = {"count": "number", "denial": "denial", "cause": "cause", "place": "place"}
STATES = {
    "superseded": "replaced by a later version of the text",
    "withdrawn": "no longer in the text",
    "deleted": "the post was deleted",
}
LANGUAGES = {"en": "English", "ru": "Russian", "ar": "Arabic", "tr": "Turkish", "uk": "Ukrainian", "fa": "Persian"}
KINDS = {"telegram": "Telegram", "rss": ""}
LOW_CONFIDENCE = 0.6
"""A reading below this is marked, so that nobody passes it on unread."""
NAME_LENGTH = 120


def claimed(claim: Claim) -> str:
    """Return what is claimed, in words: ``at least 4 killed, Russian forces (adviser)``."""
    force = wording.force(claim.force)
    who = f"{force} ({name(claim.role)})" if claim.role else force
    return f"{count(claim)}, {who}"


def count(claim: Claim) -> str:
    """Return number and outcome: ``at least 4 killed``, ``no one killed``, ``denied: 4 killed``."""
    if claim.stance != "denied":
        return f"{wording.number(claim.min, claim.max)} {claim.outcome}" + (
            " (part of a larger figure)" if claim.part else ""
        )
    stated = claim.min is not None or claim.max is not None
    return (
        f"denied: {wording.number(claim.min, claim.max)} {claim.outcome}"
        if stated and (claim.max != 0)
        else (f"no one {claim.outcome}")
    )


def scene(claim: Claim) -> str:
    """Return place, day and cause, as far as the text gives them: ``Salma (Latakia), 1 Feb 2016, shelling``."""
    parts = [where(claim), wording.day(claim.date) if claim.date else None]
    cause = wording.cause(claim.cause) if claim.cause else None
    by = f"{cause} by {wording.force(claim.perpetrator)}" if cause and claim.perpetrator else cause
    if not cause and claim.perpetrator:
        by = f"by {wording.force(claim.perpetrator)}"
    return ", ".join(part for part in (*parts, by) if part)


def where(claim: Claim) -> str | None:
    """Return the place with its governorate, if the text names any."""
    if claim.place and claim.governorate and claim.governorate.casefold() not in claim.place.casefold():
        return f"{name(claim.place)} ({claim.governorate})"
    return name(claim.place) if claim.place else claim.governorate


def speaker(statement: Statement) -> str:
    """Return who says so: the party, else the speaker as the text names them, else the outlet itself."""
    claim = statement.claim
    said_by = claim.party or claim.attributed_to
    if not said_by:
        return outlet(statement)
    words = claim.attributed_to
    if claim.party and words and words.casefold() not in claim.party.casefold():
        return f"{name(claim.party)} (“{name(words)}”)"
    return name(said_by)


def relays(statement: Statement) -> str | None:
    """Return through whom the speaker was heard, the outlet last; None when the outlet speaks for itself."""
    claim = statement.claim
    if not (claim.party or claim.attributed_to):
        return f"through {name(claim.relayed_by)}" if claim.relayed_by else None
    chain = [name(claim.relayed_by)] if claim.relayed_by else []
    if not chain or chain[-1].casefold() != name(statement.source.name).casefold():
        chain.append(outlet(statement))
    else:
        chain[-1] = outlet(statement)
    return f"through {' and '.join(chain)}"


def outlet(statement: Statement) -> str:
    """Return the outlet with the kind of its channel: ``Канал-пример (Telegram)``."""
    kind = KINDS[statement.source.kind]
    return name(statement.source.name) + (f" ({kind})" if kind else "")


def published(statement: Statement) -> str:
    """Return when it was published, or seen when the source does not say."""
    if statement.published_at:
        return moment(statement.published_at)
    return f"seen {moment(statement.seen_at)}"


def moment(when: datetime) -> str:
    """Return a moment as analysts write it: ``3 Feb 2016, 09:30 UTC``."""
    return f"{wording.day(when.date())}, {when:%H:%M} UTC"


def doubts(statement: Statement) -> tuple[str, ...]:
    """Return what a reader must know before passing the statement on."""
    found = []
    if statement.claim.confidence < LOW_CONFIDENCE:
        found.append(f"low confidence ({statement.claim.confidence:.0%}): read the quote")
    if statement.claim.reader:
        found.append("read by the second reader, not by the first")
    if statement.review:
        found.append(f"may belong to another incident ({statement.link_score:.0%})")
    if statement.state in STATES:
        found.append(STATES[statement.state])
    return tuple(found)


def figure(one: Figure) -> str:
    """Return one figure of an incident: ``Russian forces: 1 to 4 killed (2 voices)``."""
    told = "denied by some" if one.denied else ""
    heard = ", ".join(part for part in (plural(one.voices, "voice"), told) if part)
    return f"{wording.capital(wording.force(one.force))}: {wording.number(one.min, one.max)} {one.outcome} ({heard})"


def standing(incident: Incident) -> str:
    """Return how many speak of the incident, what is in dispute, and the grade: ``2 independent voices, …``."""
    graded = (f"graded {incident.grade}",) if incident.grade else ()
    voices = plural(incident.voices, "independent voice")
    return ", ".join([voices, plural(incident.conflicts, "open conflict", none="no"), *graded])


def plural(number_of: int, noun: str, *, none: str = "0") -> str:
    """Return a number with its noun: ``1 voice``, ``2 voices``."""
    return f"{number_of or none} {noun}{'' if number_of == 1 else 's'}"


def name(text: str) -> str:
    """Return a name out of a hostile text: harmless, short enough for a line, its direction its own."""
    return isolate(clean(text, NAME_LENGTH))
