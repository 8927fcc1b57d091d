from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from services.classifier.claims.dates import moments
from services.classifier.claims.numbers import counts
from services.classifier.data import HERE, load_lexicon, load_theatre
from services.classifier.languages import languages
from services.classifier.lexicon import SCRIPTS, Lexicon, read_rows
from services.classifier.reading import Reading, read_document
from services.classifier.settings import ClassifierSettings

FILES = ("words.tsv", "forces.tsv", "dates.tsv", "speech.tsv", "causes.tsv")
OUTCOMES = frozenset({"killed", "wounded", "missing", "captured"})
FRIDAY = datetime(2018, 2, 9, 12, tzinfo=UTC)
LEXICONS: dict[str, Lexicon] = {}


def reading(language: str, text: str) -> Reading:
    if language not in LEXICONS:
        LEXICONS[language] = load_lexicon(language, load_theatre())
    return read_document("\n" + text, language, LEXICONS[language], FRIDAY, 0)


def classes(language: str, *files: str) -> set[str]:
    return {row[0] for file in files for row in read_rows(HERE / "languages" / language / file)}


@pytest.mark.parametrize("language", languages())
def test_every_language_says_how_it_is_written_and_has_all_its_files(language: str) -> None:
    assert languages()[language].script in SCRIPTS
    assert languages()[language].name
    assert all((HERE / "languages" / language / file).is_file() for file in FILES)


@pytest.mark.parametrize("language", ["de", "fr"])
@pytest.mark.parametrize("files", [("words.tsv", "dates.tsv"), ("forces.tsv",), ("speech.tsv",), ("causes.tsv",)])
def test_german_and_french_know_every_class_that_english_knows(language: str, files: tuple[str, ...]) -> None:
    assert classes("en", *files) - classes(language, *files) == set()


@pytest.mark.parametrize("language", languages())
def test_every_language_has_words_for_every_outcome(language: str) -> None:
    rows = read_rows(HERE / "languages" / language / "words.tsv")
    assert {value.partition(".")[0] for kind, value, _ in rows if kind == "out"} == OUTCOMES


@pytest.mark.parametrize(
    ("language", "text", "force", "role", "outcome"),
    [
        ("de", "Vier türkische Soldaten wurden getötet.", "TR.nat", "soldier.pl", "killed.v"),
        ("de", "Zwei Kämpfer der Kurdenmiliz wurden verletzt.", "SDF.org", "fighter.pl", "wounded.v"),
        ("fr", "Un soldat de l'armée russe a été capturé.", "RU.org", "soldier.sg", "captured.v"),
        ("fr", "Six rebelles sont morts près d'Alep.", "OPP.org", "rebel.pl", "killed.i"),
    ],
)
def test_forces_roles_and_outcomes_are_marked(language: str, text: str, force: str, role: str, outcome: str) -> None:
    kinds = reading(language, text).kinds
    for kind, value in (("force", force), ("role", role), ("out", outcome)):
        assert value in {mark.value for mark in kinds[kind]}, kind


@pytest.mark.parametrize(
    ("language", "text", "low", "high"),
    [
        ("de", "mindestens dreiundvierzig Rebellen", 43, None),
        ("de", "mehr als 200 Söldner", 201, None),
        ("de", "zwischen 20 und 30 Kämpfer", 20, 30),
        ("de", "Dutzende Soldaten", 24, None),
        ("fr", "au moins vingt et un soldats", 21, None),
        ("fr", "quatre-vingt-douze combattants", 92, 92),
        ("fr", "plus de 200 mercenaires", 201, None),
        ("fr", "des dizaines de soldats", 20, None),
    ],
)
def test_numbers_become_ranges(language: str, text: str, low: int | None, high: int | None) -> None:
    read = reading(language, text)
    assert [(count.low, count.high) for count in counts(read, 0, len(read.tokens))] == [(low, high)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Sie starben am Mittwoch.", "2018-02-07"),
        ("de", "Sie starben am 3. Februar bei Hama.", "2018-02-03"),
        ("de", "Sie starben am 3.2. bei Hama.", "2018-02-03"),
        ("de", "Sie starben in der Nacht zum Mittwoch.", "2018-02-06"),
        ("de", "Sie starben vor zwei Tagen.", "2018-02-07"),
        ("fr", "Ils sont morts mercredi.", "2018-02-07"),
        ("fr", "Ils sont morts le 3 février.", "2018-02-03"),
        ("fr", "Ils sont morts le 1er février.", "2018-02-01"),
        ("fr", "Ils sont morts il y a deux jours.", "2018-02-07"),
        ("fr", "Ils sont morts dans la nuit de mardi à mercredi.", "2018-02-06"),
    ],
)
def test_a_date_means_its_day(language: str, text: str, expected: str) -> None:
    assert expected in {str(moment.day) for moment in moments(reading(language, text))[0]}


def test_an_elided_article_is_no_part_of_the_word() -> None:
    document = "\nL'armée"
    tokens = reading("fr", "L'armée").tokens
    assert [(token.text, document[token.start : token.end]) for token in tokens] == [("armée", "armée")]


def test_a_language_without_data_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="no data for xx"):
        ClassifierSettings(languages=("en", "xx"))
