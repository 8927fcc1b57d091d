"""Sources as OPML: a round trip keeps all that we know; files of others are read at any depth, hostile ones refused."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from services.collector.catalogue import catalogue
from services.collector.opml import MOST_BYTES, NotOpml, free_id, read_opml, write_opml
from services.collector.settings import SourceSettings


def opml(*outlines: str, head: str = '<?xml version="1.0"?>') -> bytes:
    return f'{head}<opml version="1.0"><head/><body>{"".join(outlines)}</body></opml>'.encode()


def test_the_catalogue_survives_a_round_trip() -> None:
    assert read_opml(write_opml(catalogue())).sources == catalogue()


def test_every_attribute_survives_a_round_trip() -> None:
    sources = (
        SourceSettings(
            id="a.b-c_d", name='Ünïcødé & "quotes" <tag> \u202e', kind="sitemap", url="https://e.org/s.xml?a=1&b=2",
            language="ar", country="SY", side="OPP", owner="o", reliability="B", interval=90, full_text="never",
        ),
        SourceSettings(id="tg", name="قناة", kind="telegram", channel="Example_1", via="account"),
    )  # fmt: skip
    first, second = read_opml(write_opml(sources)).sources
    assert first == sources[0].model_copy(update={"name": 'Ünïcødé & "quotes" <tag>'})
    assert second == sources[1]


def test_other_programs_find_feeds_where_they_look() -> None:
    root = ET.fromstring(write_opml(catalogue()[:2]))
    first = root.findall("./body/outline")[0].attrib
    assert (first["type"], first["text"]) == ("rss", "The Moscow Times")
    assert first["xmlUrl"] == "https://www.themoscowtimes.com/rss/news"


def test_nested_folders_are_looked_through_and_nothing_is_taken_twice() -> None:
    deep = '<outline text="d">' * 200 + '<outline text="Deep" xmlUrl="https://deep.example/rss"/>' + "</outline>" * 200
    found = read_opml(
        opml(
            '<outline text="News">',
            '<outline text="A" title="A &amp; B" xmlUrl="https://a.example/feed" language="en-us"/>',
            '<outline text="again" xmlUrl="https://a.example/feed"/></outline>',
            '<outline text="A b" xmlUrl="https://b.example/feed"/>',
            '<outline text="A link" type="link" url="https://e.example/"/>',
            '<outline text="Channel" xmlUrl="https://t.me/s/example_channel"/>',
            deep,
        ),
        taken={"deep"},
    )
    assert [(one.id, one.url or one.channel) for one in found.sources] == [
        ("a-b", "https://a.example/feed"),
        ("a-b-2", "https://b.example/feed"),
        ("tg-example_channel", "example_channel"),
        ("deep-2", "https://deep.example/rss"),
    ]
    assert (found.sources[0].name, found.sources[0].language) == ("A & B", "en")


@pytest.mark.parametrize(
    "outline",
    [
        '<outline text="x" xmlUrl="ftp://e.example/feed"/>',
        '<outline text="x" xmlUrl="https://user:secret@e.example/feed"/>',
        '<outline text="x" xmlUrl="javascript:alert(1)"/>',
        '<outline text="x" xmlUrl="https://[bad/feed"/>',
        '<outline text="x" xmlUrl="https://e.example/" xmlns:cw="urn:claimwatch:opml" cw:kind="exec"/>',
        '<outline text="x" xmlUrl="https://e.example/" xmlns:cw="urn:claimwatch:opml" cw:reliability="Z"/>',
    ],
)
def test_what_is_no_source_is_left_out_with_its_reason(outline: str) -> None:
    found = read_opml(opml(outline, '<outline text="good" xmlUrl="https://good.example/"/>'))
    assert [one.name for one in found.sources] == ["good"]
    (reason,) = found.left_out
    assert reason.startswith("x: ")
    assert "secret" not in reason


LAUGHS = '<!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not well-formed"),
        (b"<html/>", "not <opml>"),
        (b"<opml><body>", "not well-formed"),
        (b'{"opml": 1}', "not well-formed"),
        (b'<?xml version="1.0" encoding="x-none"?><opml/>', "it "),
        (opml('<outline text="&b;" xmlUrl="https://e.example/"/>', head=LAUGHS), "document type"),
        (opml(head='<!DOCTYPE opml SYSTEM "file:///etc/passwd">'), "document type"),
        (opml(head='<!DOCTYPE opml [<!ENTITY x SYSTEM "http://127.0.0.1/">]>'), "document type"),
        ((LAUGHS + '<opml a="&b;"/>').encode("utf-16"), "document type"),
        (b" " * (MOST_BYTES + 1), "larger than"),
        (opml('<outline xmlUrl="https://e.example/"/>' * 5_001), "more than"),
    ],
)
def test_what_is_no_opml_or_means_harm_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(NotOpml, match=said):
        read_opml(body)


@pytest.mark.parametrize(
    ("text", "taken", "made"),
    [
        ("www.example.org", set(), "example-org"),
        ("The Émigré Post!", set(), "the-emigre-post"),
        ("Новости", set(), "source"),
        ("a", {"a", "a-2"}, "a-3"),
        ("x" * 500, set(), "x" * 56),
    ],
)
def test_ids_are_made_from_what_there_is(text: str, taken: set[str], made: str) -> None:
    assert free_id(text, taken) == made


@pytest.mark.timeout(30)
def test_thousands_of_sources_of_one_name_all_get_ids_of_their_own() -> None:
    found = read_opml(opml(*(f'<outline text="same" xmlUrl="https://e.example/{n}"/>' for n in range(3000))))
    assert len({one.id for one in found.sources}) == 3000
