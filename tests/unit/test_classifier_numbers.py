from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.classifier.claims.numbers import around_numbers, counts
from services.classifier.data import load_lexicon, load_theatre
from services.classifier.lexicon import Lexicon
from services.classifier.reading import read_document
from tests.support.weighing import reading_of


@pytest.fixture(scope="module")
def lexicons() -> dict[str, Lexicon]:
    theatre = load_theatre()
    return {language: load_lexicon(language, theatre) for language in ("en", "ru", "ar", "tr", "uk")}


@pytest.mark.parametrize(
    ("language", "text", "low", "high"),
    [
        ("en", "four soldiers", 4, 4),
        ("en", "at least four soldiers", 4, None),
        ("en", "more than 200 mercenaries", 201, None),
        ("en", "up to 30 rebels", None, 30),
        ("en", "fewer than ten men", None, 10),
        ("en", "nearly 40 men", 36, 40),
        ("en", "about 20 men", 18, 22),
        ("en", "between 20 and 30 men", 20, 30),
        ("en", "20 to 30 men", 20, 30),
        ("en", "15-20 men", 15, 20),
        ("en", "1,400 men", 1400, 1400),
        ("en", "two hundred and fifty men", 250, 250),
        ("en", "thirty-five men", 35, 35),
        ("en", "a dozen men", 12, 12),
        ("en", "dozens of men", 24, None),
        ("en", "scores of men", 40, None),
        ("en", "hundreds of men", 200, None),
        ("en", "several men", 2, None),
        ("ru", "четверо военных", 4, 4),
        ("ru", "не менее двадцати пяти бойцов", 25, None),
        ("ru", "более 200 наёмников", 201, None),
        ("ru", "до 30 боевиков", None, 30),
        ("ru", "около ста человек", 90, 110),
        ("ru", "от 20 до 30 бойцов", 20, 30),
        ("ru", "десятки бойцов", 20, None),
        ("ar", "ما لا يقل عن ٣٥ جنديا", 35, None),
        ("ar", "أكثر من 200 مرتزق", 201, None),
        ("ar", "عشرات الجنود", 20, None),
        ("tr", "en az dört asker", 4, None),
        ("tr", "otuz üç asker", 33, 33),
        ("tr", "onlarca asker", 20, None),
        ("uk", "щонайменше п'ятеро бійців", 5, None),
        ("uk", "понад 100 найманців", 101, None),
        ("en", "20+ men", 20, None),
        ("en", "~100 men", 90, 110),
        ("ru", "полтора десятка бойцов", 15, 15),
        ("ru", "30 с лишним бойцов", 31, None),
        ("ru", "с десяток бойцов", 9, 11),
        ("ru", "командир с четырьмя бойцами", 4, 4),
        ("ru", "о двух сотнях убитых", 200, 200),
        ("ar", "22 جنديا تركيا على الأقل", 22, None),
        ("en", "22 Turkish soldiers at least", 22, None),
        ("uk", "тринадцятеро бійців", 13, 13),
        ("uk", "з півсотні бійців", 45, 55),
        ("ar", "ستة وثلاثين شهيدا", 36, 36),
        ("ar", "مئة وثلاثة وعشرين شهيدا", 123, 123),
        ("ar", "ما بين 120 و150 عنصرا", 120, 150),
        ("ar", "ما بين ثمانين ومئة من العناصر", 80, 100),
        ("ar", "٤٠ شهيدا تقريبا", 36, 44),
        ("ar", "لم تتعد خمسة مقاتلين", None, 5),
        ("tr", "sekizini esir aldılar", 8, 8),
        ("tr", "12 bin 861 asker", 12861, 12861),
        ("tr", "350'den fazlasının öldüğü", 351, None),
        ("tr", "30'a yakın asker", 27, 30),
        ("tr", "30'a kadar asker", None, 30),
    ],
)
def test_number_words_become_ranges(
    lexicons: dict[str, Lexicon], language: str, text: str, low: int | None, high: int | None
) -> None:
    reading = read_document("\n" + text, language, lexicons[language], datetime(2018, 2, 7, tzinfo=UTC), 0)
    found = counts(reading, 0, len(reading.tokens))
    assert [(count.low, count.high) for count in found] == [(low, high)]


@pytest.mark.parametrize(
    ("language", "text"), [("en", "a Su-34 went down"), ("ru", "подбит Т-72"), ("tr", "MiG-23'ün pilotu")]
)
def test_the_number_of_a_type_counts_nobody(lexicons: dict[str, Lexicon], language: str, text: str) -> None:
    reading = read_document("\n" + text, language, lexicons[language], datetime(2018, 2, 7, tzinfo=UTC), 0)
    assert [count for count in counts(reading, 0, len(reading.tokens)) if count.kind == "digit"] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", f"{'9' * 5000} soldiers"), ("en", f"3 thousand {'9' * 5000}"), ("en", "thousand " * 5000 + "two men")],
)
def test_a_number_beyond_any_army_counts_nobody(lexicons: dict[str, Lexicon], language: str, text: str) -> None:
    reading = read_document("\n" + text, language, lexicons[language], datetime(2018, 2, 7, tzinfo=UTC), 0)
    assert all((count.low or 0) <= 100_000 for count in counts(reading, 0, len(reading.tokens)))


@pytest.mark.parametrize(
    ("text", "cut", "whole"),
    [
        ("Twenty-two Turkish soldiers died.", (0, 1), (0, 2)),
        ("Twenty-two Turkish soldiers died.", (1, 4), (0, 4)),
        ("The two hundred and fifty men died.", (4, 6), (1, 6)),
        ("In 2015 two soldiers died.", (2, 4), (2, 4)),
        ("Turkish soldiers died.", (0, 2), (0, 2)),
    ],
)
def test_a_phrase_cuts_no_number(text: str, cut: tuple[int, int], whole: tuple[int, int]) -> None:
    assert around_numbers(reading_of(text), *cut) == whole
