"""Pure: which claims of an answer count. Quote, number and speaker must stand in the text; all else is dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from services.classifier.claims.stance import published
from services.classifier.second_reader.answers import ClaimAnswer, Fault, parse_claim
from services.classifier.second_reader.countries import COUNTRIES
from services.classifier.second_reader.numerals import Numeral, numeral
from services.classifier.second_reader.prompt import MOST_CLAIMS
from services.classifier.second_reader.vocabulary import Vocabulary
from shared.messages import Claim, RawItem, Span, TaggedItem, stable_id

FORCES = frozenset({"RU", "RU-PMC", "SY", "TR", "IR", "HZB", "IR-MIL", "SDF", "OPP", "IS", "ARMED"})
FIRST_DAY = date(2011, 3, 1)
"""The war began that month; a claim of an earlier day is a misread one."""
OLD = timedelta(days=30)
"""As the first reader has it: an incident so long past is mentioned in passing."""
SHORTEST = 2
"""Words of a quote: who and what became of them; a bare number would stand in any text."""

Reason = Fault | Literal["quote", "number", "speaker", "repeated", "many"]
"""Why a claim was dropped: shape, unknown value, quote not verbatim, number not in it, speaker unnamed, told before."""


@dataclass(frozen=True)
class Verdict:
    """The claims of an answer that count, and how many were dropped for which reason."""

    accepted: tuple[Claim, ...]
    dropped: Counter[Reason] = field(default_factory=Counter)


@dataclass(frozen=True)
class Judge:
    """Checks the claims of an answer against the document they are about.

    *reader* is who gave the answer, as its claims will say; *confidence* is what they are given; only the first
    *characters* of the document were shown.
    """

    vocabulary: Vocabulary
    reader: str
    confidence: float
    characters: int

    def judge(self, claims: Sequence[Any], tagged: TaggedItem) -> Verdict:
        """Return which of *claims* count as claims of *tagged*."""
        accepted: dict[str, Claim] = {}
        dropped: Counter[Reason] = Counter()
        if len(claims) > MOST_CLAIMS:
            dropped["many"] = len(claims) - MOST_CLAIMS
        for value in claims[:MOST_CLAIMS]:
            found = self._check(value, tagged)
            if not isinstance(found, Claim):
                dropped[found] += 1
            elif found.id in accepted:
                dropped["repeated"] += 1
            else:
                accepted[found.id] = found
        return Verdict(tuple(accepted.values()), dropped)

    def _check(self, value: Any, tagged: TaggedItem) -> Claim | Reason:
        answer = parse_claim(value)
        if not isinstance(answer, ClaimAnswer):
            return answer
        if answer.force not in FORCES | COUNTRIES:
            return "value"
        document = tagged.item.document[: self.characters]
        start = document.find(answer.evidence)
        if start < 0 or len(answer.evidence.split()) < SHORTEST:
            return "quote"
        if answer.attributed_to is not None and answer.attributed_to not in document:
            return "speaker"
        number = self._number(answer, tagged)
        if number is None:
            return "number"
        return self._claim(answer, tagged, start, number)

    def _number(self, answer: ClaimAnswer, tagged: TaggedItem) -> Numeral | None:
        """Return the numeral the claim rests on. A denial may do without, a list of names is its own number."""
        reading = self.vocabulary.read(answer.evidence, tagged.lang, tagged.item.when)
        found = numeral(answer.evidence, answer.min, answer.max, reading)
        if found is not None:
            return found
        names = [name for name in set(answer.names) if name in answer.evidence]
        if names and len(names) == answer.min == answer.max:
            start = min(answer.evidence.index(name) for name in names)
            end = max(answer.evidence.index(name) + len(name) for name in names)
            return Numeral(answer.min, answer.max, start, end)
        return Numeral(None, None, 0, len(answer.evidence)) if answer.stance == "denied" else None

    def _claim(self, answer: ClaimAnswer, tagged: TaggedItem, start: int, number: Numeral) -> Claim:
        item = tagged.item
        document = item.document[: self.characters]
        owner = self.vocabulary.publisher(item.source.name) if answer.attributed_to is None else None
        place, governorate = (None, None) if answer.total else self._place(answer, tagged, document)
        day = None if answer.total else _day(answer, item, document)
        evidence = answer.evidence
        spans = [("count", start + number.start, start + number.end)]
        details = (("place", answer.place if place else None), ("date", answer.date_words if day else None))
        for name, words in (*details, ("speaker", answer.attributed_to)):
            if words and (at := _nearest(document, words, start)) >= 0:
                spans.append((name, at, at + len(words)))
        told = (answer.outcome, answer.force, number.low, number.high, answer.stance, answer.attributed_to, start)
        return Claim(
            id=stable_id("claim", item.id, "second", *(str(part) for part in told)),
            outcome=answer.outcome,
            min=number.low,
            max=number.high,
            force=answer.force,
            part=answer.part,
            total=answer.total,
            background=day is not None and item.when.date() - day > OLD,
            place=place,
            governorate=governorate,
            date=day,
            cause=answer.cause,
            stance=published(answer.stance, owner, answer.force),
            attributed_to=answer.attributed_to,
            party=owner.name if owner else self._party(answer, tagged),
            names=tuple(dict.fromkeys(name for name in answer.names if name in document)),
            evidence=evidence,
            start=start,
            end=start + len(evidence),
            confidence=self.confidence,
            spans=tuple(Span(field=name, start=low, end=high, rule=self.reader) for name, low, high in spans),
            reader=self.reader,
        )

    def _place(self, answer: ClaimAnswer, tagged: TaggedItem, document: str) -> tuple[str | None, Any]:
        """Return the place in English and its governorate; the gazetteer knows better than the answer."""
        if answer.place is None or answer.place not in document:
            return None, None
        known = self.vocabulary.place(answer.place, tagged.lang, tagged.item.when)
        if known is not None:
            return known.name, known.governorate
        return (answer.place if answer.place.isascii() else None), answer.governorate

    def _party(self, answer: ClaimAnswer, tagged: TaggedItem) -> str | None:
        if answer.attributed_to is None:
            return None
        party = self.vocabulary.party(answer.attributed_to, tagged.lang, tagged.item.when)
        return party.name if party else answer.attributed_to


def _day(answer: ClaimAnswer, item: RawItem, document: str) -> date | None:
    """Return the day, if the text says so in words and it lies between the war's beginning and the publication."""
    if answer.date is None or answer.date_words is None or answer.date_words not in document:
        return None
    try:
        day = date.fromisoformat(answer.date)
    except ValueError:
        return None
    # Publication is in UTC: where it was printed, the next day may have begun.
    return day if FIRST_DAY <= day <= item.when.date() + timedelta(days=1) else None


def _nearest(document: str, words: str, start: int) -> int:
    """Return where *words* stand in *document*: in the quote or behind it, else before it."""
    at = document.find(words, start)
    return at if at >= 0 else document.rfind(words, 0, start)
