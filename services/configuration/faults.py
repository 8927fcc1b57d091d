"""Every fault of a configuration at once, each with its key, what is wrong, and the fix. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from services.configuration.shape import choices, element_of, is_secret, model_for
from shared.errors import ClaimwatchError, ConfigurationError

Path = tuple[str, ...]
SHOWN = 80
USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")

BOUNDS = {
    "greater_than_equal": "below",
    "greater_than": "not above",
    "less_than_equal": "above",
    "less_than": "not below",
}
KINDS = {
    "int": ("is not a whole number", "Write digits without quotes"),
    "float": ("is not a number", "Write digits without quotes"),
    "bool": ("is neither true nor false", "Write true or false without quotes"),
    "string": ("is not text", "Put it in quotes"),
    "list": ("is not a list", 'Write ["one", "two"]'),
    "tuple": ("is not a list", 'Write ["one", "two"]'),
    "dict": ("is not a table", "Write its keys below a [table] line"),
    "model": ("is not a table", "Write its keys below a [table] line"),
}


class BadConfiguration(ClaimwatchError):
    """The configuration cannot be used; ``faults`` says everything that is wrong with it."""

    def __init__(self, faults: Sequence[ConfigurationError]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def find_faults(model: type[BaseModel], data: Mapping[str, Any], at: Path = ()) -> list[ConfigurationError]:
    """Return what keeps *data* from being a *model*: unknown keys, wrong values, settings that contradict each other.

    Sections are looked at from the inside out, so that one broken section hides nothing about the others.
    """
    faults: list[ConfigurationError] = []
    sound: dict[str, Any] = {}
    for key, value in data.items():
        field = model.model_fields.get(key)
        if field is None:
            faults.append(unknown_key(key, list(model.model_fields), at))
            continue
        found = _look_into(field.annotation, value, (*at, key))
        faults += found
        if not found:
            sound[key] = value
    return faults + _validate(model, sound, set(data), at, whole=not faults)


def unknown_key(key: str, known: Sequence[str], at: Path, *, written: str | None = None) -> ConfigurationError:
    """Return the fault of a *key* that is not among *known*; *written* is how the reader would write the likeliest."""
    close = get_close_matches(key.lower(), known, n=1)
    where = f"the section [{dotted(at)}]" if at else "the top level"
    fix = f"Did you mean {close[0]}?" if close else f"The keys of {where} are: {', '.join(known)}"
    return ConfigurationError(written or dotted((*at, key)), "there is no such setting", fix)


def dotted(path: Path) -> str:
    """Write *path* as people write it: ``alerter.subscriptions[0].minimum``."""
    return re.sub(r"\.(\[\d+\])", r"\1", ".".join(path))


def show(value: Any) -> str:
    """Return *value* short enough for one line, without passwords inside addresses."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        text = repr(value)
    text = USERINFO.sub("***", text)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _look_into(annotation: Any, value: Any, at: Path) -> list[ConfigurationError]:
    if isinstance(value, Mapping):
        model = model_for(annotation, value)
        if model is not None:
            return find_faults(model, value, at)
    element = element_of(annotation)
    if element is None:
        return []
    if isinstance(value, Mapping):
        return [fault for key, inner in value.items() for fault in _look_into(element, inner, (*at, str(key)))]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [fault for i, inner in enumerate(value) for fault in _look_into(element, inner, (*at, f"[{i}]"))]
    return []


def _validate(
    model: type[BaseModel], sound: Mapping[str, Any], given: set[str], at: Path, *, whole: bool
) -> list[ConfigurationError]:
    """Validate what is left; checks of combinations count only when the section is *whole*."""
    try:
        model.model_validate(sound)
    except ConfigurationError as fault:
        return [ConfigurationError(_placed(fault.key, at), fault.problem, fault.fix)] if whole else []
    except ValidationError as error:
        details = error.errors(include_url=False)
        told = [one for one in details if not (one["type"] == "missing" and str(one["loc"][0]) in given)]
        return [_explain(model, one, at) for one in told if whole or one["loc"]]
    return []


def _placed(key: str, at: Path) -> str:
    """Give a section's own name of a *key* its full path: ``telegram.mode`` found at ``collector.telegram``."""
    head, _, rest = key.partition(".")
    if at and rest and head == at[-1]:
        return dotted((*at, rest))
    return key if at and head == at[0] else dotted((*at, key))


def _explain(model: type[BaseModel], error: ErrorDetails, at: Path) -> ConfigurationError:
    field, annotation = _meant(model, error["loc"])
    steps = tuple(f"[{step}]" if isinstance(step, int) else str(step) for step in error["loc"])
    problem, fix = _tell(error, annotation)
    meaning = f" ({field.description})" if field is not None and field.description else ""
    return ConfigurationError(dotted((*at, *steps)) or "the configuration", problem, fix + meaning)


def _meant(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[FieldInfo | None, Any]:
    """Return the field that an error is about, and what may stand at the very place."""
    field = model.model_fields.get(str(location[0])) if location else None
    annotation = field.annotation if field else None
    for step in location[1:]:
        annotation = element_of(annotation) if isinstance(step, int) else annotation
    return field, annotation


def _tell(error: ErrorDetails, annotation: Any) -> tuple[str, str]:
    """Return what is wrong, and what to write instead."""
    kind, context = error["type"], error.get("ctx") or {}
    secret = is_secret(annotation)
    value = "the hidden value" if secret else show(error["input"])
    if kind == "missing":
        return "is missing", "Add it"
    if kind == "literal_error":
        options = [str(choice) for choice in choices(annotation)]
        close = get_close_matches(str(error["input"]).lower(), options, n=1)
        return f"{value} is not one of {', '.join(options)}", f'Did you mean "{close[0]}"?' if close else "Choose one"
    if kind in BOUNDS:
        limit = next(iter(context.values()))
        return f"{value} is {BOUNDS[kind]} {limit}", "Choose a value within the bounds"
    if kind in ("value_error", "assertion_error"):
        said = str(context.get("error", error["msg"])).rstrip(".")
        return (said if secret else USERINFO.sub("***", said)), "Correct the value"
    stem = kind.partition("_")[0]
    if stem in KINDS and kind.endswith(("_type", "_parsing", "_from_float")):
        return f"{value} {KINDS[stem][0]}", KINDS[stem][1]
    said = error["msg"][:1].lower() + error["msg"][1:]
    return f"{value}: {said}", "Correct the value"
