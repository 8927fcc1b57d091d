"""What a settings model looks like from outside: which keys hold sections, lists of sections, or secrets."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr


def members(annotation: Any) -> list[Any]:
    """Return what *annotation* allows besides None, looking through ``Annotated``, ``Optional`` and unions."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in members(part) if member is not type(None)]
    return [annotation]


def models(annotation: Any) -> list[type[BaseModel]]:
    """Return the sections that *annotation* allows."""
    return [member for member in members(annotation) if isinstance(member, type) and issubclass(member, BaseModel)]


def model_for(annotation: Any, value: Mapping[str, Any]) -> type[BaseModel] | None:
    """Return the section that *value* is meant to be: the only one, or the one whose fixed keys it repeats."""
    candidates = models(annotation)
    if len(candidates) <= 1:
        return candidates[0] if candidates else None
    fitting = [model for model in candidates if _repeats_tags(model, value)]
    return fitting[0] if len(fitting) == 1 else None


def element_of(annotation: Any) -> Any | None:
    """Return what the elements of a list, tuple or table of *annotation* are; None when it is no container."""
    for member in members(annotation):
        arguments = get_args(member)
        origin = get_origin(member)
        if origin in (list, tuple, set, frozenset) and arguments:
            return arguments[0]
        if isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2:  # noqa: PLR2004 - key, value
            return arguments[1]
    return None


def is_secret(annotation: Any) -> bool:
    """Whether a value of *annotation*, or any element of it, must never be shown."""
    if any(isinstance(member, type) and issubclass(member, SecretStr) for member in members(annotation)):
        return True
    element = element_of(annotation)
    return element is not None and is_secret(element)


def is_text(annotation: Any) -> bool:
    """Whether a value of *annotation* may be plain text, so that nothing must be read out of it."""
    return any(member is str or member is SecretStr or get_origin(member) is Literal for member in members(annotation))


def choices(annotation: Any) -> list[Any]:
    """Return the fixed values that *annotation* allows, if it allows only such."""
    return [choice for member in members(annotation) if get_origin(member) is Literal for choice in get_args(member)]


def _repeats_tags(model: type[BaseModel], value: Mapping[str, Any]) -> bool:
    tags = {
        name: choices(field.annotation)
        for name, field in model.model_fields.items()
        if len(choices(field.annotation)) == 1
    }
    return bool(tags) and all(value.get(name, fixed[0]) == fixed[0] for name, fixed in tags.items())
