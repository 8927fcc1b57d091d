from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.classifier.claims.calendar import weekday_before
from services.classifier.claims.dates import moments
from services.classifier.data import load_lexicon, load_theatre
from services.classifier.lexicon import Lexicon
from services.classifier.reading import read_document
from tests.support.reader import item, shared_reader

FRIDAY = datetime(2018, 2, 9, 12, tzinfo=UTC)
LEXICONS: dict[str, Lexicon] = {}


def lexicon(language: str) -> Lexicon:
    if language not in LEXICONS:
        LEXICONS[language] = load_lexicon(language, load_theatre())
    return LEXICONS[language]


def days(text: str, language: str = "en", title: str = "") -> list[str]:
    document = f"{title}\n{text}"
    found, _ = moments(read_document(document, language, lexicon(language), FRIDAY, len(title)))
    return [str(moment.day) for moment in found if moment.day]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "They died on Wednesday.", "2018-02-07"),
        ("en", "They died on Friday.", "2018-02-09"),
        ("en", "They died last Friday.", "2018-02-02"),
        ("en", "They died on Monday night.", "2018-02-05"),
        ("en", "They died overnight.", "2018-02-08"),
        ("en", "They died over the weekend.", "2018-02-03"),
        ("en", "They died three days ago.", "2018-02-06"),
        ("en", "They died in the past 24 hours.", "2018-02-08"),
        ("en", "They died on Feb. 7 near the river.", "2018-02-07"),
        ("en", "They died on the tenth of December.", "2017-12-10"),
        ("en", "They died on 17 and 18 January.", "2018-01-17"),
        ("en", "They died on New Year's Eve.", "2017-12-31"),
        ("en", "They died on 2018-01-30.", "2018-01-30"),
        ("ru", "Они погибли в среду.", "2018-02-07"),
        ("ru", "Они погибли в ночь на среду.", "2018-02-06"),
        ("ru", "Они погибли в ночь на 5 февраля.", "2018-02-04"),
        ("ru", "Они погибли 31 числа.", "2018-01-31"),
        ("ru", "Они погибли за минувшие сутки.", "2018-02-08"),
        ("ru", "Они погибли 16.01 к югу от города.", "2018-01-16"),
        ("uk", "Вони загинули у четвер.", "2018-02-08"),
        ("uk", "Вони загинули минулої доби.", "2018-02-08"),
        ("ar", "قتلوا يوم الأربعاء.", "2018-02-07"),
        ("ar", "قتلوا في 9 تشرين الأول.", "2017-10-09"),
        ("ar", "قتلوا خلال اليومين الماضيين.", "2018-02-07"),
        ("ar", "قتلوا مساء أمس.", "2018-02-08"),
        ("tr", "Çarşamba günü öldüler.", "2018-02-07"),
        ("tr", "3 Ocak'ta öldüler.", "2018-01-03"),
        ("tr", "Dün akşam öldüler.", "2018-02-08"),
        ("tr", "Son 24 saatte öldüler.", "2018-02-08"),
        ("en", "They died over the past 24 hours.", "2018-02-08"),
        ("en", "They died on Tuesday last week.", "2018-01-30"),
        ("en", "They died a week ago.", "2018-02-02"),
        ("en", "They were hit on January 30 and died two days later.", "2018-02-01"),
        ("en", "They died on the night of 3 to 4 February.", "2018-02-03"),
        ("en", "They died on 01/30/2018.", "2018-01-30"),
        ("en", "They died on the thirty-first of January.", "2018-01-31"),
        ("ru", "Они погибли вечером 28-го, на базе.", "2018-01-28"),
        ("ru", "Они погибли 31-го числа.", "2018-01-31"),
        ("ru", "Они погибли в ночь на 5-е.", "2018-02-04"),
        ("ru", "Они погибли 8.11.17 на базе.", "2017-11-08"),
        ("ru", "Они погибли в ходе ночной операции.", "2018-02-08"),
        ("ru", "Они погибли в среду на прошлой неделе.", "2018-01-31"),
        ("uk", "Вони загинули в ніч на восьме.", "2018-02-07"),
        ("uk", "Вони загинули уночі проти 5 лютого.", "2018-02-04"),
        ("ar", "قتلوا في التاسع من كانون الثاني/يناير 2018", "2018-01-09"),
        ("ar", "قتلوا قبل أسبوع", "2018-02-02"),
        ("tr", "Çarşambadan beri üç kişi öldü.", "2018-02-07"),
        ("tr", "Geçen hafta salı günü öldüler.", "2018-01-30"),
        ("tr", "3 Şubat'ı 4 Şubat'a bağlayan gece öldüler.", "2018-02-03"),
    ],
)
def test_a_date_means_its_day(language: str, text: str, expected: str) -> None:
    assert expected in days(text, language)


