from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.classifier.claims.places import places
from services.classifier.data import HERE, Place, Theatre, load_lexicon, load_theatre, ukrainian
from services.classifier.lexicon import Lexicon, read_rows, split_forms
from services.classifier.reading import read_document
from tests.support.reader import item, shared_reader

GOVERNORATES = frozenset(
    {
        *("Aleppo", "Idlib", "Latakia", "Tartus", "Hama", "Homs", "Damascus", "Rif-Dimashq", "Daraa", "Quneitra"),
        *("Suwayda", "Raqqa", "Deir-ez-Zor", "Hasakah"),
    }
)
THEATRE: Theatre = load_theatre()
LEXICONS: dict[str, Lexicon] = {}


def found(text: str, language: str) -> list[Place]:
    if language not in LEXICONS:
        LEXICONS[language] = load_lexicon(language, THEATRE)
    reading = read_document(f"\n{text}", language, LEXICONS[language], datetime(2018, 2, 9, tzinfo=UTC), 0)
    return [THEATRE.places[int(mark.value)] for mark in places(reading, THEATRE.places)]


@pytest.mark.parametrize(
    ("language", "text", "name", "governorate"),
    [
        ("en", "A convoy was hit in Maarat al-Numan.", "Maarat al-Numan", "Idlib"),
        ("en", "Fighting went on in eastern Ghouta.", "Eastern Ghouta", "Rif-Dimashq"),
        ("en", "Fighting went on in rural Damascus.", "Rif Dimashq", "Rif-Dimashq"),
        ("en", "Clashes near Kafr Zeita went on.", "Kafr Zita", "Hama"),
        ("ru", "Бои шли под Кафр-Зитой.", "Kafr Zita", "Hama"),
        ("ru", "Бои шли у Кафр-Набуды.", "Kafr Nabudah", "Hama"),
        ("ru", "Колонна шла к Абу-Кемалю.", "Abu Kamal", "Deir-ez-Zor"),
        ("uk", "Бої точилися біля Телль-Хаміса.", "Tell Hamis", "Hasakah"),
        ("uk", "Бої точилися в Ідлібі.", "Idlib", "Idlib"),
        ("ar", "اشتباكات في اللطامنة", "Latamneh", "Hama"),
        ("ar", "قصف على بلدة بسراقب", "Saraqib", "Idlib"),
        ("tr", "Çatışmalar Resulayn'da sürüyor.", "Ras al-Ayn", "Hasakah"),
        ("tr", "Ayn el-Arab'ın batısında çatışma çıktı.", "Kobani", "Aleppo"),
        ("tr", "Çatışmalar Maarratünnuman'da sürüyor.", "Maarat al-Numan", "Idlib"),
        ("tr", "Teldu girişinde çatışma çıktı.", "Taldou", "Homs"),
        ("tr", "Hacer Esved'de çatışma sürüyor.", "Hajar al-Aswad", "Rif-Dimashq"),
        ("tr", "Tel Hasıl'da toplu mezar bulundu.", "Tell Hasil", "Aleppo"),
        ("tr", "Şifuniye mezarlığı doldu.", "Shifuniyah", "Rif-Dimashq"),
        ("en", "Fighting went on in Da'el and A'zaz.", "Azaz", "Aleppo"),
        ("es", "Los combates siguen en el monte Zauiya.", "Jabal al-Zawiya", "Idlib"),
        ("it", "Si combatte nei pressi della diga di Tabqa.", "Euphrates Dam", "Raqqa"),
        ("pt", "Os combates continuam na prisão central de Alepo.", "Aleppo Central Prison", "Aleppo"),
        ("en", "Shells fell on the Bab al-Salama crossing.", "Bab al-Salama crossing", "Aleppo"),
        ("en", "Shells fell on the village of Qurayya.", "Qurayya", "Suwayda"),
        ("ru", "Бои шли под Эш-Шолой.", "Shula", "Deir-ez-Zor"),
        ("ru", "Колонна шла к аэродрому Рмелана.", "Rumaylan", "Hasakah"),
        ("uk", "Бої точилися біля Мааррат-ен-Нумана.", "Maarat al-Numan", "Idlib"),
        ("ar", "اشتباكات قرب جسر السياسية", "Siyasiyah bridge", "Deir-ez-Zor"),
    ],
)
def test_a_place_is_known_in_its_spellings(language: str, text: str, name: str, governorate: str) -> None:
    assert (name, governorate) in {(place.name, place.governorate) for place in found(text, language)}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "Самолёты Израиля выпустили ракеты даром."),
        ("tr", "Bu da doğru. Sayı 36'ya çıktı."),
        ("ar", "ألقى خطاب عن الزيارة وعرض الصور على الخريطة"),
        ("en", "The mother and her sister were in the garden."),
    ],
)
def test_ordinary_words_and_other_countries_are_no_places(language: str, text: str) -> None:
    assert found(text, language) == []


def test_one_spelling_stands_for_one_place() -> None:
    assert len(found("Fighters fell in Ras Al-Ayn.", "en")) == 1


def test_spellings_that_fold_to_the_same_stand_for_one_place() -> None:
    assert [place.name for place in found("اشتباكات في الرقة", "ar")] == ["Raqqa"]


def test_a_town_is_not_read_out_of_a_country() -> None:
    assert found("سوريا ولبنان", "ar") == []


def test_no_spelling_of_a_sure_place_belongs_to_two_governorates() -> None:
    owners: dict[str, set[str]] = {}
    for _, governorate, _, _, flags, spellings in read_rows(_theatre_file()):
        for form in split_forms(spellings):
            if flags != "ambiguous":
                owners.setdefault(form.strip("+^*~").casefold().replace("-", " "), set()).add(governorate)
    assert {form: where for form, where in owners.items() if len(where) > 1} == {}


def test_a_russian_spelling_gives_the_ukrainian_one() -> None:
    assert ukrainian("Телль-Хамис~") == "Телль-Хаміс~"
    assert ukrainian("Кинсабба") == "Кінсабб~"


def test_every_row_of_the_theatre_is_whole() -> None:
    rows = [row for row in read_rows(_theatre_file()) if row]
    assert len(rows) > 500
    for name, governorate, _, _, flags, spellings in rows:
        assert name
        assert not any("\u0400" <= char <= "\u06ff" for char in name), name
        assert governorate in GOVERNORATES or not governorate, name
        assert flags in {"", "ambiguous"}, name
        assert split_forms(spellings), name


def test_the_place_of_the_event_is_taken_not_that_of_the_speaker() -> None:
    text = "Three Syrian soldiers were killed by a mine near Saraqib, a military source in Damascus said."
    (claim,) = shared_reader().read(item(text)).claims
    assert (claim.place, claim.governorate) == ("Saraqib", "Idlib")


def test_a_place_is_handed_on_to_the_next_sentence() -> None:
    text = "Rebels attacked an army post near Khan Shaykhun. Five Syrian soldiers were killed, the Observatory said."
    (claim,) = shared_reader().read(item(text)).claims
    assert claim.governorate == "Idlib"


def _theatre_file() -> Path:
    return HERE / "theatre" / "places.tsv"


@pytest.mark.parametrize(
    "text", ["Cengiz A. az önce Karkamış'ta öldü.", "Çatışma oldu mu, olmadı mı?", "Dar sokakta ma aile."]
)
def test_an_apostrophe_in_a_romanised_name_leaves_no_turkish_word_behind(text: str) -> None:
    assert found(text, "tr") == []
