"""HTML that nests no deeper than people write it: more is refused, as a rule in time linear in its length. Pure.

The rules of HTML make every parser's time grow with the square of the nesting, and so do questions about what stands
within what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

DEEPEST = 200
"""Levels of tags; pages that people read have some twenty."""
_TAG = re.compile(rb"<(/?)([A-Za-z][^\s/<>]*+)([^<>]*+)>")
_EMPTY = frozenset(b"area base br col embed hr img input link meta source track wbr".split())
_DRAWN = frozenset(b"circle ellipse g image line path polygon polyline rect stop use".split())
"""Elements of SVG, which may end with "/>" where those of HTML go on."""


class TooDeep(Exception):
    """The document nests deeper than any that is written for people."""

    def __init__(self) -> None:
        super().__init__(f"tags nested more than {DEEPEST} deep, which no page needs")


def parse_html(body: bytes) -> LexborHTMLParser:
    """Return the document in *body*.

    Looked at twice: the bytes, because parsing takes its time before there is a tree, and the tree, because bytes can
    be written to look flatter than they are; what parsing those costs is for the caller to bound.

    Raises:
        TooDeep: it nests more than ``DEEPEST`` deep.

    """
    if _is_deep_as_written(body):
        raise TooDeep
    tree = LexborHTMLParser(body)
    if any(level > DEEPEST for level in _levels(tree.root)):
        raise TooDeep
    return tree


def _is_deep_as_written(body: bytes) -> bool:
    """Whether too many elements are open at once; a closing tag closes what was left open within, too."""
    open_: list[bytes] = []
    for closing, name, rest in _TAG.findall(body):
        tag = name.lower()
        if closing:
            while tag in open_ and open_.pop() != tag:
                pass
        elif tag not in _EMPTY and not (tag in _DRAWN and rest.endswith(b"/")):
            open_.append(tag)
            if len(open_) > DEEPEST:
                return True
    return False


def _levels(root: LexborNode | None) -> Iterator[int]:
    """Yield how deep each node of the tree lies."""
    node, level = root, 1
    while node is not None:
        yield level
        if node.child is not None:
            node, level = node.child, level + 1
            continue
        while node is not None and node.next is None:
            node, level = node.parent, level - 1
        node = node.next if node is not None else None
