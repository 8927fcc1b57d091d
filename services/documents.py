"""Files of documents, labels and results: one JSON object a line, each line checked on its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared.messages import Moment, RawItem, SourceRef, stable_id

YEARS = range(1900, 2201)
"""Years in which a document can have been published; anything else is a mistake in the file."""


def mend_text(value: Any) -> Any:
    """Replace halves of surrogate pairs, which JSON can spell but no encoding can hold, by U+FFFD."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def plausible(moment: datetime) -> datetime:
    """Return *moment* if a document can have been published then.

    Raises:
        ValueError: it cannot.

    """
    if moment.year not in YEARS:
        raise ValueError(f"the year {moment.year} is not between {YEARS[0]} and {YEARS[-1]}")
    return moment


Text = Annotated[str, BeforeValidator(mend_text)]
Name = Annotated[Text, Field(min_length=1)]


class Origin(BaseModel):
    """The feed or channel of a document."""

    model_config = ConfigDict(frozen=True)

    id: Name
    name: Name
    kind: Literal["rss", "telegram"]


class Document(BaseModel):
    """One line of a file to replay. ``lang`` is a hint only."""

    model_config = ConfigDict(frozen=True)

    id: Name
    source: Origin
    url: Text | None = None
    title: Text | None = None
    text: Text
    lang: Text | None = None
    published_at: Annotated[Moment, AfterValidator(plausible)]

    def as_collected(self) -> RawItem:
        """Return the item that the collector would have made of it, had it looked at the moment of publication."""
        item = stable_id(self.source.id, self.id)
        return RawItem(
            id=stable_id(item, "1"),
            item=item,
            source=SourceRef(id=self.source.id, name=self.source.name, kind=self.source.kind),
            url=self.url,
            title=self.title,
            text=self.text,
            lang=self.lang,
            published_at=self.published_at,
            seen_at=self.published_at,
        )


@dataclass(frozen=True)
class BadLine:
    """A line that is not what it should be; ``number`` counts from 1."""

    number: int
    reason: str


T = TypeVar("T")


def read_lines(lines: Iterable[bytes], parse: Callable[[Any], T], key: Callable[[T], str]) -> Iterator[T | BadLine]:
    """Yield what each of *lines* holds, or why it cannot be used; blank lines are nothing.

    *parse* makes the value of the JSON object and raises ``ValueError`` when it cannot. A line whose *key* an earlier
    line had is a bad one.
    """
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = parse(_decode(line))
        except (ValueError, OverflowError, RecursionError) as error:
            yield BadLine(number, _reason(error))
            continue
        if key(value) in seen:
            yield BadLine(number, f"the id {key(value)!r} stands on line {seen[key(value)]} already")
            continue
        seen[key(value)] = number
        yield value


def read_documents(lines: Iterable[bytes]) -> Iterator[Document | BadLine]:
    """Yield the document on each of *lines*, or why there is none."""
    return read_lines(lines, Document.model_validate, lambda document: document.id)


def read_labels(lines: Iterable[bytes]) -> Iterator[Mapping[str, Any] | BadLine]:
    """Yield the labels on each of *lines*: ``id``, ``relevant``, ``claims``."""
    return read_lines(lines, _labels, lambda labels: str(labels["id"]))


def _labels(value: Any) -> Mapping[str, Any]:
    _Labels.model_validate(value)
    return dict(value)


class _LabelledClaim(BaseModel):
    outcome: str
    force: str
    stance: str
    min: int | None = None
    max: int | None = None
    incident: str | None = None


class _Labels(BaseModel):
    id: str
    relevant: bool
    claims: list[_LabelledClaim]


def _decode(line: bytes) -> Any:
    """Return the JSON value on *line*; control characters inside texts are taken as they are, NUL included."""
    return json.loads(line.decode("utf-8-sig"), strict=False)


def _reason(error: Exception) -> str:
    """Say what is wrong in one line, without the text itself."""
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in fault["loc"])
        return f"{where}: {fault['msg']}" if where else "not a JSON object"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (byte {error.start})"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} (character {error.pos})"
    if isinstance(error, RecursionError):
        return "not JSON: nested too deeply"
    return str(error)
