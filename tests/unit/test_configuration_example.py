"""The shipped example configuration: complete, true about the defaults, and usable when every line is taken in."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from services.configuration import Configuration, load
from services.configuration.environment import read_environment
from services.configuration.shape import element_of, is_secret, models

DEPLOY = Path(__file__).parents[2] / "deploy"
EXAMPLE = DEPLOY / "claimwatch.toml"
SETTING = re.compile(r"^#(?=(\[\[?[a-z_.]+\]\]?|[a-z_]+ = ))", re.MULTILINE)
KEY = "whsec_" + "A" * 40


def whole() -> dict[str, Any]:
    """Return the example with every setting taken in."""
    return tomllib.loads(SETTING.sub("", EXAMPLE.read_text(encoding="utf-8")))


def settings(model: type[BaseModel], at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the path of every setting; a list of sections counts as one section."""
    found = []
    for key, field in model.model_fields.items():
        sections = models(field.annotation) or models(element_of(field.annotation))
        inner = [path for section in sections for path in settings(section, (*at, key))]
        found += inner or [(*at, f"{key}_file" if is_secret(field.annotation) else key)]
    return found


def variables() -> dict[str, str]:
    """Return every variable of the example environment, those in comments included."""
    lines = re.findall(
        r"^#?(CLAIMWATCH_[A-Z_]+)=(.*)$", (DEPLOY / "example.env").read_text(encoding="utf-8"), re.MULTILINE
    )
    return dict(lines)


def outside_lists() -> list[tuple[str, ...]]:
    """Return the path of every setting that can be set by a variable."""
    listed = {("collector", "sources"), ("alerter", "subscriptions")}
    return [path for path in settings(Configuration) if path[:2] not in listed]


def shown(tree: Any, at: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return the first value of every path in *tree*."""
    found: dict[tuple[str, ...], Any] = {}
    for key, value in tree.items():
        parts = value if isinstance(value, list) and value and isinstance(value[0], dict) else [value]
        for part in parts:
            inner = shown(part, (*at, key)) if isinstance(part, dict) else {(*at, key): part}
            found = {**inner, **found}
    return found


@pytest.mark.parametrize("path", settings(Configuration), ids=".".join)
def test_every_setting_is_explained(path: tuple[str, ...]) -> None:
    assert path in shown(whole())


def test_nothing_is_explained_that_does_not_exist() -> None:
    assert set(shown(whole())) <= set(settings(Configuration))


def test_the_values_shown_are_the_defaults() -> None:
    examples = shown(whole())
    checked = 0
    for path in settings(Configuration):
        section: Any = Configuration
        for step in path[:-1]:
            annotation = section.model_fields[step].annotation
            section = (models(annotation) or models(element_of(annotation)))[0]
        field = section.model_fields.get(path[-1])
        if field is None or field.is_required() or field.default in (None, ()):
            continue  # an example stands there
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        assert examples[path] == default, ".".join(path)
        checked += 1
    assert checked > 20


def test_as_shipped_it_is_the_defaults(tmp_path: Path) -> None:
    assert load(EXAMPLE, {}, tmp_path).configuration == Configuration()


def test_with_every_line_taken_in_it_loads(tmp_path: Path) -> None:
    text = SETTING.sub("", EXAMPLE.read_text(encoding="utf-8"))
    for name in re.findall(r'"/run/secrets/(\w+)"', text):
        secret = "https://hooks.slack.com/services/T/B/x" if name in ("slack_webhook", "webhook_address") else KEY
        (tmp_path / name).write_text(secret)
    text = text.replace("/run/secrets", str(tmp_path)).replace('mode = "off"', 'mode = "preview"')
    (tmp_path / "x.toml").write_text(text.replace("accept_terms = false", "accept_terms = true"))
    configuration = load(tmp_path / "x.toml", {}, tmp_path).configuration
    assert [one.channel for one in configuration.alerter.subscriptions] == [
        "console", "slack", "slack-webhook", "email", "webhook",
    ]  # fmt: skip
    assert len(configuration.collector.sources) == 2


@pytest.mark.parametrize("path", outside_lists(), ids=".".join)
def test_every_variable_is_explained(path: tuple[str, ...]) -> None:
    assert "CLAIMWATCH_" + "__".join(path).upper() in variables()


def test_every_variable_shown_is_one_that_can_be_set() -> None:
    tree, faults = read_environment(Configuration, variables())
    assert faults == []
    assert set(shown(tree)) == set(outside_lists())


def test_the_two_examples_agree() -> None:
    of_file, of_environment = shown(whole()), shown(read_environment(Configuration, variables())[0])
    for path, value in of_environment.items():
        assert str(of_file[path]).lower() == str(value).lower(), ".".join(path)
