"""Settings from the environment: ``CLAIMWATCH_SECTION__KEY`` over the file, ``…_FILE`` for secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from services.configuration.faults import unknown_key
from services.configuration.shape import element_of, is_secret, is_text, models
from shared.errors import ConfigurationError

PREFIX = "CLAIMWATCH_"
RESERVED = {"CLAIMWATCH_CONFIG"}
ORCHESTRATOR = re.compile(r"(?<!_)_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)$")
"""Variables that Kubernetes and container links add for every service whose name begins with ours."""

Tree = dict[str, Any]


def read_environment(model: type[BaseModel], environ: Mapping[str, str]) -> tuple[Tree, list[ConfigurationError]]:
    """Return the settings that *environ* gives for *model*, nested as in the file, and what is wrong with them."""
    tree: Tree = {}
    faults: list[ConfigurationError] = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in RESERVED or ORCHESTRATOR.search(name):
            continue
        try:
            _place(tree, model, name, environ[name])
        except ConfigurationError as fault:
            faults.append(fault)
    return tree, faults


def read_secret_files(model: type[BaseModel], tree: Mapping[str, Any]) -> tuple[Tree, list[ConfigurationError]]:
    """Return *tree* with every ``KEY_file`` of a secret KEY replaced by what the named file holds."""
    faults: list[ConfigurationError] = []
    return _resolve(model, tree, (), faults), faults


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> Tree:
    """Return *below* with the values of *above* laid over it, section by section."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _place(tree: Tree, model: type[BaseModel], name: str, value: str) -> None:
    """Put the *value* of variable *name* where it belongs in *tree*."""
    steps = name.removeprefix(PREFIX).lower().split("__")
    annotation: Any = model
    here = tree
    for depth, step in enumerate(steps):
        last = depth == len(steps) - 1
        annotation, step = _descend(annotation, step, tuple(steps[:depth]), name)  # noqa: PLW2901 - spelled as the model does
        if last:
            here[step] = _scalar(annotation, value, name, is_file=step.endswith("_file"))
        else:
            here = here.setdefault(step, {})


def _descend(annotation: Any, step: str, at: tuple[str, ...], name: str) -> tuple[Any, str]:
    sections = models(annotation)
    fields = {key: field for section in sections for key, field in section.model_fields.items()}
    if step in fields:
        return fields[step].annotation, step
    secret = fields.get(step.removesuffix("_file"))
    if secret is not None and is_secret(secret.annotation):
        return str, step
    if not sections and element_of(annotation) is not None:
        return element_of(annotation), step
    fault = unknown_key(step, list(fields), at, written=name)
    close = re.fullmatch(r"Did you mean (\w+)\?", fault.fix)
    if close:
        written = "__".join((*at, close[1])).upper()
        raise ConfigurationError(name, fault.problem, f"Did you mean {PREFIX}{written}?")
    raise fault


def _scalar(annotation: Any, value: str, name: str, *, is_file: bool) -> Any:
    """Return *value* as it would stand in the file: lists and tables from JSON, anything else as it is."""
    if is_file or is_text(annotation) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        fix = 'Write a list as ["one", "two"], a table as {"key": "value"}'
        raise ConfigurationError(name, f"is not JSON ({error})", fix) from None


def _resolve(annotation: Any, tree: Mapping[str, Any], at: tuple[str, ...], faults: list[ConfigurationError]) -> Tree:
    fields = {key: field for section in models(annotation) for key, field in section.model_fields.items()}
    element = element_of(annotation)
    resolved: Tree = {}
    for key, value in tree.items():
        target = key.removesuffix("_file")
        if key != target and key not in fields and target in fields and is_secret(fields[target].annotation):
            several = element_of(fields[target].annotation) is not None
            _take(resolved, target, value, ".".join((*at, key)), faults, several=several)
            continue
        inner = fields[key].annotation if key in fields else element
        resolved[key] = _resolve_value(inner, value, (*at, key), faults)
    return resolved


def _resolve_value(annotation: Any, value: Any, at: tuple[str, ...], faults: list[ConfigurationError]) -> Any:
    if isinstance(value, Mapping):
        return _resolve(annotation, value, at, faults)
    if isinstance(value, list):
        element = element_of(annotation)
        return [_resolve_value(element, one, (*at, f"[{i}]"), faults) for i, one in enumerate(value)]
    return value


def _take(
    resolved: Tree, key: str, path: Any, written: str, faults: list[ConfigurationError], *, several: bool
) -> None:
    """Put what the file at *path* holds under *key*: one secret, or one on each line where *several* are allowed."""
    try:
        content = Path(str(path)).read_text(encoding="utf-8").strip()
        resolved[key] = content.split() if several else content
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        fix = "Name a readable file that holds the secret"
        faults.append(ConfigurationError(written, f'"{path}" cannot be read: {reason}', fix))
