"""How many documents a second the reader takes, beside splitting the same text into words and looking each up."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from time import process_time

from services.classifier.classify import MODELS, Reader
from services.classifier.gate import Glance
from services.documents import Document
from shared.messages import RawItem
from tests.bench.figures import Figure, middle

WORD = re.compile(r"\w+")
POST_LENGTH = 400
"""Characters; what is shorter is a post or a wire flash."""
SAMPLE, ARTICLES, ARTICLE_LENGTH = 120, 12, 4000
"""How many passages and articles are read, and how long an article is, in characters."""
HOSTILE = (("numbers in a row", "12 "), ("nested quotes", "«he said "), ("soldiers killed", "soldiers killed. "))
WEATHER = (
    "The council met on Tuesday to discuss the budget of the coming year. Members spoke of schools, roads and the new "
    "library by the river, and put the vote off until next week. Rain is expected in the north, with light winds."
)

Read = Callable[[RawItem], object]


def measure(rounds: int) -> list[Figure]:
    """Measure the gate, whole passages, posts, and texts that the gate turns away."""
    reader = Reader.load()
    glance = Glance.load(MODELS / "gate.tsv")
    labelled = [_collected(line) for path in _shipped() for line in path.splitlines() if line.strip()]
    sample = labelled[:: max(1, len(labelled) // SAMPLE)]
    articles = [item.model_copy(update={"text": _lengthened(item, labelled)}) for item in sample[:ARTICLES]]
    posts = [item for item in sample if len(item.document) <= POST_LENGTH]
    other = [item.model_copy(update={"text": WEATHER, "title": "Council puts vote off"}) for item in sample]
    group = "reader (CPU time of one core)"
    return [
        _figure(group, "gate, articles", lambda item: glance.score(item.document), articles, rounds),
        _figure(group, "gate, posts", lambda item: glance.score(item.document), posts, rounds),
        _figure(group, f"read in full: articles, {len(articles)}", reader.read, articles, rounds),
        _figure(group, f"read in full: posts, {len(posts)}", reader.read, posts, rounds),
        _figure(group, "texts about something else", reader.read, other, rounds),
        *(
            _figure(group, f"hostile: {name}, {size} kB", reader.read, [_hostile(sample[0], unit, size)], 1)
            for name, unit in HOSTILE
            for size in (16, 32)
        ),
    ]


def _hostile(item: RawItem, unit: str, size: int) -> RawItem:
    """Return a text of *size* kilobytes that opens the gate and then repeats *unit*: twice the size, half the rate."""
    text = "Four Russian soldiers were killed near Aleppo in Syria. " + unit * (size * 1024 // len(unit))
    return item.model_copy(update={"title": None, "text": text, "lang": "en"})


def _lengthened(item: RawItem, others: Sequence[RawItem]) -> str:
    """Return a text of the length of an article, made of passages in the language of *item*."""
    text = item.text
    for other in others:
        if len(text) >= ARTICLE_LENGTH:
            break
        if other.lang == item.lang:
            text += f"\n{other.text}"
    return text


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
