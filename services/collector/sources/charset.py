"""Which encoding a page or feed really is in, whatever it says. Pure.

Declarations lie: of 36 combinations of real, declared and header encodings a feed parser that trusts them garbled 22.
The order here: byte order mark; valid UTF-8, whatever is declared; a declared encoding of more than one byte a
character; else, among the single-byte encodings, the one in which the text has the letter statistics of a language.
"""

from __future__ import annotations

import codecs
import math
import re
from collections import Counter
from dataclasses import dataclass

from services.collector.sources.hypertext import clean

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_PROLOG = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([\w.:-]+)")
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_RUN = re.compile(rb"([a-zA-Z]?)([\x80-\xff]+)(?=([a-zA-Z]?))")
_LOOKED_AT = 4096
_SAMPLE = 65_536
_MULTIBYTE = frozenset(
    {
        "gbk",
        "gb2312",
        "gb18030",
        "big5",
        "big5hkscs",
        "shift_jis",
        "cp932",
        "euc_jp",
        "iso2022_jp",
        "euc_kr",
        "cp949",
        "johab",
    }
)
# What the web calls Latin-1 is windows-1252, and Latin-5 windows-1254 (WHATWG Encoding, 4.2).
_SAME = {"iso8859-1": "cp1252", "ascii": "cp1252", "latin_1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gbk"}
_WESTERN = "cp1252"
_TURKISH = "cp1254"

# Letter frequencies in per mille. Russian and Ukrainian after the usual corpus counts, Arabic likewise; exact to what
# telling encodings apart needs, no more. A letter not listed counts as rare.
_CYRILLIC = {
    "о": 105, "а": 82, "е": 80, "и": 72, "н": 66, "т": 60, "с": 53, "р": 47, "в": 45, "л": 42, "к": 35, "м": 31,
    "д": 30, "п": 27, "у": 28, "я": 21, "ы": 14, "ь": 17, "г": 16, "з": 18, "б": 16, "ч": 14, "й": 12, "х": 10, "ж": 9,
    "ш": 7, "ю": 7, "ц": 5, "щ": 4, "э": 2, "ф": 3, "ъ": 1, "ё": 1, "і": 28, "ї": 4, "є": 3, "ґ": 1, "ў": 1,
}  # fmt: skip
_ARABIC = {
    "ا": 140, "ل": 115, "ي": 70, "م": 60, "و": 58, "ن": 57, "ر": 45, "ت": 45, "ب": 38, "ة": 35, "ع": 35, "د": 32,
    "س": 30, "ف": 29, "ه": 28, "ك": 22, "ق": 22, "أ": 24, "ح": 20, "ج": 14, "ش": 12, "ص": 11, "ط": 10, "خ": 9, "ى": 9,
    "إ": 10, "ز": 7, "ث": 6, "ذ": 6, "ض": 6, "غ": 4, "ئ": 4, "ء": 4, "ظ": 2, "ؤ": 2, "آ": 2, "،": 8, "؛": 1, "؟": 1,
}  # fmt: skip
_PUNCTUATION = frozenset("«»„“”‘’…–—№\xa0°•·§©®€")
_RARE, _STRANGE = 0.5, 0.02
_CANDIDATES = (
    ("cp1251", _CYRILLIC),
    ("koi8_u", _CYRILLIC),
    ("iso8859_5", _CYRILLIC),
    ("cp866", _CYRILLIC),
    ("mac_cyrillic", _CYRILLIC),
    ("cp1256", _ARABIC),
    ("iso8859_6", _ARABIC),
)
_TELLING = 0.25
"""By how much, in nats a character, a better encoding must beat the declared one before that is disbelieved."""
_NAMES = {
    "cp1251": "windows-1251", "koi8_u": "koi8-u", "koi8_r": "koi8-r", "iso8859_5": "iso-8859-5",
    "cp1256": "windows-1256", "iso8859_6": "iso-8859-6", "cp1252": "windows-1252", "cp1254": "windows-1254",
    "utf_8": "utf-8",
}  # fmt: skip


