"""Pure: how many. The range a figure states: what kind it is, and the number in its words (the guidelines' table)."""

from __future__ import annotations

from services.classifier.claims.choices import best
from services.classifier.claims.companions import summed, with_companions
from services.classifier.claims.figures import Figure
from services.classifier.claims.numbers import Count, bounded, counts, plain_numbers
from services.classifier.claims.outcomes import nearest_outcome
from services.classifier.reading import Reading

Range = tuple[int | None, int | None]
PLURAL: Range = (2, None)
VAGUE: dict[str, Range] = {
    "few": PLURAL,
    "dozens": (24, None),
    "tens": (20, None),
    "scores": (40, None),
    "hundreds": (200, None),
    "none": (None, None),
}
HEDGES = {
    "exact": "",
    "at-least": "atleast",
    "more-than": "morethan",
    "up-to": "upto",
    "nearly": "nearly",
    "about": "about",
}
"""Kinds of range by the hedge that the number table knows."""
SURE = 0.85
"""From where the network's number is believed over the one read from the words: "one of the three"."""
LARGE = {24: "dozens", 20: "tens", 40: "scores", 200: "hundreds"}
"""Words for a number left open that each language tells apart: десятки are tens, дюжины dozens."""
SPOKEN = {"atleast": "at-least", "morethan": "more-than", "nearly": "nearly", "lessthan": "up-to"}
"""Hedges that mean what they say wherever they stand at a number: over all labelled passages "at least" is right in 95
of 100, "more than" in 92, "nearly" and "less than" always; "about" and "up to", less sure, are the network's."""


def range_of(reading: Reading, figure: Figure) -> tuple[Range, str, float]:
    """Return the range, the rule that gave it, and how likely it is."""
    kind, chance = best(figure, "range")
    told = _kind_in_words(reading, figure, kind)
    if told:
        kind, chance = told, max(chance, SURE)
    if kind in VAGUE:
        return VAGUE[kind], f"a number left open ({kind})", chance
    numbers = plain_numbers(reading, figure.first, figure.last)
    if kind == "between" and len(numbers) > 1:
        return (min(numbers), max(numbers)), "from one number to another", chance
    value, sure = best(figure, "value")
    number, rule = _number(numbers, int(value), sure)
    together = with_companions(reading, figure.first, figure.last) or summed(reading, figure.first, figure.last)
    if together is not None:
        number, rule, sure = together, "ones and others counted together", max(sure, SURE)
    if number is None:
        return ((1, 1), "one, as no number is said", chance) if kind == "exact" else (PLURAL, "a plural", chance / 2)
    return (
        bounded(number, HEDGES.get(kind, "")),
        rule if kind == "exact" else f"{rule}, {kind}",
        min(chance, _doubt(numbers, sure)),
    )


def _kind_in_words(reading: Reading, figure: Figure, kind: str) -> str | None:
    """Return the kind of range that the words beside the figure decide whatever the network thinks (*kind*), if any.

    The guidelines: "neutralised" counts killed, wounded and captured together, so that many at most were killed; a
    number shared by two outcomes says of neither more than a plural.
    """
    sentence = reading.sentences[figure.sentence]
    own = [
        count
        for count in counts(reading, sentence.first, sentence.last)
        if count.first < figure.last and count.last > figure.first
    ]
    if len(own) != 1:
        return None
    outcome = nearest_outcome(reading, figure.first, figure.last)
    if outcome == "neutral":
        return "up-to"
    if outcome == "both":
        return "few"
    return _hedged(own[0], kind)


def _hedged(count: Count, kind: str) -> str | None:
    if count.kind == "vague":
        return LARGE.get(count.low or 0) if kind != "few" and not count.hedge else None
    return SPOKEN.get(count.hedge) if kind in HEDGES else None


def _number(numbers: list[int], told: int, sure: float) -> tuple[int | None, str]:
    """Return the number meant: the one in the words, unless the network is sure of another or there are several."""
    if len(numbers) == 1 and not (told and told != numbers[0] and sure >= SURE):
        return numbers[0], "the number in the words"
    if told:
        return told, "the number the words come to"
    return (numbers[0], "the first number in the words") if numbers else (None, "")


def _doubt(numbers: list[int], sure: float) -> float:
    return 1.0 if len(numbers) == 1 else sure
