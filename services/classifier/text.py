"""Pure: the normal form of a document, its tokens and its sentences, every offset led back to the document."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import sentencex

URL = re.compile(r"(?:https?://|www\.|t\.me/)\S+")
TOKEN = re.compile(r"\d{1,3}(?:[.,]\d{3})+(?!\d)|\d+(?:[.:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|[^\w\s]")
CYRILLIC_APOSTROPHE = re.compile(r"(?<=[\u0400-\u04ff])'(?=[\u0400-\u04ff])")
ENGLISH_SUFFIXES = frozenset({"s", "t", "re", "ve", "ll", "d", "m"})
ELIDED = {
    "fr": frozenset({"l", "d", "qu", "j", "n", "s", "c", "m", "t", "jusqu", "lorsqu", "puisqu"}),
    "it": frozenset({"l", "d", "un", "dell", "all", "nell", "sull", "dall", "quell", "c", "s"}),
}
"""Little words that run into the next one by an apostrophe; they are left out: "l'armée" is "armée"."""
LONGEST = 160
"""Tokens of the longest stretch read as one sentence."""
ENDLESS = 8_000
"""Characters of a paragraph that are split into sentences at once: sentencex takes the square of its quotations."""
SITE = " - "
"""What parts a title from the name of its page."""
BEFORE_HEADLINE = 60
"""Characters that may stand above a headline that is said again: a date, "posted by"."""
LEAST_HEADLINE = 3
"""Words of a title whose repetition is no accident."""
UNSPOKEN = frozenset("-\"'*#_~`^|")
REPLACED = {
    "ё": "е", "ı": "i", "İ": "i", "â": "a", "î": "i", "û": "u",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي",
    "«": '"', "»": '"', "“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'",
    "–": "–", "—": "–", "−": "-", "‐": "-", "‑": "-", "…": ".", "،": ",", "؛": ";", "؟": "?", "\x00": " ",
}  # fmt: skip
OPENERS_OF_LOWER = re.compile(r"[-a-zа-яіїєґ,;]")
ABBREVIATION = re.compile(
    r"(?:^|[\s(\"«-])(?:[a-zа-яіїє]|ген|сент|окт|нояб|дек|янв|февр|фев|авг|апр|мар|июн|июл|г|гг|тыс|чел|см|им|ст|"
    r"gen|col|lt|capt|maj|sgt|org|korg|tümg|tuğg|yb|bnb|alb|d|ген|полк|подп|кап|د|م|أ|ا|sept|oct|nov|dec|jan|feb|aug)\.\s*$",
    re.IGNORECASE,
)


class _Folding(dict[int, "int | None"]):
    """One character to one character, or to nothing: lower case, compatibility form, no marks, no invisible ones."""

    def __missing__(self, code: int) -> int | None:
        folded = self._fold(chr(code))
        self[code] = folded
        return folded

    @staticmethod
    def _fold(char: str) -> int | None:
        if char in REPLACED:
            return ord(REPLACED[char])
        category = unicodedata.category(char)
        if category in {"Cf", "Mn"} or char == "ـ":
            return None
        if category == "Nd":
            return ord(str(unicodedata.digit(char)))
        lowered = unicodedata.normalize("NFKC", char).lower()
        lowered = REPLACED.get(lowered, lowered)
        return ord(lowered) if len(lowered) == 1 else ord(char)


FOLDING = _Folding()


def fold(text: str) -> str:
    """Return *text* in normal form, as lexicon forms and tokens are compared."""
    return text.translate(FOLDING)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or mark: its normal form, and where it stands in the document."""

    text: str
    start: int
    end: int
    capital: bool
    upper: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens *first* to *last* (exclusive), and the stretch of the document they cover."""

    first: int
    last: int
    start: int
    end: int


def _offsets(document: str) -> list[int] | None:
    """Return for each kept character where it stood, or nothing when none was left out."""
    kept = [i for i, char in enumerate(document) if FOLDING[ord(char)] is not None]
    return None if len(kept) == len(document) else kept


def tokenize(document: str, language: str) -> list[Token]:
    """Return the tokens of *document*; URLs count as space, hyphens part words, a possessive ending is cut off."""
    blanked = URL.sub(lambda found: " " * len(found.group()), document)
    folded = fold(blanked)
    offsets = None if len(folded) == len(blanked) else _offsets(blanked)
    tokens: list[Token] = []
    for found in TOKEN.finditer(folded):
        text, start, end = found.group(), found.start(), found.end()
        if text in UNSPOKEN and not (text == "-" and folded[start - 1 : start].isdigit()):
            continue
        head, apostrophe, rest = text.partition("'")
        if apostrophe and rest and head in ELIDED.get(language, ()):
            text, start = rest, start + len(head) + 1
        if "'" in text and text != "'":
            text = _without_suffix(text, language)
        if offsets is not None:
            start, end = offsets[start], offsets[end - 1] + 1
        tokens.append(Token(text, start, end, document[start].isupper(), document[start:end].isupper()))
    return tokens


def _without_suffix(text: str, language: str) -> str:
    stem, _, suffix = text.rpartition("'")
    if language == "tr":
        return text.partition("'")[0]
    if suffix in ENGLISH_SUFFIXES:
        return stem.replace("'", "")
    return CYRILLIC_APOSTROPHE.sub("", text).replace("'", "")


def sentence_bounds(document: str, language: str) -> list[tuple[int, int]]:
    """Return start and end of each sentence: sentencex, mended where it splits after an abbreviation."""
    bounds: list[tuple[int, int]] = []
    start = 0
    for paragraph in _paragraphs(document):
        if paragraph.strip():
            bounds.extend(_paragraph_bounds(paragraph, start, language))
        start += len(paragraph)
    return bounds


def _paragraphs(document: str) -> Iterator[str]:
    """Return the paragraphs of *document*, those without end in pieces that end with a word."""
    for paragraph in document.splitlines(keepends=True):
        first = 0
        while len(paragraph) - first > ENDLESS:
            last = paragraph.rfind(" ", first, first + ENDLESS) + 1 or first + ENDLESS
            yield paragraph[first:last]
            first = last
        yield paragraph[first:]


def _paragraph_bounds(paragraph: str, base: int, language: str) -> list[tuple[int, int]]:
    bounds: list[tuple[int, int]] = []
    at = 0
    for piece in sentencex.segment(language, paragraph):
        found = paragraph.find(piece, at)
        start = at if found < 0 else found
        end = min(len(paragraph), start + len(piece))
        before = paragraph[bounds[-1][0] - base : start] if bounds else ""
        if bounds and (OPENERS_OF_LOWER.match(piece.lstrip()) or ABBREVIATION.search(before[-12:])):
            bounds[-1] = (bounds[-1][0], base + end)
        else:
            bounds.append((base + start, base + end))
        at = end
    return bounds


def headline_end(document: str, title_end: int) -> int:
    """Return where the headline of *document* ends, which begins with a title of *title_end* characters.

    Pages stored whole say their headline again above the text, often behind a date and with no stop after it; that is
    the headline still. Without such a repetition it is *title_end*.
    """
    whole = document[:title_end].strip()
    for title in (whole, whole.partition(SITE)[0]):
        if len(title.split()) < LEAST_HEADLINE:
            break
        at = document.find(title, title_end, title_end + BEFORE_HEADLINE + len(title))
        if at >= 0 and not _goes_on(document[at + len(title) :]):
            return at + len(title)
    return title_end


def _goes_on(rest: str) -> bool:
    """Return whether the sentence before *rest* is not over: "Six killed in Idlib | on Monday"."""
    line = rest.split("\n", 1)[0].lstrip()
    return bool(line) and line[0].isalpha() and not line[0].isupper()


def sentences(document: str, tokens: list[Token], language: str, headline: int = 0) -> list[Sentence]:
    """Return the sentences of *document* that hold tokens; an endless one is cut, so that time stays linear.

    The *headline* ends a sentence, whatever stands after it.
    """
    found: list[Sentence] = []
    at = 0
    ends = {end for _, end in sentence_bounds(document, language)} | ({headline} if headline else set())
    for end in sorted(ends):
        first = at
        while at < len(tokens) and tokens[at].start < end:
            at += 1
        for low in range(first, at, LONGEST):
            high = min(at, low + LONGEST)
            found.append(Sentence(low, high, tokens[low].start, tokens[high - 1].end))
    return found