def test_a_night_means_the_day_it_began_and_nothing_else() -> None:
    assert days("Они погибли в ночь на среду.", "ru") == ["2018-02-06"]
    assert days("They died on Monday night.") == ["2018-02-05"]


@pytest.mark.parametrize("text", ["They died in late January.", "They died last December.", "They died in April '16."])
def test_a_month_alone_is_no_day(text: str) -> None:
    assert days(text) == []


def test_a_part_of_a_named_day_is_not_today() -> None:
    assert days("Они погибли вечером 3 февраля.", "ru") == ["2018-02-03"]


def test_a_month_named_twice_is_one_date() -> None:
    assert days("قتلوا في 9 كانون الثاني/يناير 2018", "ar") == ["2018-01-09"]


def test_a_numbered_unit_is_no_day() -> None:
    assert days("Погибли бойцы 5-го корпуса.", "ru") == []


@pytest.mark.parametrize(("clock", "expected"), [("11:20", "2018-02-09"), ("23:40", "2018-02-08")])
def test_a_bare_hour_is_of_the_day_it_last_struck(clock: str, expected: str) -> None:
    assert days(f"Contact was lost at {clock}.") == [expected]


def test_an_hour_of_a_named_day_is_no_other_day() -> None:
    assert days("Contact was lost at 23:40 on Tuesday.") == ["2018-02-06"]


def test_a_full_date_inside_a_sentence_is_no_furniture() -> None:
    assert days("09 Şubat 2018 saat 08.40'ta öldüler.", "tr") == ["2018-02-09"]


def test_four_people_are_no_thursday() -> None:
    assert days("Загинули четверо бійців.", "uk") == []


def test_a_dateline_is_where_weekdays_are_counted_from_and_no_day_of_the_event() -> None:
    assert days("BEIRUT, Feb 8 - They died on Friday.") == ["2018-02-02"]
    assert days("Damascus. 8 February. They died yesterday.", title="A title of many words over a short report") == [
        "2018-02-07"
    ]


def test_the_date_of_the_page_itself_is_left_out() -> None:
    assert days("Published February 9 2018 Rebels died on Sunday.") == ["2018-02-04"]


def test_a_day_earlier_is_counted_from_the_day_just_named() -> None:
    assert "2018-02-02" in days("One died on February 3, two a day earlier.")


@pytest.mark.parametrize(("latest", "expected"), [(False, date(2018, 2, 9)), (True, date(2018, 2, 2))])
def test_the_same_weekday_is_today_unless_it_was_the_last_one(latest: bool, expected: date) -> None:  # noqa: FBT001
    assert weekday_before(FRIDAY.date(), 4, latest=latest) == expected


def test_impossible_dates_are_no_dates() -> None:
    assert days("They died on February 31. They died on 45.13.2017.") == []


def read_day(text: str) -> date | None:
    (claim,) = shared_reader().read(item(text, when=FRIDAY)).claims
    return claim.date


def test_the_day_of_the_event_is_taken_not_that_of_the_speaking() -> None:
    said = "Four Turkish soldiers were killed near Afrin on Tuesday, the Turkish Defence Ministry said on Thursday."
    assert read_day(said) == date(2018, 2, 6)


def test_a_day_is_handed_on_to_the_next_sentence() -> None:
    text = "Rebels attacked an army post in Idlib on Tuesday. Five Syrian soldiers were killed, the Observatory said."
    assert read_day(text) == date(2018, 2, 6)


def test_no_day_is_made_up() -> None:
    assert read_day("Five Syrian soldiers were killed in Idlib, the Syrian Observatory said.") is None
