"""Pure: who. The phrases that name victims, each where it stands in the document and with what was weighed of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.classifier.claims.numbers import around_numbers, plain_numbers
from services.classifier.claims.outcomes import outcome_marks
from services.classifier.network.heads import Weighed
from services.classifier.reading import Reading

PLAIN = 6.0
"""How much likelier (in odds) a phrase is that the lexicon knows for combatants beside an outcome; chosen on the
passages kept out of training."""
RISEN = 6.0
"""And one behind the words of a rising toll: "the number of soldiers killed has risen to 33"."""
TRUST = 0.8
"""How far the chance that a window holds no claim at all bears against the phrases in it: the power of its odds.
Chosen on the passages kept out of training, like those below."""
LEAST_ODDS = 0.02
"""Odds that a window counts for at least, however little it tells."""
CIVIL = 0.3
"""And how much likelier one that it knows for civilians."""
NOUN = 3
"""Words behind a number among which its noun is looked for: "two | Turkish military advisers"."""
BESIDE = 2
"""Words between the rise and the number it rose to."""
UNARMED = ("civ", "person", "bomber", "victim", "pron")
"""Roles that are no sign of a combatant."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A phrase that names victims: words *first* to *last* (exclusive) of the document, in *sentence*.

    *offset* is the word that its window begins with, *length* how many words that has; *weighed* is what the network
    thinks of every question about it, *telling* how likely it thinks that the window holds any claim; *names* are the
    victims' names in it, as word ranges.
    """

    first: int
    last: int
    sentence: int
    offset: int
    length: int
    weighed: Weighed
    telling: float = 0.5
    names: tuple[tuple[int, int], ...] = ()

    @property
    def chance(self) -> float:
        """How likely it is that the phrase names victims a claim is about."""
        return self.weighed.phrase.chance


def figure_of(reading: Reading, offset: int, length: int, weighed: Weighed, telling: float) -> Figure:
    """Return the figure that a phrase is, of the window at word *offset* that holds a claim with chance *telling*."""
    first, last = around_numbers(reading, offset + weighed.phrase.first, offset + weighed.phrase.last)
    last = _to_its_noun(reading, first, last)
    return Figure(first, last, reading.sentence_of[first], offset, length, weighed, telling)


def _to_its_noun(reading: Reading, first: int, last: int) -> int:
    """Return the end of a phrase that stops before who it counts: "two Turkish | soldiers"."""
    if reading.find("role", first, last) or not plain_numbers(reading, first, last):
        return last
    end = reading.sentences[reading.sentence_of[first]].last
    for at in range(last, min(last + NOUN, end)):
        role = reading.has(at, "role")
        if role:
            return min(role.last, end)
        if not reading.has(at, "force"):
            break
    return last


def risen_to(reading: Reading, first: int, last: int) -> list[int]:
    """Return the numbers in words *first* to *last* (exclusive) that a toll has risen to: "has risen to 33"."""
    found = []
    for mark in reading.find("rise", first, last):
        after = range(mark.last, min(mark.last + BESIDE, last))
        number = next((at for at in after if reading.tokens[at].text.isdecimal() or reading.has(at, "num")), None)
        if number is not None:
            found.append(number)
    return found


def without_risen(reading: Reading, figures: list[Figure]) -> list[Figure]:
    """Return *figures* without those that a rising toll counts: "the number of | soldiers | killed has risen to 33"."""
    tolls = {figure.sentence: figure.first for figure in figures if _is_risen(reading, figure)}
    return [
        figure
        for figure in figures
        if figure.first >= tolls.get(figure.sentence, 0)
        or figure.names
        or plain_numbers(reading, figure.first, figure.last)
    ]


def _is_risen(reading: Reading, figure: Figure) -> bool:
    sentence = reading.sentences[figure.sentence]
    return figure.first in risen_to(reading, sentence.first, sentence.last)


def weigh(reading: Reading, figure: Figure) -> Figure:
    """Return *figure* with its chance weighed by its window, and by what the lexicon knows of its sentence."""
    against = min(1.0, max(LEAST_ODDS, figure.telling / max(1 - figure.telling, LEAST_ODDS)))
    return _by_words(reading, _with_odds(figure, against**TRUST))


def _by_words(reading: Reading, figure: Figure) -> Figure:
    roles = [mark.value for mark in reading.find("role", figure.first, figure.last)]
    armed = any(not role.startswith(UNARMED) for role in roles)
    forces = reading.find("force", figure.first, figure.last)
    sentence = reading.sentences[figure.sentence]
    ended = outcome_marks(reading, figure.sentence)
    theatre = forces or reading.kinds.get("syria") or reading.kinds.get("place")
    whose = reading.find("force", sentence.first, sentence.last)
    if ended and whose and not roles and _is_risen(reading, figure):
        return _with_odds(figure, RISEN)
    if armed and theatre and ended:
        return _with_odds(figure, PLAIN)
    if any(role.startswith("civ") for role in roles) and not armed and not forces:
        return _with_odds(figure, CIVIL)
    return figure


def _with_odds(figure: Figure, factor: float) -> Figure:
    odds = figure.chance * factor
    chance = odds / (odds + 1 - figure.chance)
    phrase = replace(figure.weighed.phrase, chance=chance)
    return replace(figure, weighed=figure.weighed._replace(phrase=phrase))
