"""The bytes of an article's page to its body. Pure; runs in a process of its own (``parser_process``)."""

from __future__ import annotations

from services.collector.sources.charset import decode
from services.collector.sources.hypertext import MOST_TAGS, tidy


class NotAnArticle(Exception):
    """Nothing in the page reads like one."""


def parse_article(body: bytes, content_type: str | None, url: str) -> str:
    """Return the article's paragraphs, each on a line of its own, without menus, comments and what else stands around.

    Raises:
        NotAnArticle: nothing was found, or the page is too large to be one.

    """
    from trafilatura import extract  # noqa: PLC0415 - slow to import, and not needed for feeds

    page = decode(body, content_type).text
    if page.count("<") > MOST_TAGS:
        raise NotAnArticle(f"a page of more than {MOST_TAGS:,} tags")
    text = extract(page, url=url, include_comments=False, include_tables=False, favor_recall=True)
    if not text or not text.strip():
        raise NotAnArticle("no article was found in the page")
    return tidy(text)
