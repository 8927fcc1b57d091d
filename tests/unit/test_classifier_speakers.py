from __future__ import annotations

import pytest

from services.classifier.claims.speakers import publisher
from services.classifier.data import load_theatre
from shared.messages import SourceRef
from tests.support.reader import item, shared_reader
from tests.support.weighing import reading_of

THEATRE = load_theatre()


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
    reading = reading_of(text, language)
    assert name in {THEATRE.parties[int(mark.value)].name for mark in reading.kinds.get("party", ())}


def test_every_party_has_one_row() -> None:
    names = [party.name for party in THEATRE.parties]
    assert len(names) == len(set(names))
