"""HTML to plain text that keeps paragraphs; control characters out of any text. Pure."""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

_DROPPED = frozenset(
    {"script", "style", "noscript", "template", "iframe", "object", "svg", "math", "head", "title", "select", "button"}
)
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li",
        "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
        "ul",
    }
)  # fmt: skip
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&(?:#\d|#x|[a-zA-Z]{2,8};)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""C0 and C1 controls but tab and line ends, lone surrogates, noncharacters; databases and terminals mind them."""
_NEWLINE = re.compile(r"\r\n?")
_PARAGRAPH = "\ue000"
"""Stands between paragraphs while a text is put together: a private character, which no text means anything by."""
_TAG = re.compile(r"<[^<>]*>")
MOST_TAGS = 20_000
"""Beyond this many a text is an attack or a data dump: the parser's time grows with the square of the nesting."""


def clean(text: str) -> str:
    """Return *text* without characters that no text has, with plain line ends."""
    if text.isprintable():  # most are, and that is known at once
        return text
    return _CONTROL.sub("", _NEWLINE.sub("\n", text.replace("\x85", "\n")))


def one_line(text: str) -> str:
    """Return *text*, cleaned, with every run of white space as one space."""
    return " ".join(clean(text).split())


def plain_text(markup: str) -> str:
    """Return the text of *markup*: paragraphs separated by an empty line, ``<br>`` as a line end, no tags."""
    if not _MARKUP.search(markup):
        return tidy(clean(markup))
    if markup.count("<") > MOST_TAGS:
        return tidy(clean(html.unescape(_TAG.sub(" ", markup))))
    root = LexborHTMLParser(clean(markup).replace(_PARAGRAPH, "")).body
    if root is None:
        return ""
    parts: list[str] = []
    _collect(root, parts)
    return tidy("\n\n".join(filter(None, (part.strip() for part in clean("".join(parts)).split(_PARAGRAPH)))))


def plain_title(markup: str) -> str:
    """Return a title's text on one line. What is no known tag stays: "3 < 4 generals" loses nothing."""
    text = plain_text(markup) if _MARKUP.search(markup) else html.unescape(markup)
    return one_line(text)


def tidy(text: str) -> str:
    """Return *text* with single spaces, at most one empty line in a row, and nothing around it."""
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _collect(root: LexborNode, parts: list[str]) -> None:
    """Append the text below *root*, without recursion: hostile markup nests deeper than Python's stack."""
    node: LexborNode | None = root
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            parts.append((node.text_content or "").replace("\n", " "))
        elif tag == "br":
            parts.append("\n")
        elif tag in _BLOCKS:
            parts.append(_PARAGRAPH)
        child = None if tag in _DROPPED else node.child
        node = child if child is not None else _following(node, root, parts)


def _following(node: LexborNode, root: LexborNode, parts: list[str]) -> LexborNode | None:
    """Return the node after *node* and everything in it; blocks that end on the way are marked."""
    here: LexborNode | None = node
    while here is not None and here.mem_id != root.mem_id:  # == would compare the markup of both
        if here.tag in _BLOCKS:
            parts.append(_PARAGRAPH)
        if here.next is not None:
            return here.next
        here = here.parent
    return None
