"""A configuration as TOML, fit to be shown: no secret, no password inside an address. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from services.configuration.faults import USERINFO


def print_redacted(configuration: BaseModel, *, only_set: bool = False) -> str:
    """Return *configuration* as a TOML file in which secrets are stars and unset keys are comments.

    *only_set* leaves out what nobody set.
    """
    return "\n".join(_table(configuration.model_dump(mode="json", exclude_unset=only_set), ())).strip() + "\n"


def toml_lines(table: Mapping[str, Any]) -> list[str]:
    """Return the plain values of *table* as lines of TOML, as they are: nothing is hidden."""
    return [f"{_key(key)} = {_literal(value)}" for key, value in table.items()]


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping) or _is_tables(value)}
    for key, value in table.items():
        if value is None:
            yield f"# {_key(key)} is not set"
        elif key not in inner:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in inner.items():
        here = (*path, _key(key))
        if isinstance(value, Mapping):
            yield from ("", f"[{'.'.join(here)}]")
            yield from _table(value, here)
            continue
        for one in value:
            yield from ("", f"[[{'.'.join(here)}]]")
            yield from _table(one, here)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _key(key: str) -> str:
    bare = key and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in key)
    return key if bare else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + "}"
    return _literal(USERINFO.sub("***", value)) if isinstance(value, str) else _literal(value)


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
