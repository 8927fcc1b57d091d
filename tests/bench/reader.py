"""How many documents a second the reader takes, beside splitting the same text into words and looking each up."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from time import process_time

from services.classifier.classify import Reader
from services.documents import Document
from shared.messages import RawItem
from tests.bench.figures import Figure, middle

WORD = re.compile(r"\w+")
POST_LENGTH = 400
"""Characters; what is shorter is a post or a wire flash."""
WEATHER = (
    "The council met on Tuesday to discuss the budget of the coming year. Members spoke of schools, roads and the new "
    "library by the river, and put the vote off until next week. Rain is expected in the north, with light winds."
)

Read = Callable[[RawItem], object]


def measure(rounds: int) -> list[Figure]:
    """Measure texts that hold claims (whole passages, short ones) and texts that the gate turns away."""
    reader = Reader.load()
    labelled = [_collected(line) for path in _shipped() for line in path.splitlines() if line.strip()]
    posts = [item for item in labelled if len(item.text) <= POST_LENGTH]
    other = [item.model_copy(update={"text": WEATHER, "title": "Council puts vote off"}) for item in labelled]
    group = "reader (CPU time of one core)"
    return [
        _figure(group, f"labelled passages, {len(labelled)}", reader.read, labelled, rounds),
        _figure(group, f"the short ones among them, {len(posts)}", reader.read, posts, rounds),
        _figure(group, "texts about something else", reader.read, other, rounds),
    ]


def _figure(group: str, what: str, read: Read, items: Sequence[RawItem], rounds: int) -> Figure:
    letters = sum(len(item.document) for item in items) // len(items)
    words: dict[str, int] = {}
    for item in items:
        for word in WORD.findall(item.document.lower()):
            words.setdefault(word, len(words))

    def split(item: RawItem) -> list[int | None]:
        return [words.get(word) for word in WORD.findall(item.document.lower())]

    _rate(read, items)
    pairs = [(_rate(read, items), _rate(split, items)) for _ in range(rounds)]
    return middle(group, f"{what} ({letters} letters each)", "documents/s", pairs, r"\w+ and one look-up a word")


def _rate(act: Read, items: Sequence[RawItem]) -> float:
    started = process_time()
    for item in items:
        act(item)
    return len(items) / (process_time() - started)


def _shipped() -> list[str]:
    folder = files("services.classifier") / "labelled"
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".docs.jsonl")), key=lambda one: one.name)
    return [one.read_text(encoding="utf-8") for one in found]


def _collected(line: str) -> RawItem:
    return Document.model_validate_json(line).as_collected()
