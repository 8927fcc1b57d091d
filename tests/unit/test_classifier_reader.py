from __future__ import annotations

from datetime import date

import pytest

from services.classifier.classify import MODELS, Reader
from services.classifier.confidence import PARTS, Confidence
from services.classifier.data import Lexicons, load_theatre
from services.classifier.explanation import explain
from services.classifier.gate import Glance
from services.classifier.network.network import Network
from tests.support.reader import item, shared_reader


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Six Turkish soldiers were killed near Saraqib on Wednesday, the Turkish Defence Ministry said.",
            ("killed", 6, 6, "TR", "confirmed", "Idlib", "Turkish authorities"),
        ),
        (
            "At least nine Hezbollah fighters were wounded in clashes near Palmyra, the Syrian Observatory said.",
            ("wounded", 9, None, "HZB", "reported", "Homs", "SOHR"),
        ),
        (
            "Четверо российских военных погибли в провинции Хама, сообщило Минобороны РФ.",
            ("killed", 4, 4, "RU", "confirmed", "Hama", "Russian Defence Ministry"),
        ),
        (
            "Под Пальмирой погибли пятеро бойцов ЧВК «Вагнер», пишет «Фонтанка».",
            ("killed", 5, 5, "RU-PMC", "reported", "Homs", "Fontanka"),
        ),
        (
            "أعلنت وزارة الدفاع التركية مقتل ثلاثة جنود أتراك في ريف إدلب.",
            ("killed", 3, 3, "TR", "confirmed", "Idlib", "Turkish authorities"),
        ),
        (
            "Milli Savunma Bakanlığı, İdlib'de üç askerin şehit olduğunu açıkladı.",
            ("killed", 3, 3, "TR", "confirmed", "Idlib", "Turkish authorities"),
        ),
        (
            "У провінції Хама загинули двоє російських військових, повідомило Міноборони РФ.",
            ("killed", 2, 2, "RU", "confirmed", "Hama", "Russian Defence Ministry"),
        ),
    ],
)
def test_plain_sentences_are_read_right_in_every_language(text: str, expected: tuple[object, ...]) -> None:
    tagged = shared_reader().read(item(text))
    assert tagged.relevant
    read = [(c.outcome, c.min, c.max, c.force, c.stance, c.governorate, c.party) for c in tagged.claims]
    assert read == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "Twelve civilians, five of them children, were killed in an air raid on Idlib, rescue workers said.",
        "Ukraine's army said nine Russian soldiers were killed near Bakhmut on Tuesday.",
        "The Syrian president received the Russian foreign minister in Damascus to discuss trade.",
        "В Харьковской области погибли трое российских военных, сообщил Генштаб ВСУ.",
        "",
        "\x00\x00",
    ],
)
def test_what_is_not_about_combatants_in_syria_is_irrelevant(text: str) -> None:
    tagged = shared_reader().read(item(text))
    assert (tagged.relevant, tagged.claims) == (False, ())
    assert tagged.reasons


def test_a_text_in_two_languages_is_read_in_both() -> None:
    raw = item(
        "Six Turkish soldiers were killed near Saraqib on Wednesday, the Turkish Defence Ministry said.\n"
        "Под Пальмирой в среду погибли четверо российских военных, сообщило Минобороны РФ."
    )
    read = {(c.force, c.min, c.governorate) for c in shared_reader().read(raw).claims}
    assert read == {("TR", 6, "Idlib"), ("RU", 4, "Homs")}


def test_a_page_is_looked_at_before_its_body_is() -> None:
    page = "<html><head><style>p {{}}</style></head><body><nav>Sport</nav><p>{}</p></body></html>"
    glance = Glance.load(MODELS / "gate.tsv")
    assert glance.opens_page(page.format("Six Turkish soldiers were killed near Saraqib, the ministry said."))
    assert not glance.opens_page(page.format("The council put the vote on the new library off until next week."))


def test_an_unknown_language_is_unread_not_irrelevant() -> None:
    tagged = shared_reader().read(item("ארבעה חיילים רוסים נהרגו ליד חלב ביום שני, כך נמסר ממשרד ההגנה."))
    assert (tagged.read, tagged.lang) == (False, "he")
    assert "not read" in tagged.reasons[0]