@dataclass(frozen=True)
class Decoded:
    """Clean text, its real encoding, and ``charset-repaired:ENCODING`` when that is not what was declared."""

    text: str
    encoding: str
    note: str | None = None


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """Return the text of a feed or page; *content_type* is the HTTP header. Never fails: bad bytes become U+FFFD."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return Decoded(clean(body[len(mark) :].decode(encoding, "replace")), encoding)
    declared = declared_encoding(body, content_type)
    encoding = _wide(body) or _utf8(body) or _declared_multibyte(body, declared) or _single_byte(body, declared)
    text = body.decode(encoding, "replace")
    silent = text.isascii() or _same(encoding, declared or "utf-8")
    if silent and not ("\ufffd" in text and encoding == "utf-8"):
        return Decoded(clean(text), encoding)
    return Decoded(clean(text), encoding, f"charset-repaired:{_NAMES.get(encoding, encoding)}")


def declared_encoding(body: bytes, content_type: str | None) -> str | None:
    """Return Python's name of the encoding that the header, else the document's first lines declare."""
    header = _HEADER.search(content_type or "")
    head = body[:_LOOKED_AT]
    inside = _PROLOG.search(head) or _META.search(head)
    for name in (header[1] if header else None, inside[1].decode("ascii", "replace") if inside else None):
        if known := _codec(name):
            return known
    return None


def _codec(name: str | None) -> str | None:
    try:
        known = codecs.lookup(name or "").name
    except (LookupError, ValueError):
        return None
    known = _SAME.get(known, known)
    # Python also knows codecs that are no character sets ("zip", "rot13", "idna").
    return known if known not in {"idna", "punycode"} and codecs.lookup(known)._is_text_encoding else None  # noqa: SLF001


def _wide(body: bytes) -> str | None:
    """Return UTF-16 or UTF-32 without a mark, told by the zero bytes around ``<``."""
    head = body[:64].lstrip()
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        if head.startswith(("<?".encode(encoding), "<r".encode(encoding), "<f".encode(encoding))):
            return encoding
    return None


def _utf8(body: bytes) -> str | None:
    """Return UTF-8 if *body* is, but for a few broken places: a cut end, one bad quotation."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        sample = body[:_SAMPLE].decode("utf-8", "replace")
        bad, good = sample.count("\ufffd"), sum(char > "\x7f" and char != "\ufffd" for char in sample)
        return "utf-8" if good > 20 * bad else None
    return "utf-8"


def _declared_multibyte(body: bytes, declared: str | None) -> str | None:
    if declared not in _MULTIBYTE:
        return None
    try:
        body.decode(declared)
    except UnicodeDecodeError:
        return None
    return declared


def _single_byte(body: bytes, declared: str | None) -> str:
    """Return the encoding in which the bytes above ASCII read most like a language."""
    sample = body[:_SAMPLE]
    fallback = declared if declared and declared not in _MULTIBYTE and not declared.startswith("utf") else None
    if _is_latin(sample):
        return _latin(sample, fallback)
    scores = {name: _score(sample, name, letters) for name, letters in _CANDIDATES}
    best = max(scores, key=lambda name: scores[name])
    if fallback:
        letters = dict(_CANDIDATES).get(fallback, _CYRILLIC | _ARABIC)
        if scores[best] - _score(sample, fallback, letters) < _TELLING:
            return fallback
    return best


def _is_latin(sample: bytes) -> bool:
    """Whether bytes above ASCII stand among Latin letters, as accents do, and not in words of their own."""
    runs = _RUN.findall(sample)
    touching = sum(len(run) for before, run, after in runs if before or after)
    return 2 * touching > sum(len(run) for _, run, _ in runs)


def _latin(sample: bytes, declared: str | None) -> str:
    """Return the declared encoding if it is one for Latin letters.

    The six letters in which windows-1252 is Icelandic and windows-1254 Turkish are read as Turkish.
    """
    if declared and declared != _WESTERN and declared not in dict(_CANDIDATES) and not declared.startswith("koi8"):
        return declared
    return _TURKISH if re.search(rb"[a-zA-Z][\xd0\xdd\xde\xf0\xfd\xfe]", sample) else _WESTERN


def _score(sample: bytes, encoding: str, letters: dict[str, int]) -> float:
    """Return the mean logarithm of how usual each character above ASCII is, in nats.

    A capital counts as its small letter at the beginning of a word or among capitals, and as strange inside a word:
    that tells windows-1251 from koi8-r, where capitals and small letters change places.
    """
    text = sample.decode(encoding, "replace")
    total, count = 0.0, 0
    words = Counter(re.findall(r"[^\x00-\x7f]+", text))
    for word, times in words.items():
        shouted = len(word) > 1 and word.isupper()
        for place, char in enumerate(word):
            total += times * math.log(_usual(char, letters, first=place == 0 or shouted, shouted=shouted))
        count += times * len(word)
    return total / count if count else 0.0


def _usual(char: str, letters: dict[str, int], *, first: bool, shouted: bool) -> float:
    if char in letters:
        return letters[char]
    if char in _PUNCTUATION:
        return 5.0
    small = char.lower()
    if small in letters and small != char:
        return letters[small] * (0.8 if shouted else 0.3) if first else _STRANGE
    return _RARE if char.isalpha() and small in letters else _STRANGE


def _same(encoding: str, declared: str) -> bool:
    return codecs.lookup(encoding).name == codecs.lookup(declared).name or {encoding, declared} <= {
        "koi8_r",
        "koi8-r",
        "koi8_u",
        "koi8-u",
    }
