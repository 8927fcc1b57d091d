"""The committed contract is what the models say, and keeps what the last release promised."""

from __future__ import annotations

import copy
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared.codec import decode
from shared.compatibility import breaking_changes
from shared.schemas import ASYNCAPI, asyncapi, files, json_schema, message_types
from shared.topics import TOPICS

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
SAMPLES = sorted((FOLDER / "samples").glob("*.json"))


def type_of(sample: Path) -> str:
    return sample.stem.rpartition(".")[0]


@pytest.mark.parametrize("name", sorted(files("0")))
def test_the_committed_files_are_what_the_models_say(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == files(version("claimwatch"))[name], "run: claimwatch schemas"


@pytest.mark.parametrize("name", sorted(message_types()))
def test_no_change_breaks_readers_of_the_last_release(name: str) -> None:
    released = json.loads((FOLDER / "released" / f"{name}.json").read_text(encoding="utf-8"))
    assert breaking_changes(released, json_schema(name, message_types()[name])) == []


def test_every_released_type_is_still_there() -> None:
    assert {path.stem for path in (FOLDER / "released").glob("*.json")} <= set(message_types())


def test_every_type_has_a_sample() -> None:
    assert {type_of(sample) for sample in SAMPLES} == set(message_types())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_valid_and_survives_the_codec(sample: Path) -> None:
    value = json.loads(sample.read_text(encoding="utf-8"))
    name = type_of(sample)
    schema = json_schema(name, message_types()[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema)
    message = decode(message_types()[name], sample.read_bytes(), {"ce_type": name, "ce_specversion": "1.0"})
    read = message.model_dump(mode="json")
    assert {key: read[key] for key in value} == value


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_is_written_now_is_valid_for_the_last_release(sample: Path) -> None:
    name = type_of(sample)
    message = decode(message_types()[name], sample.read_bytes(), {"ce_type": name, "ce_specversion": "1.0"})
    released = json.loads((FOLDER / "released" / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(message.model_dump_json()), released)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_quotes_of_samples_stand_where_their_offsets_say(sample: Path) -> None:
    value = json.loads(sample.read_text(encoding="utf-8"))
    item = value.get("item")
    if not isinstance(item, dict):
        return
    document = f"{item['title'] or ''}\n{item['text']}"
    for claim in value["claims"]:
        assert document[claim["start"] : claim["end"]] == claim["evidence"]


def test_asyncapi_describes_every_topic_and_its_dead_letters() -> None:
    document = asyncapi("1.2.3")
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {name for topic in TOPICS for name in (topic.name, topic.dead_letters)}
    assert {one["channel"]["$ref"].removeprefix("#/channels/") for one in document["operations"].values()} == addresses
    compacted = document["channels"]["incidents"]["bindings"]["kafka"]["topicConfiguration"]
    assert compacted == {"cleanup.policy": ["compact"], "retention.ms": -1}


def test_every_reference_of_asyncapi_leads_somewhere() -> None:
    document = asyncapi("1.2.3")
    for reference in references(document):
        if reference.startswith("./"):
            assert (FOLDER / reference).is_file(), reference
            continue
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    assert ASYNCAPI in files("1.2.3")


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in references(value)]
    return [found for value in node for found in references(value)] if isinstance(node, list) else []


SMALL: dict[str, Any] = {
    "properties": {
        "id": {"type": "string"},
        "kind": {"enum": ["new", "old"], "type": "string"},
        "count": {"type": "integer", "minimum": 0},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "inner": {"$ref": "#/$defs/Inner"},
        "many": {"type": "array", "items": {"$ref": "#/$defs/Inner"}},
    },
    "required": ["id", "kind", "inner"],
    "$defs": {"Inner": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}},
}


def changed(*path: str, to: Any) -> dict[str, Any]:
    schema = copy.deepcopy(SMALL)
    target = schema
    for step in path[:-1]:
        target = target[step]
    if to is None:
        del target[path[-1]]
    else:
        target[path[-1]] = to
    return schema


@pytest.mark.parametrize(
    ("current", "fault"),
    [
        (changed("properties", "note", to=None), "the message.note: was removed"),
        (changed("properties", "count", to={"type": "string"}), "the message.count: type was 'integer', is 'string'"),
        (changed("properties", "kind", "enum", to=["new"]), "the value old was removed"),
        (changed("properties", "kind", "enum", to=["new", "old", "odd"]), "the value odd was added"),
        (changed("properties", "count", "minimum", to=1), "minimum was 0, is 1"),
        (changed("properties", "count", "maximum", to=9), "maximum was not given, is 9"),
        (changed("required", to=["id", "kind", "inner", "count"]), "the message.count: is now required"),
        (changed("required", to=["id", "kind"]), "the message.inner: is no longer required"),
        (changed("properties", "note", to={"type": "string"}), "the message.note: other types are allowed"),
        (changed("$defs", "Inner", "properties", "a", to={"type": "integer"}), "the message.many[].a: type was"),
        (changed("properties", "many", to={"type": "array"}), "the message.many: was a list"),
        (changed("properties", "kind", to={"type": "string"}), "the message.kind: no longer a closed list"),
    ],
)
def test_a_breaking_change_is_named(current: dict[str, Any], fault: str) -> None:
    assert any(fault in said for said in breaking_changes(SMALL, current))


def test_a_new_required_field_breaks_old_records() -> None:
    current = changed("properties", "fresh", to={"type": "string"})
    current["required"] = [*current["required"], "fresh"]
    assert breaking_changes(SMALL, current) == [
        "the message.fresh: is new and required; records of the last release lack it"
    ]


@pytest.mark.parametrize(
    "current",
    [
        SMALL,
        changed("properties", "fresh", to={"type": "string", "default": ""}),
        changed("properties", "count", "description", to="how many"),
        changed("properties", "note", "default", to="-"),
        changed("properties", "note", "deprecated", to=True),
    ],
)
def test_a_harmless_change_is_let_through(current: dict[str, Any]) -> None:
    assert breaking_changes(SMALL, current) == []
