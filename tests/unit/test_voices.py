from __future__ import annotations

import pytest

from services.alerter import voices
from services.alerter.parties import read, register
from shared.messages import SourceRef
from tests.support.statements import claim, raw, statement


@pytest.mark.parametrize(
    ("words", "language", "party"),
    [
        ("the Russian Defence Ministry", "en", "Russian Defence Ministry"),
        ("Russia's Defense Ministry spokesman Igor Konashenkov", "en", "Russian Defence Ministry"),
        ("Минобороны РФ", "ru", "Russian Defence Ministry"),
        ("Министерстве обороны", "ru", "Russian Defence Ministry"),
        ("وزارة الدفاع الروسية", "ar", "Russian Defence Ministry"),
        ("Rusya Savunma Bakanlığı", "tr", "Russian Defence Ministry"),
        ("Міноборони РФ", "uk", "Russian Defence Ministry"),
        ("Syrian Observatory for Human Rights", "en", "SOHR"),
        ("Сирийский центр мониторинга за соблюдением прав человека", "ru", "SOHR"),
        ("المرصد السوري لحقوق الإنسان", "ar", "SOHR"),
        ("Suriye İnsan Hakları Gözlemevi", "tr", "SOHR"),
        ("Сирійською обсерваторією", "uk", "SOHR"),
        ("MSB", "tr", "Turkish authorities"),
        ("минобороны Турции", "ru", "Turkish authorities"),
    ],
)
def test_a_speaker_is_one_party_however_spelled(words: str, language: str, party: str) -> None:
    assert voices.voice(claim(attributed_to=words), raw(), language) == party


def test_the_party_the_reader_named_goes_first() -> None:
    assert voices.voice(claim(attributed_to="Moscow", party="Kremlin"), raw(), "en") == "Kremlin"


def test_unnamed_sources_are_a_voice_of_their_own_per_outlet() -> None:
    said = claim(attributed_to="a source close to Hezbollah")
    here, there = (voices.voice(said, raw(outlet=outlet), "en") for outlet in ("Reuters", "Outlet"))
    assert here != there
    assert "Hezbollah" not in {here, there}


def test_unnamed_sources_relayed_by_one_agency_are_one_voice() -> None:
    said = claim(attributed_to="opposition sources", relayed_by="Anadolu Agency")
    assert len({voices.voice(said, raw(outlet=outlet), "en") for outlet in ("A", "B")}) == 1


def test_a_forward_is_its_origins_voice() -> None:
    item = raw(outlet="Some channel", forwarded_from="https://t.me/mod_russia/55")
    assert voices.voice(claim(), item, "ru") == "Russian Defence Ministry"
    assert voices.outlet(raw(forwarded_from="https://t.me/s/unknown_channel/9")) == "unknown_channel"


def test_a_channel_of_a_party_speaks_as_the_party() -> None:
    source = SourceRef(id="mod_russia", name="Минобороны России", kind="telegram")
    assert voices.voice(claim(), raw(source=source), "ru") == "Russian Defence Ministry"


def test_a_wire_story_is_its_agencys_voice() -> None:
    assert voices.voice(claim(), raw(outlet="Local Paper", byline="By Reuters staff"), "en") == "Reuters"


@pytest.mark.parametrize(("wire", "agency"), [("Reuters", "Reuters"), ("AP", "AP"), ("ТАСС", "TASS")])
def test_a_story_with_an_agencys_tag_is_its_agencys_voice(wire: str, agency: str) -> None:
    assert voices.outlet(raw(outlet="Local Paper", wire=wire, byline="Jane Doe")) == agency


def test_an_unknown_tag_leaves_the_story_to_its_outlet() -> None:
    assert voices.outlet(raw(outlet="Local Paper", wire="Village Press")) == "Local Paper"


def test_outlets_of_one_owner_are_one_voice() -> None:
    shared_owner = [SourceRef(id=name, name=name, kind="rss", owner="Holding") for name in ("one", "two")]
    assert {voices.voice(claim(), raw(source=source), "en") for source in shared_owner} == {"Holding"}
    assert voices.outlet(raw(outlet="Vesti")) == "VGTRK"


def test_a_near_copy_counts_as_the_first_who_said_it() -> None:
    first = statement(
        claim(4, evidence="Four Russian officers were killed near Aleppo on Saturday evening"), voice="First"
    )
    copy = claim(4, evidence="Four Russian officers were killed near Aleppo on Saturday evening, reports say")
    assert voices.copied(copy, [first]) == "First"


def test_a_near_copy_with_another_number_is_no_copy() -> None:
    first = statement(
        claim(4, evidence="4 Russian officers were killed near Aleppo on Saturday evening"), voice="First"
    )
    assert (
        voices.copied(claim(5, evidence="5 Russian officers were killed near Aleppo on Saturday evening"), [first])
        is None
    )


def test_operators_extend_the_parties() -> None:
    own = '[[party]]\nname = "White Helmets"\nkind = "monitor"\nspelled = ["white helmets", "белые каски"]\n'
    known = read(own)
    assert known.find("say the White Helmets", "en") == "White Helmets"
    assert register().find("say the White Helmets", "en") is None
