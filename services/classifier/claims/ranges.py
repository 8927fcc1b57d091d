"""Pure: how many. The range a figure states: what kind it is, and the number in its words (the guidelines' table)."""

from __future__ import annotations

from services.classifier.claims.choices import best
from services.classifier.claims.figures import Figure
from services.classifier.claims.numbers import bounded, plain_numbers
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


def range_of(reading: Reading, figure: Figure) -> tuple[Range, str, float]:
    """Return the range, the rule that gave it, and how likely it is."""
    kind, chance = best(figure, "range")
    if kind in VAGUE:
        return VAGUE[kind], f"a number left open ({kind})", chance
    numbers = plain_numbers(reading, figure.first, figure.last)
    if kind == "between" and len(numbers) > 1:
        return (min(numbers), max(numbers)), "from one number to another", chance
    told, sure = best(figure, "value")
    number, rule = _number(numbers, int(told), sure)
    if number is None:
        return ((1, 1), "one, as no number is said", chance) if kind == "exact" else (PLURAL, "a plural", chance / 2)
    return (
        bounded(number, HEDGES.get(kind, "")),
        rule if kind == "exact" else f"{rule}, {kind}",
        min(chance, _doubt(numbers, sure)),
    )


def _number(numbers: list[int], told: int, sure: float) -> tuple[int | None, str]:
    """Return the number meant: the one in the words, unless the network is sure of another or there are several."""
    if len(numbers) == 1 and not (told and told != numbers[0] and sure >= SURE):
        return numbers[0], "the number in the words"
    if told:
        return told, "the number the words come to"
    return (numbers[0], "the first number in the words") if numbers else (None, "")


def _doubt(numbers: list[int], sure: float) -> float:
    return 1.0 if len(numbers) == 1 else sure
