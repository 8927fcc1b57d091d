"""Pure: by whom. The force that a sentence names as the doer: "killed by Turkish shelling", "an Israeli air strike"."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

AFTER = 4
"""Words behind "by" within which its force stands."""
BEFORE = 2
"""Words before a cause within which its owner stands: "Israeli air strikes", "Turkish artillery shelling"."""


def perpetrator_of(reading: Reading, figure: Figure, force: str) -> tuple[str, Mark] | None:
    """Return the key of the force the figure's sentence names as the doer, and where; never the victims' own."""
    sentence = reading.sentences[figure.sentence]
    doers = [
        mark
        for agent in reading.find("agent", sentence.first, sentence.last)
        for mark in reading.find("force", agent.last, min(agent.last + AFTER, sentence.last))[:1]
    ]
    doers += [
        mark
        for cause in reading.find("cause", sentence.first, sentence.last)
        for mark in reading.find("force", max(sentence.first, cause.first - BEFORE), cause.first)[-1:]
    ]
    outside = [mark for mark in doers if not figure.first <= mark.first < figure.last]
    named = [(mark.value.split(".")[0], mark) for mark in outside]
    return next(((key, mark) for key, mark in named if key != force), None)
