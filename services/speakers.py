"""Whether two attributions, in whatever language, name the same speaker; for the accuracy table only. Pure.

The reader has its own, larger list of parties. This one is kept apart and small on purpose: a measure that used the
reader's list would forgive the reader's mistakes.
"""

from __future__ import annotations

import re
from functools import cache

SPEAKERS: dict[str, tuple[str, ...]] = {
    "CENTCOM": ("centcom", "central command", "pentagon", "пентагон", "البنتاغون", "القيادة المركزية"),
    "Hezbollah": ("hi?[ez]b[aou]ll?ah", "hizbullah", "хезболл", "хизбалл", "хезбол", "حزب الله"),
    "IRGC": (r"\birgc\b", "revolutionary guard", r"\bguards\b", "ксир", "стражей", "الحرس الثوري", "devrim muhaf"),
    "IS": (
        "islamic state", r"\bisi[sl]\b", r"\bis\b", r"\bdaesh\b", r"\bdeaş\b", "amaq", "амак", r"\bиг(?:ил)?\b",
        "داعش", "الدولة الإسلامية", "أعماق",
    ),
    "Russian Defence Ministry": (
        "russian defen[cs]e", "russian military", "konashenkov", "минобороны", r"министерств\w+ обороны", r"\bмо рф\b",
        "конашенков", "міноборони", r"міністерств\w+ оборони", "وزارة الدفاع الروسية", "rusya savunma",
        r"russische\w* verteidigung",
    ),
    "SANA": (r"\bsana\b", "syrian arab news", "syrian state news", r"сана\b", "سانا"),
    "SDF": (r"\bsdf\b", r"\bypg\b", r"\bsdg\b", "syrian democratic forces", "سوريا الديمقراطية"),
    "SOHR": (
        r"\bsohr\b", "syrian observatory", r"\bobservatory\b", "war monitor", "abdel ?rahman", "abdulrahman",
        "обсерватори", "наблюдательн", "центр мониторинга", "спостереж", "المرصد", "عبد الرحمن", "gözlemevi",
        "beobachtungsstelle", "observatoire", "observat[oó]ri", "osservatorio",
    ),
    "Syrian state media": (
        "state media", "state tv", "state television", "syrian tv", "гостелевидени", "التلفزيون السوري",
        "suriye devlet",
    ),
    "Turkish Defence Ministry": (
        "turkish defen[cs]e", "turkish military", "turkish army", "turkish armed", r"\bmsb\b", r"\btsk\b",
        "milli savunma", "genelkurmay", r"вооруж\w+ сил\w+ турции", "وزارة الدفاع التركية",
    ),
}  # fmt: skip
"""Frequent speakers and how texts name them: regular expressions over lower-case text."""

SHARED_WORDS = 0.5
"""Share of the shorter attribution's words that must recur in the other, when no known speaker is named."""


def speaker(attribution: str | None) -> str | None:
    """Return the first known speaker that *attribution* names, in alphabetical order; None when it names none."""
    return min(_named(attribution or ""), default=None)


def same_speaker(left: str | None, right: str | None) -> bool:
    """Whether both attributions name one known speaker, share half their words, or contain one another."""
    if not left or not right:
        return left == right
    if _named(left) & _named(right):
        return True
    a, b = _words(left), _words(right)
    shared = a & b
    if not shared:
        return False
    return (
        len(shared) / min(len(a), len(b)) >= SHARED_WORDS
        or left.lower() in right.lower()
        or right.lower() in left.lower()
    )


@cache
def _named(attribution: str) -> frozenset[str]:
    text = attribution.lower()
    return frozenset(name for name, forms in SPEAKERS.items() if any(re.search(form, text) for form in forms))


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))
