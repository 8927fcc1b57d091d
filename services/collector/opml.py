"""Sources as OPML 2.0, which feed readers read and write; what OPML has no word for has a namespace of ours. Pure.

A file from elsewhere is hostile: no document type, no entities, nothing fetched, bounded in size and number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from urllib.parse import urlsplit
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pydantic import ValidationError

from services.collector.settings import SourceSettings
from services.collector.sources.telegram.post import channel_name
from shared.errors import ClaimwatchError, ConfigurationError

NAMESPACE = "urn:claimwatch:opml"
MOST_BYTES = 8_000_000
MOST_OUTLINES = 5_000
OWN = ("id", "kind", "channel", "via", "country", "side", "owner", "reliability", "interval", "full_text")
"""Attributes of our own; a name, an address and a language have a place in OPML."""
Outline = dict[str, str]
"""The attributes of an outline; those of our own with the namespace before their names."""
_TELEGRAM = ("t.me", "telegram.me")


class NotOpml(ClaimwatchError):
    """The file is no OPML that can be read; the text says why."""


@dataclass(frozen=True)
class Imported:
    """What a file holds: sources, and the outlines that are none, each with the reason."""

    sources: tuple[SourceSettings, ...]
    left_out: tuple[str, ...]


def write_opml(sources: Iterable[SourceSettings], title: str = "claimwatch sources") -> bytes:
    """Return *sources* as an OPML file."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:cw="{NAMESPACE}">',
        f"  <head><title>{escape(title)}</title></head>",
        "  <body>",
        *(
            f"    <outline {' '.join(f'{key}={quoteattr(_xml(value))}' for key, value in _attributes(one))}/>"
            for one in sources
        ),
        "  </body>",
        "</opml>",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def read_opml(body: bytes, taken: Iterable[str] = ()) -> Imported:
    """Return the sources in *body*, however deep they are nested; ids that are *taken* are not given again.

    Raises:
        NotOpml: it is none, or means harm.

    """
    if len(body) > MOST_BYTES:
        raise NotOpml(f"it is larger than {MOST_BYTES:,} bytes; no list of sources is")
    used = set(taken)
    sources: list[SourceSettings] = []
    left_out: list[str] = []
    addresses: set[str] = set()
    outlines = _parse(body)
    if len(outlines) > MOST_OUTLINES:
        raise NotOpml(f"it names more than {MOST_OUTLINES:,} sources")
    for outline in outlines:
        made = _source(outline, used)
        if isinstance(made, str):
            left_out.append(made)
        elif made and (address := made.url or made.channel or "") not in addresses:
            addresses.add(address)
            used.add(made.id)
            sources.append(made)
    return Imported(tuple(sources), tuple(left_out))


def free_id(text: str, taken: set[str], prefixes: Sequence[str] = ("www.", "rss.", "feeds.", "news.", "m.")) -> str:
    """Return an id made from *text* that is not among *taken*."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    for prefix in prefixes:
        plain = plain.removeprefix(prefix)
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:56].strip("-") or "source"
    numbers = chain(range(2, 100), count(len(taken) + 100))  # beyond a hundred, a number that is likely free
    return next(one for one in chain([base], (f"{base}-{number}" for number in numbers)) if one not in taken)


def _attributes(source: SourceSettings) -> Iterator[tuple[str, str]]:
    telegram = source.kind == "telegram"
    yield from (("text", source.name), ("title", source.name), ("type", "link" if telegram else "rss"))
    yield ("url", f"https://t.me/{source.channel}") if telegram else ("xmlUrl", source.url or "")
    if source.language:
        yield "language", source.language
    values = source.model_dump(mode="json", exclude_defaults=True)
    yield from ((f"cw:{key}", str(values[key])) for key in OWN if values.get(key) is not None)


def _parse(body: bytes) -> list[Outline]:
    """Return the outlines in *body* that lead somewhere."""
    parser = expat.ParserCreate(namespace_separator=" ")
    found: list[Outline] = []
    roots: list[str] = []

    def begin(name: str, attributes: Outline) -> None:
        if not roots:
            roots.append(name)
        if roots != ["opml"]:
            raise NotOpml(f"its root is <{roots[0][:40]}>, not <opml>")
        if name == "outline" and (attributes.get("xmlUrl") or _channel(attributes)):
            found.append(attributes)

    def refuse(*_declared: object) -> None:
        raise NotOpml("it has a document type declaration, which OPML needs none of; remove the <!DOCTYPE …> line")

    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise NotOpml(f"it is not well-formed XML: {error}") from error
    except (LookupError, ValueError) as error:
        raise NotOpml(f"it cannot be decoded: {error}") from error
    return found


def _channel(outline: Outline) -> str | None:
    named = outline.get(f"{NAMESPACE} channel")
    if named:
        return channel_name(named)
    url = (outline.get("url") or outline.get("xmlUrl") or "").strip()
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return channel_name(url) if host in _TELEGRAM else None


def _source(outline: Outline, taken: set[str]) -> SourceSettings | str:
    """Return the source that *outline* is, or why it is none."""
    own = {key: value for key in OWN if (value := outline.get(f"{NAMESPACE} {key}"))}
    channel, url = _channel(outline), (outline.get("xmlUrl") or "").strip()
    name = " ".join((outline.get("title") or outline.get("text") or "").split())[:200]
    language = (outline.get("language") or "").partition("-")[0].strip().lower()
    try:
        host = urlsplit(url).hostname or ""
        wanted = own.pop("id", None) or (f"tg-{channel}" if channel else name or host)
        values: dict[str, object] = {**own, "id": wanted, "name": name or channel or host}
        if wanted in taken or not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", wanted):
            values["id"] = free_id(wanted if re.search(r"[a-zA-Z]", wanted) else host, taken)
        if channel:
            values |= {"kind": "telegram", "channel": channel}
        else:
            values["url"] = url
        if re.fullmatch(r"[a-z]{2,3}", language):
            values["language"] = language
        return SourceSettings.model_validate(values)
    except (ConfigurationError, ValidationError, ValueError) as error:
        return f"{name or url or 'an outline without a name'}: {_reason(error)}"


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    return str(error)


def _xml(text: str) -> str:
    """Return *text* without the control characters that XML cannot hold."""
    return "".join(char for char in text if char in "\t\n" or (char.isprintable() or char == "\u00a0"))
