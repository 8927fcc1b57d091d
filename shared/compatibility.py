"""Which changes of a message's JSON Schema would break somebody. Pure.

Two kinds of reader must go on working: the last release's services, which read what the new ones write (an upgrade
goes stage by stage), and the new ones, which read what the old ones wrote (topics keep records for weeks, compacted
ones for ever). Both check every value against closed lists and bounds, so the only harmless changes are a new optional
field and new words of explanation. Anything else is a new version of the type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

REMARKS = frozenset({"$id", "$schema", "$defs", "title", "description", "default", "examples", "deprecated"})
"""Keywords that change nothing about which values are valid."""

STRUCTURE = frozenset({"properties", "required", "items", "anyOf", "enum", "$ref"})
"""Keywords that are compared part by part; every other one must stay exactly as it is."""


def breaking_changes(released: Schema, current: Schema) -> list[str]:
    """Return, in words, what in *current* breaks readers or records of *released*; empty when nothing does."""
    return list(_compare(released, current, released, current, "the message"))


def _compare(old: Any, new: Any, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    for keyword in sorted((old.keys() | new.keys()) - REMARKS - STRUCTURE):
        if old.get(keyword) != new.get(keyword):
            yield f"{at}: {keyword} was {_said(old, keyword)}, is {_said(new, keyword)}"
    yield from _compare_enums(old, new, at)
    yield from _compare_fields(old, new, old_root, new_root, at)
    if "items" in old and "items" in new:
        yield from _compare(old["items"], new["items"], old_root, new_root, f"{at}[]")
    elif ("items" in old) != ("items" in new):
        yield f"{at}: was {'a list' if 'items' in old else 'no list'}"
    yield from _compare_alternatives(old.get("anyOf"), new.get("anyOf"), old_root, new_root, at)


def _compare_enums(old: Schema, new: Schema, at: str) -> Iterator[str]:
    if ("enum" in old) != ("enum" in new):
        yield f"{at}: {'no longer' if 'enum' in old else 'now'} a closed list of values"
        return
    before, after = set(old.get("enum", ())), set(new.get("enum", ()))
    for value in sorted(map(str, before - after)):
        yield f"{at}: the value {value} was removed; records that hold it cannot be read"
    for value in sorted(map(str, after - before)):
        yield f"{at}: the value {value} was added; readers of the last release reject it"


def _compare_fields(old: Schema, new: Schema, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in before.keys() - after.keys():
        yield f"{at}.{name}: was removed"
    for name in sorted(after.keys() - before.keys()):
        if name in needed_after:
            yield f"{at}.{name}: is new and required; records of the last release lack it"
    for name in before.keys() & after.keys():
        if (name in needed_before) != (name in needed_after):
            yield f"{at}.{name}: {'is now' if name in needed_after else 'is no longer'} required"
        yield from _compare(before[name], after[name], old_root, new_root, f"{at}.{name}")


def _compare_alternatives(old: Any, new: Any, old_root: Schema, new_root: Schema, at: str) -> Iterator[str]:
    if (old is None) != (new is None) or len(old or ()) != len(new or ()):
        yield f"{at}: other types are allowed than before"
        return
    for left, right in zip(old or (), new or (), strict=True):
        yield from _compare(left, right, old_root, new_root, at)


def _resolve(schema: Any, root: Schema) -> Schema:
    """Return *schema* with a reference into *root* replaced by what it names."""
    reference = schema.get("$ref")
    if reference is None:
        return dict(schema)
    target: Any = root
    for step in str(reference).removeprefix("#/").split("/"):
        target = target[step]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _said(schema: Schema, keyword: str) -> str:
    return repr(schema[keyword]) if keyword in schema else "not given"
