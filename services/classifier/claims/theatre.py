"""Pure: where a sentence is set: in Syria, or in a country that another war is fought in."""

from __future__ import annotations

from services.classifier.lexicon import Mark
from services.classifier.reading import Reading


def is_elsewhere(reading: Reading, first: int, last: int) -> bool:
    """Return whether tokens *first* to *last* tell of another country: one is named as the scene, and no place here.

    A war elsewhere counts however it is named; a neighbour only behind a preposition ("in Turkey"), for its people
    and its army fight in Syria too.
    """
    if reading.find("place", first, last) or any(
        _is_scene(reading, mark) for mark in reading.find("syria", first, last)
    ):
        return False
    abroad = reading.find("abroad", first, last)
    if any(mark.value == "strong" for mark in abroad):
        return not reading.find("syria", first, last) or any(_is_scene(reading, mark) for mark in abroad)
    return any(_is_scene(reading, mark) for mark in abroad)


def _is_scene(reading: Reading, mark: Mark) -> bool:
    """Return whether a country is named as a scene: "in Syria"; a language that bends its names says it otherwise."""
    if mark.last - mark.first > 1 and reading.tokens[mark.first].text in SCENE:
        return True
    word = reading.tokens[mark.first]
    if reading.language == "tr":
        return word.text.endswith(LOCATIVE)
    before = reading.tokens[mark.first - 1].text if mark.first else ""
    return before in SCENE


SCENE = frozenset({"in", "inside", "across", "near", "в", "во", "у", "в'", "في", "داخل"})
LOCATIVE = ("da", "de", "ta", "te", "daki", "deki", "taki", "teki")
