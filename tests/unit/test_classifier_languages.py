from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from services.classifier.app import counted_as
from services.classifier.claims.dates import moments
from services.classifier.claims.numbers import counts
from services.classifier.data import HERE, load_lexicon, load_theatre
from services.classifier.languages import languages
from services.classifier.lexicon import SCRIPTS, Lexicon, read_rows
from services.classifier.reading import Reading, read_document
from services.classifier.settings import ClassifierSettings

FILES = ("words.tsv", "forces.tsv", "dates.tsv", "speech.tsv", "causes.tsv", "companions.tsv")
OUTCOMES = frozenset({"killed", "wounded", "missing", "captured"})
FRIDAY = datetime(2018, 2, 9, 12, tzinfo=UTC)
TAUGHT = ("de", "fr", "es", "it", "pt")
"""Languages read by data alone, without labelled passages of their own."""
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


@pytest.mark.parametrize("language", TAUGHT)
@pytest.mark.parametrize("files", [("words.tsv", "dates.tsv"), ("forces.tsv",), ("speech.tsv",), ("causes.tsv",)])
def test_a_language_by_data_alone_knows_every_class_that_english_knows(language: str, files: tuple[str, ...]) -> None:
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
        ("es", "Cuatro soldados turcos murieron cerca de Idlib.", "TR.nat", "soldier.pl", "killed.i"),
        ("es", "Dos milicianos de las YPG resultaron heridos.", "SDF.org", "fighter.pl", "wounded.i"),
        ("it", "Sei ribelli sono stati uccisi vicino ad Aleppo.", "OPP.org", "rebel.pl", "killed.v"),
        ("it", "Un soldato dell'esercito russo è disperso.", "RU.org", "soldier.sg", "missing.i"),
        ("pt", "Cinco soldados turcos morreram em Taftanaz.", "TR.nat", "soldier.pl", "killed.i"),
        ("pt", "O Daesh capturou um piloto sírio.", "IS.org", "pilot.sg", "captured.v"),
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
        ("fr", "une dizaine de soldats", 9, 11),
        ("fr", "au moins une vingtaine de rebelles", 20, None),
        ("fr", "plus d'une centaine d'hommes", 101, None),
        ("fr", "une douzaine de soldats", 12, 12),
        ("es", "al menos treinta y un soldados", 31, None),
        ("es", "ciento veintidós rebeldes", 122, 122),
        ("es", "más de 200 mercenarios", 201, None),
        ("es", "unos 20 milicianos", 18, 22),
        ("es", "entre 20 y 30 combatientes", 20, 30),
        ("es", "casi 40 soldados", 36, 40),
        ("es", "una decena de soldados", 9, 11),
        ("es", "decenas de soldados", 20, None),
        ("es", "una docena de soldados", 12, 12),
        ("it", "almeno quarantotto soldati", 48, None),
        ("it", "oltre duecento ribelli", 201, None),
        ("it", "circa 20 miliziani", 18, 22),
        ("it", "tra 20 e 30 combattenti", 20, 30),
        ("it", "fino a 30 mercenari", None, 30),
        ("it", "una decina di soldati", 9, 11),
        ("it", "un'ottantina di soldati", 72, 88),
        ("it", "decine di soldati", 20, None),
        ("pt", "pelo menos vinte e um soldados", 21, None),
        ("pt", "mais de 200 mercenários", 201, None),
        ("pt", "cerca de 20 milicianos", 18, 22),
        ("pt", "entre 20 e 30 combatentes", 20, 30),
        ("pt", "dezasseis rebeldes", 16, 16),
        ("pt", "uma dezena de soldados", 9, 11),
        ("pt", "dezenas de soldados", 20, None),
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
        ("es", "Murieron el miércoles.", "2018-02-07"),
        ("es", "Murieron el 3 de febrero.", "2018-02-03"),
        ("es", "Murieron el 1º de febrero.", "2018-02-01"),
        ("es", "Murieron hace dos días.", "2018-02-07"),
        ("es", "Murieron en la noche del martes al miércoles.", "2018-02-06"),
        ("it", "Sono morti mercoledì.", "2018-02-07"),
        ("it", "Sono morti il 3 febbraio.", "2018-02-03"),
        ("it", "Sono morti il 1° febbraio.", "2018-02-01"),
        ("it", "Sono morti due giorni fa.", "2018-02-07"),
        ("it", "Sono morti nella notte tra martedì e mercoledì.", "2018-02-06"),
        ("pt", "Morreram na quarta-feira.", "2018-02-07"),
        ("pt", "Morreram a 3 de fevereiro.", "2018-02-03"),
        ("pt", "Morreram no dia 1º de fevereiro.", "2018-02-01"),
        ("pt", "Morreram há dois dias.", "2018-02-07"),
        ("pt", "Morreram na noite de terça para quarta-feira.", "2018-02-06"),
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


def test_languages_that_sources_make_up_are_counted_as_one() -> None:
    made_up = [first + second + third for first in "qx" for second in "abcdef" for third in "abcdef"]
    assert {counted_as(language) for language in made_up} == {"other"}
    assert {counted_as(language) for language in languages()} == set(languages())
    assert counted_as(None) == "unknown"