def test_a_deleted_version_makes_no_claims() -> None:
    tagged = shared_reader().read(item("Four Russian soldiers were killed near Aleppo.", change="deleted"))
    assert (tagged.relevant, tagged.claims, tagged.reasons) == (False, (), ("deleted by its source",))


def test_evidence_and_spans_stand_in_the_document() -> None:
    raw = item(
        "🇷🇺 Moscow\u200f said: «four Russian officers» were k\u00adilled near Aleppo. "
        "Three Russian soldiers were wounded by a mine in Latakia, the Russian Defence Ministry said.",
        title="Officers killed in Syria",
    )
    tagged = shared_reader().read(raw)
    assert tagged.claims
    for claim in tagged.claims:
        assert raw.document[claim.start : claim.end] == claim.evidence
        assert all(0 <= span.start < span.end <= len(raw.document) for span in claim.spans)
        assert {span.field for span in claim.spans} >= {"count", "stance"}


def test_the_same_item_is_read_the_same_twice() -> None:
    raw = item("Two Iranian advisers were killed in Aleppo on Monday, Fars said.")
    assert shared_reader().read(raw) == shared_reader().read(raw)


def test_days_are_read_against_the_publication() -> None:
    tagged = shared_reader().read(item("Two Russian soldiers were killed on Wednesday in a mortar attack near Aleppo."))
    assert [(c.date, c.cause) for c in tagged.claims] == [(date(2018, 2, 7), "mortar")]


@pytest.mark.parametrize(
    "text",
    ["12 " * 5000, "9" * 5000 + " soldiers", "((((" * 5000 + "soldiers killed in Syria", '"' * 9000, "قتل " * 5000],
)
def test_hostile_texts_are_read_to_the_end(text: str) -> None:
    assert shared_reader().read(item("killed in Syria " + text)).reasons


def test_an_explanation_shows_the_spans_and_what_was_nearly_a_claim() -> None:
    raw = item("Six Turkish soldiers were killed near Saraqib, the Turkish Defence Ministry said.")
    explained = explain(shared_reader(), raw)
    assert explained.relevant
    shown = {span.field: words for span, words in explained.claims[0].spans}
    assert "Six Turkish soldiers" in shown["count"]
    assert "Saraqib" in shown["place"]
    rules = {span.field: span.rule for span, _ in explained.claims[0].spans}
    assert all(rule.endswith(")") for rule in rules.values()), "each rule ends in its chance"


def test_claims_of_little_confidence_are_shown_but_not_told() -> None:
    theatre = load_theatre()
    doubter = Reader(
        theatre=theatre,
        lexicons=Lexicons(["en"], theatre),
        glance=Glance.load(MODELS / "gate.tsv"),
        network=Network.load(MODELS, theatre),
        confidence=Confidence(bias=-3.0, weights=dict.fromkeys(PARTS, 0.0)),
    )
    raw = item("Six Turkish soldiers were killed near Saraqib, the Turkish Defence Ministry said.")
    explained = explain(doubter, raw)
    assert (explained.claims, explained.relevant) == ((), True)
    assert "1 dropped: too unsure" in explained.reasons
    assert "Six Turkish soldiers" in [near.words for near in explained.rejected if "(0.05)" in near.reason]


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Two Turkish soldiers were killed in Idlib.", "en", (2, 2, "TR")),
        ("Afrin'de iki asker şehit oldu.", "tr", (2, 2, "TR")),
        ("Three Syrian soldiers were killed near Palmyra on Monday.", "en", (3, 3, "SY")),
    ],
)
def test_a_plain_sentence_of_a_few_words_is_read(text: str, lang: str, expected: tuple[int, int, str]) -> None:
    (claim,) = shared_reader().read(item(text, lang=lang)).claims
    assert (claim.min, claim.max, claim.force) == expected


def test_a_risen_toll_is_one_claim() -> None:
    text = (
        "The number of Turkish soldiers killed in the strike near Balyun in Idlib has risen to 33, the governor said."
    )
    claims = [claim for claim in shared_reader().read(item(text)).claims if claim.outcome == "killed"]
    assert [(claim.min, claim.max) for claim in claims] == [(33, 33)]
