from __future__ import annotations

from pathlib import Path

import pytest

from services.collector.sources.nesting import DEEPEST, TooDeep, parse_html

PAGE = Path(__file__).parents[1] / "data" / "telegram" / "page.html"


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 1_000_000,  # the parser alone takes a quarter of an hour for it
        b"<DIV CLASS='a'>x" * 1_000_000,
        b"<div><p>" * 500_000,
        b"<div/>" * 1_000_000,
        b"<div></q>" * 500_000,
        b'<div title="></div>">' * 1_000,  # flat for who takes the attribute for a tag
        b"<div><table></div></table>" * 1_000,  # a table keeps what is around it open
    ],
    ids=["plain", "upper case", "two kinds", "as if empty", "closed by another", "in an attribute", "in a table"],
)
def test_nesting_that_nobody_writes_is_refused(body: bytes) -> None:
    with pytest.raises(TooDeep):
        parse_html(body)


@pytest.mark.parametrize(
    "body",
    [
        PAGE.read_bytes() * 20,
        b"<div>" * (DEEPEST // 2) + b"</div>" * (DEEPEST // 2),
        b"<div><b>x</b><br><img src=a></div>" * 5_000,
        b"<svg><path d='M0'/><g><use/></g></svg>" * 1_000,
        b"<div><p>one<p>two<li>three</div>" * 5_000,
        b"<div><script>if (a<b) { c = '<div>' }</script></div>" * 1_000,
        b"<div data-x='a>b'>x</div>" * 1_000,
        b"<a" * 1_000_000,
        b"</div>" * 100_000,
        b"",
    ],
    ids=[
        "a page",
        "just so deep",
        "flat",
        "drawn",
        "left open",
        "scripts",
        "attributes",
        "no tags",
        "closing",
        "empty",
    ],
)
def test_what_people_write_is_read_however_long_it_is(body: bytes) -> None:
    assert parse_html(body).root is not None
