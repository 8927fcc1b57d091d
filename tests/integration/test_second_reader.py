"""The second reader against a real HTTP server on loopback that answers slowly, wrongly, hugely or not at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.classifier.second_reader.endpoint import ANSWER_BYTES
from services.classifier.second_reader.file import prepare
from services.classifier.second_reader.prompt import question
from services.classifier.second_reader.reviewing import SecondReader
from services.classifier.settings import ClassifierSettings
from shared.clock import FixedClock
from shared.http_guard import guarded_transport
from shared.messages import TaggedItem
from tests.support.second_reader import FOUR, KEY, NOW, TEXT, answered, completion, doubtful, settings, vocabulary
from tests.support.web_server import Page, WebServer

PATH = "/v1/chat/completions"
SOON = timedelta(seconds=1)


@dataclass
class World:
    """An endpoint, and second readers that ask it; every one that is opened is a process of its own."""

    web: WebServer
    folder: Path
    clock: FixedClock

    def answer(self, *pages: Page | bytes) -> None:
        self.web.serve(PATH, *(page if isinstance(page, Page) else answer(page) for page in pages))

    def settings(self, **second: Any) -> ClassifierSettings:
        given = {"base_url": self.web.url("/v1"), "cache": str(self.folder / "second.db"), "timeout": 25, **second}
        return settings(**given)

    @asynccontextmanager
    async def reader(self, **second: Any) -> AsyncIterator[SecondReader]:
        wanted = self.settings(**second)
        prepare(Path(wanted.second_reader.cache))
        reader = SecondReader(wanted, vocabulary(), guarded_transport(allow_private=True), self.clock)
        try:
            yield reader
        finally:
            await reader.close()

    async def review(self, tagged: TaggedItem | None = None, **second: Any) -> TaggedItem:
        async with self.reader(**second) as reader:
            return await reader.review(tagged or doubtful())

    @property
    def asked(self) -> int:
        return len(self.web.requests)


def answer(body: bytes, **page: Any) -> Page:
    return Page(body, content_type="application/json", **page)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    vocabulary()  # built before anything is timed
    async with WebServer() as web:
        web.serve(PATH, answer(completion(answered())))
        yield World(web, tmp_path, FixedClock(NOW))


@asynccontextmanager
async def counted(status: str) -> AsyncIterator[None]:
    """Hold that exactly one doubtful item came to *status* meanwhile."""

    def now() -> float:
        return REGISTRY.get_sample_value("claimwatch_second_reader_total", {"status": status}) or 0.0

    before = now()
    yield
    assert now() - before == 1


def other(number: int) -> TaggedItem:
    return doubtful(f"{TEXT} {number}")


async def test_a_doubtful_item_is_asked_about_and_its_claim_taken_in(world: World) -> None:
    async with counted("answered"):
        tagged = await world.review(api_key=KEY)
    assert (tagged.relevant, tagged.score) == (True, 0.5)
    (claim,) = tagged.claims
    assert (claim.evidence, claim.min, claim.max) == (FOUR, 4, None)
    assert claim.reader
    assert claim.reader.startswith("second:tiny:")
    (request,) = world.web.requests
    assert (request.method, request.path) == ("POST", PATH)
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert FOUR.encode() in request.body


async def test_without_a_key_none_is_sent(world: World) -> None:
    await world.review()
    assert "authorization" not in world.web.requests[0].headers


async def test_an_item_that_is_not_doubtful_is_not_sent(world: World) -> None:
    sure = doubtful(score=0.99, relevant=True)
    assert await world.review(sure) is sure
    assert world.asked == 0


@pytest.mark.parametrize(
    ("page", "status"),
    [
        (answer(b"down", status=500), "failed"),
        (answer(b"bad gateway", status=502), "failed"),
        (answer(b"busy", status=503), "busy"),
        (answer(b"slow down", status=429), "busy"),
        (answer(b"who are you", status=401), "refused"),
        (answer(b"no such model", status=404), "refused"),
        (answer(b"", status=204), "refused"),
        (Page(status=302, headers={"Location": "/v2"}), "refused"),
        (answer(completion(answered()), drop_after=20), "unreachable"),
        (answer(completion(answered()), drop_after=0), "unreachable"),
        (Page(b"<html>welcome to the hotel network</html>", content_type="text/html"), "malformed"),
        (answer(b'{"error": {"message": "overloaded"}}'), "malformed"),
        (answer(completion(answered()), compress=True), "malformed"),
        (answer(completion(content="I am afraid I cannot do that.")), "unreadable"),
        (answer(completion(content='{"claims": [')), "unreadable"),
        (answer(b" " * (ANSWER_BYTES + 1)), "oversized"),
        (answer(b"x" * 65_536, endless=True), "oversized"),
    ],
)
async def test_whatever_goes_wrong_the_first_reader_s_decision_stands(world: World, page: Page, status: str) -> None:
    tagged = doubtful()
    world.answer(page)
    async with counted(status):
        assert await world.review(tagged) is tagged
    assert world.asked == 1


async def test_nobody_there_is_a_failure_like_any_other(world: World) -> None:
    tagged = doubtful()
    async with counted("unreachable"):
        assert await world.review(tagged, base_url="http://127.0.0.1:9/v1") is tagged


async def test_a_redirect_is_not_followed(world: World) -> None:
    world.web.redirect(PATH, world.web.url("/elsewhere"), 307)
    world.web.serve("/elsewhere", answer(completion(answered())))
    assert not (await world.review()).claims
    assert [request.path for request in world.web.requests] == [PATH]


async def test_a_slow_answer_delays_an_item_no_longer_than_the_timeout_and_blocks_nothing(world: World) -> None:
    world.answer(answer(completion(answered()), delay=30))
    loop, turns, tagged = asyncio.get_running_loop(), 0, doubtful()
    begun = loop.time()
    async with counted("timeout"):
        review = asyncio.create_task(world.review(tagged, timeout=0.5))
        while not review.done():
            await asyncio.sleep(0.01)
            turns += 1
    assert review.result() is tagged
    assert 0.4 < loop.time() - begun < 20
    assert turns > 5


async def test_an_answer_that_drips_is_slow_too(world: World) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with counted("timeout"), asyncio.timeout(20):
        assert not (await world.review(base_url=f"http://127.0.0.1:{port}/v1", timeout=0.5)).claims
    server.close()
    await server.wait_closed()


async def test_the_same_text_is_asked_about_once_even_after_a_restart(world: World) -> None:
    first = await world.review()
    async with counted("cached"):
        assert await world.review() == first
    assert world.asked == 1
    await world.review(other(1))
    await world.review(model="other")
    assert world.asked == 3


async def test_what_cannot_be_read_is_not_kept(world: World) -> None:
    world.answer(completion(content="no"), completion(answered()))
    assert not (await world.review()).claims
    assert (await world.review()).claims


async def test_the_day_s_requests_are_bounded_and_what_is_kept_costs_nothing(world: World) -> None:
    await world.review(other(1), requests_per_day=1)
    async with counted("budget"):
        assert not (await world.review(other(2), requests_per_day=1)).claims
    assert (await world.review(other(1), requests_per_day=1)).claims
    assert world.asked == 1
    world.clock.advance(timedelta(days=1))
    assert (await world.review(other(2), requests_per_day=1)).claims


async def test_the_day_s_tokens_are_counted_by_the_bill_and_by_the_estimate_without_one(world: World) -> None:
    world.answer(completion(answered(), tokens=10), completion(answered(), tokens=None), completion(answered()))
    allowed = price(world) + 100
    for number in range(2):
        assert (await world.review(other(number), tokens_per_day=allowed)).claims
    async with counted("budget"):
        assert not (await world.review(other(2), tokens_per_day=allowed)).claims
    assert world.asked == 2


async def test_a_question_without_an_answer_stays_paid(world: World) -> None:
    world.answer(answer(b"", status=500))
    for number in range(3):
        await world.review(other(number), tokens_per_day=2 * price(world))
    assert world.asked == 2


def price(world: World) -> int:
    """Return the tokens that one question is thought to cost at most."""
    return question(other(0).item, world.settings().second_reader).tokens


async def test_an_endpoint_that_keeps_failing_is_left_alone_and_tried_again_after_the_pause(world: World) -> None:
    world.answer(*[answer(b"", status=500)] * 4, completion(answered()))
    async with world.reader(failures=3, pause=60) as reader:
        for number in range(5):
            await reader.review(other(number))
        assert world.asked == 3
        world.clock.advance(timedelta(seconds=60))
        await reader.review(other(5))
        async with counted("open"):
            await reader.review(other(6))
        assert world.asked == 4
        world.clock.advance(timedelta(seconds=60))
        assert (await reader.review(other(7))).claims
        assert (await reader.review(other(8))).claims
        assert world.asked == 6


async def test_timeouts_open_the_breaker_too(world: World) -> None:
    world.answer(answer(b"", delay=30))
    async with world.reader(failures=2, timeout=1.5) as reader:
        for number in range(4):
            await reader.review(other(number))
    assert world.asked == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_pause_that_the_endpoint_asks_for_is_kept(world: World, status: int) -> None:
    world.answer(answer(b"", status=status, headers={"Retry-After": "120"}), completion(answered()))
    async with world.reader(failures=5, pause=10) as reader:
        await reader.review(other(1))
        world.clock.advance(timedelta(seconds=120) - SOON)
        await reader.review(other(2))
        assert world.asked == 1
        world.clock.advance(SOON)
        assert (await reader.review(other(3))).claims


async def test_a_text_that_makes_the_model_babble_does_not_switch_the_endpoint_off(world: World) -> None:
    world.answer(completion(content="blah"))
    async with world.reader(failures=2) as reader:
        for number in range(5):
            await reader.review(other(number))
    assert world.asked == 5


async def test_a_used_up_budget_does_not_keep_the_breaker_from_trying(world: World) -> None:
    world.answer(answer(b"", status=500), completion(answered()))
    async with world.reader(failures=1, pause=60, requests_per_day=1) as reader:
        await reader.review(other(1))
        world.clock.advance(timedelta(seconds=61))
        async with counted("budget"):
            await reader.review(other(2))
        world.clock.advance(timedelta(days=1))
        assert (await reader.review(other(3))).claims


async def test_items_beyond_those_at_once_go_on_unasked(world: World) -> None:
    world.answer(answer(completion(answered()), delay=2))
    async with world.reader(at_once=1, timeout=60) as reader:
        first = asyncio.create_task(reader.review(other(1)))
        await world.web.wait_for(PATH, 1)
        async with counted("crowded"):
            second = await reader.review(other(2))
        assert not second.claims
        assert not first.done()
        assert (await first).claims
        assert (await reader.review(other(3))).claims
    assert world.asked == 2


async def test_a_file_that_breaks_costs_no_item(world: World) -> None:
    async with world.reader() as reader:
        for file in world.folder.glob("second.db*"):
            file.unlink()
        (world.folder / "second.db").write_bytes(b"broken " * 1000)
        async with counted("file"):
            assert not (await reader.review(doubtful())).claims
    assert world.asked == 0


async def test_neither_key_nor_text_is_ever_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    pages = [
        answer(b"", status=500),
        answer(KEY.encode(), status=401),
        answer(completion(content=f"{KEY} {FOUR}")),
        answer(b"never comes", drop_after=0),
        answer(completion(answered())),
        answer(b"", delay=30),
    ]
    world.answer(*pages)
    with capture_logs() as lines:
        async with world.reader(api_key=KEY, timeout=2) as reader:
            for number in range(len(pages)):
                await reader.review(other(number))
            shown = repr(reader) + repr(vars(reader)) + repr(vars(reader)["_endpoint"].__dict__)
    assert len(lines) >= 5
    for text in (repr(lines), caplog.text, shown):
        assert KEY not in text
        assert "adviser" not in text
