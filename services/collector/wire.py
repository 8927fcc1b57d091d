"""The agency that a text says it comes from, as printed: "(Reuters)" in the dateline, "/TASS/", a last line. Pure.

Agencies' own handbooks give the forms: the dateline closes with the agency's name in brackets (AP, Reuters, AFP, SPA),
between strokes (TASS), or before a dash (RIA Novosti, Interfax). Whose voice that is, is not decided here.
"""

from __future__ import annotations

import re

_NAMES = (
    "reuters", "afp", "agence france-presse", "ap", "associated press", "upi", "dpa", "ansa", "efe", "xinhua", "apa",
    "tass", "itar-tass", "ria novosti", "ria", "interfax", "interfax.ru", "sputnik", "sana", "anadolu agency",
    "anadolu", "aa", "iha", "dha", "irna", "fars", "tasnim", "ukrinform", "unian", "spa", "petra",
    "north press agency", "anf", "anha",
    "рейтер", "афп", "ап", "тасс", "итар-тасс", "риа новости", "риа", "интерфакс", "сана",
    "укринформ", "укрінформ", "уніан", "униан", "анадолу",
    "رويترز", "فرانس برس", "أ ف ب", "ا ف ب", "أ.ف.ب", "أسوشيتد برس", "أ ب", "سانا", "تاس", "نوفوستي", "سبوتنيك",
    "الأناضول", "إنترفاكس", "د ب أ", "واس", "شينخوا",
)  # fmt: skip
_NAME = "|".join(sorted(map(re.escape, set(_NAMES)), key=len, reverse=True))
_AGENCIES = rf"(?:{_NAME})(?:\s*[/,&+-]\s*(?:{_NAME}))?"
_DASH = "[-–—―]"
_ENCLOSED = rf"(?:\(\s*(?P<brackets>{_AGENCIES})\s*\)|/\s*(?P<strokes>{_AGENCIES})\s*/)"

_OPENING = (
    re.compile(rf"[^\n()/!?]{{0,90}}{_ENCLOSED}", re.IGNORECASE),
    re.compile(rf"(?P<first>{_AGENCIES})\s*{_DASH}\s", re.IGNORECASE),
    re.compile(rf"[^\n()!?]{{0,50}}?(?:{_DASH}|[,.،])\s*(?P<dashed>{_AGENCIES})\s*(?:{_DASH}|\.)\s", re.IGNORECASE),
)
_CREDITED = "sources?|via|источник|по материалам|джерело|за матеріалами|kaynak|المصدر|وكالة"
_CLOSING = (
    re.compile(rf"\W*(?:{_CREDITED})\s*(?::|{_DASH})?\s*(?P<credit>{_AGENCIES})\W*$", re.IGNORECASE),
    re.compile(rf"\W*(?:(?:©|\(c\))\s*(?:\d{{4}}\s*)?)?(?P<signed>{_AGENCIES})\W*$", re.IGNORECASE),
)
_TAIL = re.compile(rf"[.!?…»\"”]\s*{_ENCLOSED}\s*$", re.IGNORECASE)
LEAD, PARAGRAPHS = 1_200, 4
"""Characters, and paragraphs at most, in which the one with the dateline begins: a summary may stand before it."""
CLOSING = 80
"""Characters of the end in which a credit stands, on a line of its own or in brackets after the last sentence."""


def wire_tag(text: str) -> str | None:
    """Return the agency named in *text*'s dateline, else in its last line, as printed there; None when none is."""
    lead = [line.strip() for line in text[:LEAD].split("\n") if line.strip()][:PARAGRAPHS]
    closing = text[-CLOSING:].rstrip()
    line = closing.rpartition("\n")[2]
    found = next(filter(None, (form.match(one) for one in lead for form in _OPENING)), None) or _TAIL.search(closing)
    if found is None and line != closing:
        found = next(filter(None, (form.match(line) for form in _CLOSING)), None)
    return " ".join(next(filter(None, found.groups())).split()) if found else None
