"""What Slack accepts in a message: the limits of its reference of blocks, and its unwritten one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

TEXT = 40_000
BLOCKS = 50
ALL_BLOCKS = 13_200  # characters over all blocks, slackapi/bolt-js#2509
HEADER = 150
SECTION = 3000
CONTEXT = 10


def refuse(text: str, blocks: Sequence[Any]) -> str | None:
    """Return Slack's error for a message of *text* and *blocks*; None when it would be taken."""
    if not text and not blocks:
        return "no_text"
    if len(text) > TEXT:
        return "msg_too_long"
    if len(blocks) > BLOCKS or not all(isinstance(block, dict) and _fits(block) for block in blocks):
        return "invalid_blocks"
    return "msg_blocks_too_long" if sum(len(t) for t in strings(blocks)) > ALL_BLOCKS else None


def strings(part: Any) -> Iterator[str]:
    """Yield every text and address inside *part*."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("text", "url") and isinstance(value, str):
                yield value
            else:
                yield from strings(value)
    elif isinstance(part, list):
        for each in part:
            yield from strings(each)


def _fits(block: dict[str, Any]) -> bool:
    kind = block.get("type")
    if kind == "header":
        return _is_plain(block.get("text"), HEADER)
    if kind == "context":
        elements = block.get("elements", [])
        return 0 < len(elements) <= CONTEXT and all(_is_plain(one, SECTION) for one in elements)
    if kind == "rich_text":
        return bool(block.get("elements")) and all(_is_rich(one) for one in block["elements"])
    return kind == "divider"


def _is_plain(text: Any, limit: int) -> bool:
    return isinstance(text, dict) and text.get("type") == "plain_text" and 0 < len(text.get("text", "")) <= limit


def _is_rich(part: Any) -> bool:
    if part.get("type") not in ("rich_text_section", "rich_text_quote") or not part.get("elements"):
        return False
    return all(_is_element(element) for element in part["elements"])


def _is_element(element: Any) -> bool:
    """Mentions are elements of their own in rich text (``user``, ``broadcast``): here they would be an injection."""
    if element.get("type") == "link":
        return str(element.get("url", "")).startswith(("http://", "https://")) and bool(element.get("text"))
    return element.get("type") == "text" and 0 < len(element.get("text", "")) <= SECTION
