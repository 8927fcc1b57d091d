"""What each voice says of an incident, whose voice it is, and how credible what it says is. Nothing is averaged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.alerter import comparison
from services.alerter.parties import Register, register
from shared.messages import Account, PartyKind, Reliability, Statement

BEST: tuple[Reliability, ...] = ("A", "B", "C", "D", "E", "F")
KINDS: tuple[PartyKind, ...] = ("own side", "opposing side", "monitor", "media", "anonymous")
CONFIRMING = 2
"""Other independent voices that make an information "confirmed by other sources" (NATO STANAG 2511, grade 1)."""


def standing(statements: Iterable[Statement]) -> list[Statement]:
    """Return the statements nobody took back, changed or deleted."""
    return [s for s in statements if s.state == "standing"]


def latest(statements: Iterable[Statement]) -> list[Statement]:
    """Return, of statements on one force and outcome, those that no later item of the same voice revised."""
    by_voice: dict[str, list[Statement]] = defaultdict(list)
    for statement in statements:
        by_voice[statement.voice].append(statement)
    return [kept for said in by_voice.values() for kept in _unrevised(said)]


def by_subject(statements: Iterable[Statement]) -> dict[tuple[str, str], list[Statement]]:
    """Return *statements* by force and outcome, in the order in which each was first spoken of."""
    grouped: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    for statement in statements:
        grouped[statement.claim.force, statement.claim.outcome].append(statement)
    return grouped


def kind(statement: Statement, known: Register | None = None) -> PartyKind:
    """Return whose voice *statement* is, seen from its victims; a speaker nobody knows counts as media."""
    parties = known or register()
    claim = statement.claim
    party = parties.parties.get(statement.voice)
    if party is None and parties.is_anonymous(claim.party or claim.attributed_to or ""):
        return "anonymous"
    party = party or parties.parties.get(parties.find(statement.voice, None) or "")
    if party is None:
        return "media"
    if party.kind == "monitor":
        return "monitor"
    if party.kind != "belligerent" or party.side is None:
        return "media"
    own = claim.stance == "confirmed" or parties.allied(party.side, claim.force)
    return "own side" if own else "opposing side"


@dataclass(frozen=True)
class _Said:
    """One voice's last word on one force and outcome."""

    statement: Statement
    kind: PartyKind
    reliability: Reliability

    @property
    def denied(self) -> bool:
        return self.statement.claim.stance == "denied"

    @property
    def solid(self) -> bool:
        """Whether it can support or contradict others: hearsay and unnamed sources cannot."""
        return self.kind != "anonymous" and self.statement.claim.stance != "alleged"


def accounts(statements: Sequence[Statement], known: Register | None = None) -> list[Account]:
    """Return what every voice of *statements* (those that tell) last says of each force and outcome."""
    parties = known or register()
    found: list[Account] = []
    for said in by_subject(statements).values():
        words = [_last(own, parties) for own in _by_voice(said)]
        found += [_account(word, [other for other in words if other is not word]) for word in words]
    return found


def _by_voice(said: Iterable[Statement]) -> list[list[Statement]]:
    voices: dict[str, list[Statement]] = defaultdict(list)
    for statement in said:
        voices[statement.voice].append(statement)
    return list(voices.values())


def _last(own: Sequence[Statement], parties: Register) -> _Said:
    """Return a voice's last word: of one item the whole figure before its parts, an assertion before a denial."""
    kept = max(_unrevised(own), key=lambda s: (not s.claim.part, s.claim.stance != "denied"))
    return _Said(kept, kind(kept, parties), _reliability(kept, own, parties))


def _reliability(kept: Statement, own: Sequence[Statement], parties: Register) -> Reliability:
    """Return the grade configured for the speaker, else the best of the sources it was heard through."""
    party = parties.parties.get(kept.voice)
    if party and party.reliability:
        return party.reliability
    return min((s.source.reliability or "F" for s in own), key=BEST.index)


def _account(word: _Said, others: Sequence[_Said]) -> Account:
    credibility, reason = _credibility(word, others)
    claim = word.statement.claim
    return Account(
        voice=word.statement.voice,
        kind=word.kind,
        force=claim.force,
        outcome=claim.outcome,
        min=claim.min,
        max=claim.max,
        denied=word.denied,
        claim=claim.id,
        reliability=word.reliability,
        credibility=credibility,
        reason=reason,
    )


def _credibility(word: _Said, others: Sequence[_Said]) -> tuple[int, str]:
    """Return the grade of the information after STANAG 2511, from 1 to 6, and why in one sentence."""
    agreeing = sum(other.solid and _agree(word, other) for other in others)
    against = sum(other.solid and not _agree(word, other) for other in others)
    admitted = word.kind == "own side" and word.statement.claim.stance == "confirmed"
    if against:
        return _disputed(agreeing, against)
    if agreeing >= CONFIRMING or (agreeing and admitted):
        return 1, f"Confirmed by {_voices(agreeing)} and contradicted by none."
    if agreeing:
        return 2, "One other independent voice agrees, none contradicts."
    if admitted:
        return 2, "Admitted by the side that suffered the loss; nobody else has confirmed it."
    if not word.solid:
        return 6, "Hearsay or an unnamed source, and nobody else supports it."
    return 3, "One voice only; nobody confirms or contradicts it."


def _disputed(agreeing: int, against: int) -> tuple[int, str]:
    reason = f"Supported by {_voices(agreeing)}, contradicted by {_voices(against)}."
    if agreeing >= against:
        return 3, reason
    return (5 if agreeing == 0 and against >= CONFIRMING else 4), reason


def _agree(one: _Said, other: _Said) -> bool:
    if one.denied or other.denied:
        return one.denied == other.denied
    parts = one.statement.claim.part or other.statement.claim.part
    return parts or comparison.overlap(one.statement, other.statement)


def _voices(number: int) -> str:
    if number == 0:
        return "nobody"
    return f"{number} other independent voice{'s' if number > 1 else ''}"


def _unrevised(said: Sequence[Statement]) -> list[Statement]:
    last = max(said, key=_when)
    return [s for s in said if s.item == last.item]


def _when(statement: Statement) -> datetime:
    return statement.published_at or statement.seen_at
