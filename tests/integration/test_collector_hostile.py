"""What a server may answer instead of a feed: each is said in words, and no other source suffers."""

from __future__ import annotations

import gzip
import socket
from collections.abc import AsyncIterator

import pytest

from tests.support.collecting import CollectorWorld, feed_source, item, rss, world
from tests.support.web_server import Page, WebServer

__all__ = ["world"]

GOOD = rss(item("good", "Two soldiers wounded"))
BOMB = gzip.compress(b"<rss>" + b" " * 200_000_000)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]><rss><channel><item><title>&a11;</title></item></channel></rss>"
)
SECRETS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<rss><channel><item><guid>x</guid><title>seen: &x;</title></item></channel></rss>"
)


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


REFUSED = {
    "page": (Page(b"<!DOCTYPE html><html><body>Welcome</body></html>"), "a web page instead of a feed"),
    "licence": (
        Page(b"<!DOCTYPE html><html><head><!-- <rdf:RDF><item><title>x</title></item></rdf:RDF> --></head></html>"),
        "a web page instead of a feed",
    ),
    "challenge": (Page(b"<html><head><title>Just a moment...</title></head></html>"), "tells people from programs"),
    "empty": (Page(b""), "an empty answer instead of a feed"),
    "junk": (Page(b"\x00\x01\x02 not a feed"), "neither XML nor JSON"),
    "json": (Page(b'{"items": 3}'), "JSON that is not a JSON Feed"),
    "broken-json": (Page(b'{"version": "https://jsonfeed.org/version/1", "items": ['), "broken JSON"),
    "deep-json": (Page(b'{"a":' * 100_000), "broken JSON"),
    "deep": (Page(b"<rss><channel>" + b"<a>" * 200_000), "nested more than 100 deep"),
    "missing": (Page(b"", 404), "there is no feed here now (HTTP 404)"),
    "gone": (Page(b"", 410), "gone for good (HTTP 410)"),
    "forbidden": (Page(b"", 403), "the server refuses us (HTTP 403)"),
    "failing": (Page(b"", 500), "HTTP 500 instead of a feed"),
    "unasked": (Page(b"", 304), "'not modified' to a first request"),
    "dropped": (Page(GOOD.encode(), drop_after=100), "the server broke off"),
    "endless": (Page(b"<!-- -->" * 8192, endless=True), "over 1,000,000 bytes after decompression"),
    "large": (Page(b"<rss>" + b" " * 1_100_000), "over 1,000,000 bytes after decompression"),
    "bomb": (Page(BOMB, headers={"Content-Encoding": "gzip"}), "over 1,000,000 bytes after decompression"),
    "brotli": (Page(b"\x8b\x02\x80", headers={"Content-Encoding": "br"}), "cannot be decompressed"),
    "bad-gzip": (Page(b"nonsense", headers={"Content-Encoding": "gzip"}), "cannot be decompressed"),
    "cut-gzip": (Page(gzip.compress(GOOD.encode())[:-30], headers={"Content-Encoding": "gzip"}), "ends too early"),
    "slow": (Page(GOOD.encode(), delay=30), "no complete answer in 0.5 seconds"),
    "ftp": (Page(status=302, headers={"Location": "ftp://127.0.0.1/feed"}), "only http and https"),
    "nowhere": (Page(status=302, headers={"Location": "http://host:port/feed"}), "something that is not a web address"),
    "circle": (Page(status=301, headers={"Location": "/circle"}), "more than 5 redirects"),
}


async def test_what_is_no_feed_is_said_in_words_and_hurts_no_other_source(
    web: WebServer, world: CollectorWorld
) -> None:
    for name, (page, _) in REFUSED.items():
        web.serve(f"/{name}", page)
        world.sources.append(feed_source(web.url(f"/{name}"), name))
    web.serve("/good", GOOD)
    world.sources.append(feed_source(web.url("/good"), "good"))
    world.options["limits"] = {"body": 1_000_000, "total": 0.5}
    await world.look()
    health = await world.health()
    said = {name: health[name].last_error or "" for name in REFUSED}
    assert {name: text for name, text in said.items() if REFUSED[name][1] not in text} == {}
    assert all("127.0.0.1" in text for text in said.values())
    assert all(health[name].failures == 1 and health[name].next_due_at is not None for name in REFUSED)
    assert health["good"].state == "ok"
    assert [one.title for one in await world.published()] == ["Two soldiers wounded"]


