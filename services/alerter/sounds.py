"""Names as they sound: one skeleton of consonants for a name in Latin, Cyrillic or Arabic letters."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_CYRILLIC = (
    "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ",
    "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh sh . y . e yu ya e i i e g",
)
_ARABIC = (
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويأإآةىپچگڤ",
    "a b t t j h kh d d r z s sh s d t z . g f k k l m n h u y a a a a a p ch g v",
)
"""The letters of a script, and the sound of each in Latin letters; a full stop is silent."""
_LATIN = {"ı": "i", "ş": "sh", "ç": "ch", "ğ": "g", "ø": "o", "ł": "l"}
_LETTERS = _LATIN | {
    letter: sound.replace(".", "")
    for letters, sounds in (_CYRILLIC, _ARABIC)
    for letter, sound in zip(letters, sounds.split(), strict=True)
}

_ALIKE = "shch=s tch=s sch=s sh=s ch=s zh=s kh=h gh=g dh=d th=t ph=f ts=s dj=g ck=k x=ks j=g q=k c=k v=f p=b z=s"
"""Spellings that name one sound across alphabets, or sounds that alphabets do not tell apart."""
_SOUNDS = tuple(pair.split("=") for pair in _ALIKE.split())
_ARTICLE = re.compile(r"^(?:al|el|as|ash|an|ar|ad|at|az|ez|es|er|ed|en)[-' ](?=\w)|^ال(?=\w{2})")
_FINAL = re.compile(r"(?:ah|eh)$")
_SILENT = re.compile(r"[^bdfghklmnrst]")
_DOUBLE = re.compile(r"(.)\1+")


def latin(word: str) -> str:
    """Return *word* in plain Latin letters, lower case."""
    lower = word.replace("İ", "i").lower()
    spelled = "".join(_LETTERS.get(letter, letter) for letter in lower)
    return "".join(c for c in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def skeleton(word: str) -> str:
    """Return the consonants of *word* as they sound, so that Пешкова, Peşkov and Pechkov are one."""
    sound = latin(_ARTICLE.sub("", word.lower()))
    sound = _FINAL.sub("a", sound)
    for letters, heard in _SOUNDS:
        sound = sound.replace(letters, heard)
    return _DOUBLE.sub(r"\1", _SILENT.sub("", sound))


def name_key(name: str) -> tuple[str, ...]:
    """Return the sounding parts of a person's *name*, in order; parts too short to tell anyone apart are left out."""
    parts = (skeleton(part) for part in re.findall(r"[\w'-]+", name.replace("-", " ")))
    return tuple(dict.fromkeys(part for part in parts if len(part) > 1))


def same_name(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Say whether two name keys can be one person: two shared parts, or the one part the shorter name has."""
    shared = sum(any(alike(a, b) for b in right) for a in left)
    return shared >= min(2, len(left), len(right)) > 0


def alike(left: str, right: str) -> bool:
    """Say whether two skeletons are one name, a case ending or one misheard consonant apart."""
    if left == right:
        return True
    short, long = sorted((left, right), key=len)
    if len(short) < 4 or len(long) - len(short) > 1:  # noqa: PLR2004 (shorter skeletons meet by chance)
        return False
    if len(short) < len(long):
        return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
    return sum(a != b for a, b in zip(left, right, strict=True)) == 1
