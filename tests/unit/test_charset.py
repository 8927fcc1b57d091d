"""Which encoding a feed is in, whatever it and its server say."""

from __future__ import annotations

from itertools import product

import pytest

from services.collector.sources.charset import decode

TEXTS = {
    "uk": "Чотири російські генерали загинули в Сирії, повідомили джерела опозиції",
    "ru": "Минобороны подтвердило гибель военного советника в провинции Хомс",
    "capitals": "ПОГИБЛИ ЧЕТЫРЕ ГЕНЕРАЛА",
    "short": "Погибли 3",
    "ar": "قتل أربعة جنرالات روس في ريف اللاذقية بحسب مصادر في المعارضة",
    "tr": "Suriye'de üç asker şehit oldu, Milli Savunma Bakanlığı açıkladı",
    "fr": "Quatre généraux tués à Lattaquié, d'après l'opposition",
    "en": "Four generals killed",
}
CYRILLIC = ("utf-8", "windows-1251", "koi8-u", "utf-16")
ENCODINGS = {
    "uk": CYRILLIC,
    "ru": ("utf-8", "windows-1251", "koi8-r", "iso-8859-5", "cp866"),
    "capitals": ("utf-8", "windows-1251", "koi8-r"),
    "short": ("utf-8", "windows-1251", "koi8-r"),
    "ar": ("utf-8", "windows-1256"),
    "tr": ("utf-8", "windows-1254"),
    "fr": ("utf-8", "windows-1252"),
    "en": ("utf-8", "utf-16"),
}
PROLOGS = ("utf-8", "windows-1251", "koi8-r", "windows-1256", "iso-8859-1", "no-such-charset", None)
HEADERS = ("utf-8", "windows-1251", "iso-8859-1", None)


def document(text: str, prolog: str | None) -> str:
    declaration = f' encoding="{prolog}"' if prolog else ""
    return f'<?xml version="1.0"{declaration}?><rss><channel><title>{text}</title></channel></rss>'


@pytest.mark.parametrize(("name", "real"), [(name, real) for name, reals in ENCODINGS.items() for real in reals])
def test_no_declaration_garbles_a_text(name: str, real: str) -> None:
    text = TEXTS[name]
    garbled = []
    for prolog, header in product(PROLOGS, HEADERS):
        content_type = f"text/xml; charset={header}" if header else "text/xml"
        if text not in decode(document(text, prolog).encode(real), content_type).text:
            garbled.append((prolog, header))
    assert garbled == []


@pytest.mark.parametrize(
    ("real", "prolog", "header", "note"),
    [
        ("utf-8", "utf-8", "utf-8", None),
        ("utf-8", None, None, None),
        ("windows-1251", "windows-1251", None, None),
        ("windows-1251", "utf-8", "windows-1251", None),
        ("windows-1251", "windows-1251", "utf-8", "charset-repaired:windows-1251"),
        ("utf-8", "utf-8", "windows-1251", "charset-repaired:utf-8"),
        ("koi8-r", "windows-1251", None, "charset-repaired:koi8-u"),
        ("windows-1251", None, None, "charset-repaired:windows-1251"),
    ],
)
def test_a_repair_is_noted(real: str, prolog: str | None, header: str | None, note: str | None) -> None:
    content_type = f"text/xml; charset={header}" if header else None
    assert decode(document(TEXTS["ru"], prolog).encode(real), content_type).note == note


def test_a_cut_character_does_not_change_the_encoding() -> None:
    decoded = decode(TEXTS["ru"].encode()[:-1])
    assert decoded.text == TEXTS["ru"][:-1] + "\ufffd"
    assert decoded.note == "charset-repaired:utf-8"


@pytest.mark.parametrize("body", [b"", b"\x00", b"\xff\xfe\x00", bytes(range(256)), b"\x81\x8d\x8f\x90\x9d" * 9])
def test_any_bytes_become_clean_text(body: bytes) -> None:
    text = decode(body, "text/xml; charset=zip").text
    text.encode()
    assert "\x00" not in text