async def test_an_unreachable_server_is_named(world: CollectorWorld) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    world.sources.append(feed_source(f"http://127.0.0.1:{port}/feed", "closed"))
    world.sources.append(feed_source("http://no-such-host.invalid/feed", "unknown"))
    world.sources.append(feed_source("http://\u2603.invalid/feed", "no-name"))
    await world.look()
    health = await world.health()
    assert "127.0.0.1: the server does not accept connections" in (health["closed"].last_error or "")
    assert "not a web address" in (health["no-name"].last_error or "")
    assert "no-such-host.invalid: the server's name does not resolve" in (health["unknown"].last_error or "")


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/feed",
        "http://localhost:{port}/feed",
        "http://2130706433:{port}/feed",
        "http://0x7f000001:{port}/feed",
        "http://[::ffff:127.0.0.1]:{port}/feed",
        "http://[64:ff9b::7f00:1]:{port}/feed",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/feed",
        "http://[::1]:{port}/feed",
    ],
)
async def test_addresses_of_the_own_network_are_refused(web: WebServer, world: CollectorWorld, address: str) -> None:
    web.serve("/feed", GOOD)
    world.sources.append(feed_source(address.format(port=web.port), allow_private=False))
    await world.look()
    error = (await world.health())["feed"].last_error or ""
    assert "is not a public address. If this source is in your own network, set allow_private = true" in error
    assert web.requests == []


async def test_a_validator_of_any_bytes_is_sent_back_as_it_came(web: WebServer, world: CollectorWorld) -> None:
    for name, etag in (("latin", '"\u00e9"'), ("utf-8", '"\u00e9"'.encode().decode("latin-1"))):
        web.serve(f"/{name}", Page(GOOD.encode(), headers={"ETag": etag}))
        world.sources.append(feed_source(web.url(f"/{name}"), name))
    await world.look()
    await world.look()
    sent = [web.requests_to(f"/{name}")[1].headers["if-none-match"] for name in ("latin", "utf-8")]
    assert sent == ['"\u00e9"', '"\u00c3\u00a9"']


async def test_entities_neither_explode_nor_read_files(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/laughs", LAUGHS)
    web.serve("/secrets", SECRETS)
    world.sources += [feed_source(web.url("/laughs"), "laughs"), feed_source(web.url("/secrets"), "secrets")]
    await world.look()
    documents = [one.document for one in await world.published()]
    assert max(len(document) for document in documents) < 100
    assert any("seen:" in document for document in documents)
    assert not any("root:" in document for document in documents)


async def test_half_a_feed_gives_what_is_there(web: WebServer, world: CollectorWorld) -> None:
    whole = rss(item("a", "First"), item("b", "Second"), item("c", "Third"))
    web.serve("/feed", whole[: whole.index("Third")])
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    assert {"First", "Second"} <= {one.title for one in await world.published()}
    assert (await world.health())["feed"].notes == ("malformed",)


async def test_items_without_date_guid_link_or_text_are_kept_and_marked(web: WebServer, world: CollectorWorld) -> None:
    web.serve(
        "/feed",
        rss(
            item("", "No guid, no link, no date", date=""),
            item("", "", "Only a text", date=""),
            item("only-a-guid", "", date=""),
            item("future", "From the future", date="Tue, 02 Feb 2036 10:00:00 GMT"),
            item("epoch", "From the epoch", date="Thu, 01 Jan 1970 00:00:00 GMT"),
            item("soon", "A clock that is fast", date="Tue, 02 Feb 2016 12:30:00 GMT"),
        ),
    )
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    await world.look()
    found = {one.title or one.text: one for one in await world.published()}
    assert {name: one.notes for name, one in found.items()} == {
        "No guid, no link, no date": ("undated",),
        "Only a text": ("undated",),
        "": ("undated", "textless"),
        "From the future": ("future",),
        "From the epoch": ("undated",),
        "A clock that is fast": (),
    }
    assert found["From the future"].published_at is None
    assert found["A clock that is fast"].published_at is not None


async def test_control_characters_are_dropped(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a\x0b", "NUL \x00 bell \x07 &#0; &#x1f; end", "x\x1by &#xd800; z")))
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    (one,) = await world.published()
    assert (one.title or "").startswith("NUL bell")
    assert all(char.isprintable() or char == "\n" for char in one.document)


async def test_a_wrong_charset_is_repaired_and_noted(web: WebServer, world: CollectorWorld) -> None:
    text = rss(item("a", "Погибли четыре генерала"))
    web.serve("/feed", Page(text.encode("cp1251"), content_type="text/xml; charset=utf-8"))
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    (one,) = await world.published()
    assert one.title == "Погибли четыре генерала"
    assert one.notes == ("charset-repaired:windows-1251",)


async def test_a_ten_megabyte_feed_is_read(web: WebServer, world: CollectorWorld) -> None:
    items = [item(f"id-{number}", f"Item {number}", "word " * 8_000) for number in range(250)]
    web.serve("/feed", Page(rss(*items).encode(), compress=True))
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    published = await world.published()
    assert len(published) == 250
    assert sum(len(one.text) for one in published) > 9_900_000


async def test_a_text_too_long_for_a_message_is_cut_and_marked(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a", "Long", "слово " * 100_000)))
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    (one,) = await world.published()
    assert len(one.text) == 200_000
    assert one.notes == ("truncated",)
