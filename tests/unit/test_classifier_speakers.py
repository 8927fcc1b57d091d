from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.classifier.claims.speakers import Speaker, publisher, speakers
from services.classifier.data import load_lexicon, load_theatre
from services.classifier.reading import Reading, read_document
from shared.messages import SourceRef
from tests.support.reader import item, shared_reader

THEATRE = load_theatre()


def heard(text: str, language: str) -> tuple[Reading, list[Speaker]]:
    reading = read_document(text, language, load_lexicon(language, THEATRE), datetime(2018, 2, 9, tzinfo=UTC), 0)
    return reading, speakers(reading)


def names(text: str, language: str) -> dict[str, str]:
    """Return the words of each speaker that stands in a frame of speech, with the frame."""
    reading, found = heard(text, language)
    return {reading.words(s.first, s.last): s.frame.rstrip("012") for s in found if s.frame != "none"}


@pytest.mark.parametrize(
    ("language", "text", "name", "frame"),
    [
        ("en", "Two soldiers died, according to a former fighter.", "fighter", "pre"),
        ("en", "The Tamarisk Brigade said two of its men had died.", "The Tamarisk Brigade", "before"),
        ("ru", "По словам дяди погибшего, колонна попала в засаду.", "дяди", "pre"),
        ("ru", "Двое военных погибли, сообщил генштаб Турции.", "генштаб Турции", "after"),
        ("uk", "CENTCOM: у катастрофі поранено двох солдатів.", "CENTCOM", "colon"),
        ("ar", "قتل جنديان بحسب مصدر طبي في حمص.", "مصدر", "pre"),
        ("tr", "Valiliğin verilerine göre iki asker öldü.", "Valiliğin", "post"),
        ("tr", "Genelkurmay, dün gece sınır hattında iki askerin yaralandığını duyurdu.", "Genelkurmay", "around"),
    ],
)
def test_frames_of_speech_name_the_speaker(language: str, text: str, name: str, frame: str) -> None:
    found = names(text, language)
    assert any(name in words and kind == frame for words, kind in found.items()), found


def test_he_added_takes_the_last_speaker_up_again() -> None:
    _, found = heard("The Syrian Observatory said nine rebels died. Four more were captured, it said.", "en")
    assert [s.again for s in found if s.party is not None and THEATRE.parties[s.party].name == "SOHR"] == [(1,)]


def test_the_bare_ministry_is_the_one_named_before() -> None:
    reading, found = heard(
        "The Russian Defence Ministry said two pilots died. The ministry said the crew had no time to eject.", "en"
    )
    assert [reading.words(s.first, s.last) for s in found] == ["The Russian Defence Ministry"]
    assert found[0].again == (1,)


def test_a_generic_mention_is_told_by_its_name() -> None:
    reading, found = heard(
        "Nine rebels died, a monitor said. The Syrian Observatory for Human Rights said so on Monday.", "en"
    )
    sohr = {
        reading.words(s.first, s.last) for s in found if s.party is not None and THEATRE.parties[s.party].name == "SOHR"
    }
    assert sohr == {"The Syrian Observatory for Human Rights"}


@pytest.mark.parametrize(
    ("outlet", "party"),
    [
        ("SANA", "Syrian authorities"),
        ("Минобороны России", "Russian Defence Ministry"),
        ("Reuters", None),
        ("Wire", None),
    ],
)
def test_an_authority_owns_its_outlets(outlet: str, party: str | None) -> None:
    owner = publisher(outlet, THEATRE)
    assert (owner.name if owner else None) == party


def test_what_an_authority_says_on_its_own_channel_is_confirmed_by_it() -> None:
    source = SourceRef(id="mod", name="Минобороны России", kind="telegram")
    raw = item("В провинции Хама погибли двое российских военнослужащих.").model_copy(update={"source": source})
    (claim,) = shared_reader().read(raw).claims
    assert (claim.stance, claim.attributed_to, claim.party) == ("confirmed", None, "Russian Defence Ministry")


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("ru", "Пресс-центр СДС сообщил о потерях.", "SDF"),
        ("ar", "قالت شبكة شام إن الاشتباكات مستمرة", "Shaam Network"),
        ("en", "Horan Free League counted them.", "Horan Free League"),
        ("tr", "Beyaz Baretliler açıkladı.", "White Helmets"),
        ("de", "Das US-Zentralkommando teilte mit.", "US military"),
        ("fr", "L'OSDH a compté les morts.", "SOHR"),
        ("es", "El Observatorio contó los muertos.", "SOHR"),
        ("es", "El Ministerio de Defensa ruso lo desmintió.", "Russian Defence Ministry"),
        ("it", "L'Osservatorio siriano ha contato i morti.", "SOHR"),
        ("it", "Lo ha annunciato il ministero della Difesa di Mosca.", "Russian Defence Ministry"),
        ("pt", "Teerão desmentiu.", "Iranian authorities"),
        ("pt", "O estado-maior turco confirmou as mortes.", "Turkish authorities"),
    ],
)
def test_a_party_is_known_in_its_spellings(language: str, text: str, name: str) -> None:
    theatre = load_theatre()
    reading = read_document(f"\n{text}", language, load_lexicon(language, theatre), datetime(2018, 2, 9, tzinfo=UTC), 0)
    assert name in {theatre.parties[int(mark.value)].name for mark in reading.kinds.get("party", ())}


def test_every_party_has_one_row() -> None:
    names = [party.name for party in load_theatre().parties]
    assert len(names) == len(set(names))
