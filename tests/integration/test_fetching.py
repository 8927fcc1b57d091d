"""What the fetcher sends, and how it keeps its connections."""

from __future__ import annotations

from base64 import b64encode

from tests.support.reading import local_fetcher
from tests.support.web_server import Page, WebServer

BODY = b"<rss/>"


async def test_a_name_and_password_in_the_address_are_sent_and_told_to_no_other_server() -> None:
    async with WebServer() as web, WebServer() as other, local_fetcher() as fetcher:
        other.serve("/feed", Page(BODY))
        web.redirect("/feed", other.url("/feed"))
        answer = await fetcher.get(web.url("/feed").replace("//", "//reader:söcret@"))
        assert answer.body == BODY
        (asked,), (sent_on,) = web.requests, other.requests
        assert asked.headers["authorization"] == f"Basic {b64encode('reader:söcret'.encode()).decode()}"
        assert "authorization" not in sent_on.headers


async def test_no_cookie_is_sent_back() -> None:
    async with WebServer() as web, local_fetcher() as fetcher:
        web.serve("/feed", Page(BODY, headers={"Set-Cookie": "who=you; Path=/"}))
        for _ in range(2):
            await fetcher.get(web.url("/feed"))
        assert all("cookie" not in request.headers for request in web.requests)


async def test_a_connection_that_the_server_has_closed_meanwhile_is_not_used_again() -> None:
    async with WebServer() as web, local_fetcher() as fetcher:
        web.serve("/feed", Page(BODY, drop_after=len(BODY)))
        assert [(await fetcher.get(web.url("/feed"))).body for _ in range(5)] == [BODY] * 5
