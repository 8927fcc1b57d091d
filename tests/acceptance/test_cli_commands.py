"""The installed command: what it teaches, what it says when something is wrong, and its exit statuses."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import claimwatch

COMMANDS = [
    "run", "collect", "classify", "alert", "explain", "replay", "evaluate", "check", "sources", "dead",
    "deliveries", "migrate", "topics", "telegram-login", "demo", "schemas",
]  # fmt: skip

TEXT = "Two soldiers were killed in Homs on Monday, the monitor said."


def document(**changes: Any) -> str:
    return json.dumps(
        {
            "id": "1", "source": {"id": "agency", "name": "Agency", "kind": "rss"}, "url": None, "title": None,
            "text": TEXT, "lang": "en", "published_at": "2016-02-02T00:00:00Z",
        }
        | changes
    )  # fmt: skip


def labels(**changes: Any) -> str:
    claim = {
        "outcome": "killed", "min": 2, "max": 2, "force": "SY", "incident": "a", "place": "Homs", "governorate": "Homs",
        "date": "2016-02-01", "cause": None, "stance": "reported", "attributed_to": "the monitor", "party": "SOHR",
        "names": [], "evidence": "Two soldiers were killed in Homs on Monday",
    }  # fmt: skip
    return json.dumps({"id": "1", "relevant": True, "claims": [claim]} | changes)


def test_help_names_every_command(tmp_path: Path) -> None:
    done = claimwatch("--help", directory=tmp_path)
    assert done.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    done = claimwatch(command, "--help", directory=tmp_path)
    assert done.returncode == 0
    assert "Usage: claimwatch" in done.stdout


def test_the_version(tmp_path: Path) -> None:
    assert claimwatch("--version", directory=tmp_path).stdout == f"claimwatch {version('claimwatch')}\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('lgo = "x"', "lgo: there is no such setting\n    fix: Did you mean log?"),
        ("[http]\nport = 99999", "http.port: 99999 is above 65535"),
        ("[http\n", "is broken TOML: "),
        ('[logging]\nlevel = "inof"', 'fix: Did you mean "info"?'),
        ('database = "postgresql://u:hunter2@h/d"', "database: holds a password\n    fix: Move it to"),
        ('log = "amqp://x"', "log: this is not the address of an event log"),
        ('log = "kafka://nohost"', "log: nohost is not HOST:PORT"),
        ('[[alerter.subscriptions]]\nname = "x"\nchannel = "email"', "alerter.subscriptions[0].to: is needed"),
        ('[collector.telegram]\nmode = "preview"', "collector.telegram.accept_terms: must be true"),
    ],
)
def test_a_bad_configuration_is_refused_with_the_fix(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "claimwatch.toml").write_text(content)
    done = claimwatch("check", directory=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["claimwatch.toml"]


@pytest.mark.parametrize("command", ["run", "collect", "classify", "alert", "migrate", "topics", "sources"])
def test_every_command_reads_the_configuration_first(tmp_path: Path, command: str) -> None:
    done = claimwatch(command, directory=tmp_path, variables={"CLAIMWATCH_HTTP__PROT": "1"})
    assert done.returncode == 2
    assert "Did you mean CLAIMWATCH_HTTP__PORT?" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_check_before_the_first_run_creates_nothing(tmp_path: Path) -> None:
    done = claimwatch("check", directory=tmp_path)
    assert done.returncode == 0
    assert done.stdout.count("not there yet; claimwatch run makes it") == 2
    assert list(tmp_path.iterdir()) == []


def test_check_says_what_is_not_there_and_what_to_do(tmp_path: Path) -> None:
    variables = {"CLAIMWATCH_DATABASE": "postgresql://nobody@127.0.0.1:1/none"}
    done = claimwatch("check", "--json", directory=tmp_path, variables=variables)
    assert done.returncode == 1
    found = {line["part"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert found["database"]["ok"] is False
    assert "cannot be reached" in found["database"]["problem"]
    assert found["database"]["fix"]
    assert found["configuration"]["ok"] is True


def test_check_prints_the_configuration_without_secrets(tmp_path: Path) -> None:
    done = claimwatch("check", "--print", directory=tmp_path, variables={"CLAIMWATCH_DATABASE_PASSWORD": "hunter2"})
    assert done.returncode == 0
    assert "hunter2" not in done.stdout
    assert 'database_password = "**********"' in done.stdout


@pytest.mark.parametrize("command", ["collect", "classify", "alert"])
def test_a_service_refuses_a_database_that_is_not_migrated(tmp_path: Path, command: str) -> None:
    done = claimwatch(command, directory=tmp_path)
    assert done.returncode == 2
    assert "database: is empty" in done.stderr
    assert "fix: Run: claimwatch migrate" in done.stderr


def test_a_service_refuses_a_log_without_topics(tmp_path: Path) -> None:
    assert claimwatch("migrate", directory=tmp_path).returncode == 0
    done = claimwatch("classify", directory=tmp_path)
    assert done.returncode == 2
    assert "log: topics are missing: items.raw" in done.stderr
    assert "fix: Run: claimwatch topics" in done.stderr


def test_topics_are_created_once(tmp_path: Path) -> None:
    assert "would create  items.raw\n" in claimwatch("topics", "--dry-run", directory=tmp_path).stdout
    assert "created  items.raw\n" in claimwatch("topics", directory=tmp_path).stdout
    again = claimwatch("topics", "--json", directory=tmp_path)
    assert json.loads(again.stdout)["created"] == []


def test_sources_before_the_first_look(tmp_path: Path) -> None:
    done = claimwatch("sources", directory=tmp_path)
    assert done.returncode == 0
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert {line[0] for line in lines} == {"waiting"}
    assert len(lines) > 3
    assert list(tmp_path.iterdir()) == []


def test_dead_letters_of_a_log_that_is_not_there(tmp_path: Path) -> None:
    done = claimwatch("dead", "list", directory=tmp_path)
    assert done.returncode == 1
    assert "there is no log at claimwatch-log.db yet" in done.stderr
    assert claimwatch("topics", directory=tmp_path).returncode == 0
    assert claimwatch("dead", "list", directory=tmp_path).returncode == 0
    assert "no letter has an id" in claimwatch("dead", "show", "x", directory=tmp_path).stderr


def test_schemas_are_written_and_compared(tmp_path: Path) -> None:
    assert claimwatch("schemas", "--output", "contracts", "--release", directory=tmp_path).returncode == 0
    assert claimwatch("schemas", "--output", "contracts", "--check", directory=tmp_path).returncode == 0
    file = tmp_path / "contracts" / "claimwatch.item.raw.v1.json"
    file.write_text("{}")
    stale = claimwatch("schemas", "--output", "contracts", "--check", directory=tmp_path)
    assert stale.returncode == 1
    assert "out of date in contracts: claimwatch.item.raw.v1.json" in stale.stderr


def test_schemas_name_a_broken_promise(tmp_path: Path) -> None:
    assert claimwatch("schemas", "--output", ".", "--release", directory=tmp_path).returncode == 0
    released = tmp_path / "released" / "claimwatch.item.raw.v1.json"
    schema = json.loads(released.read_text())
    schema["properties"]["gone"] = {"type": "string"}
    released.write_text(json.dumps(schema))
    done = claimwatch("schemas", "--output", ".", "--check", directory=tmp_path)
    assert done.returncode == 1
    assert "claimwatch.item.raw.v1: the message.gone: was removed" in done.stderr


def test_replay_with_labels_reports_bad_lines_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "docs.jsonl").write_text(f"{document()}\n{{broken\n\n{document(id='2', text='')}\n{document()}\n")
    (tmp_path / "gold.jsonl").write_text(labels())
    done = claimwatch("replay", "docs.jsonl", "--output", "r.jsonl", "--claims", "gold.jsonl", directory=tmp_path)
    assert done.returncode == 1
    assert "docs.jsonl:2: not JSON: " in done.stderr
    assert "docs.jsonl:5: the id '1' stands on line 1 already" in done.stderr
    assert "2 of 4 lines were not documents" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["1", "2"]
    assert [alert["kind"] for alert in lines[0]["alerts"]] == ["new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs.jsonl", "gold.jsonl", "r.jsonl"]


def test_replay_reads_and_writes_pipes(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_text(labels())
    done = claimwatch("replay", "-", "-o", "-", "--claims", "gold.jsonl", directory=tmp_path, stdin=document())
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["relevant"] is True


def test_replay_does_not_overwrite_the_documents(tmp_path: Path) -> None:
    (tmp_path / "docs.jsonl").write_text(document())
    done = claimwatch("replay", "docs.jsonl", "--output", "./docs.jsonl", directory=tmp_path)
    assert done.returncode == 1
    assert "would overwrite the documents" in done.stderr
    assert (tmp_path / "docs.jsonl").read_text() == document()


@pytest.mark.parametrize("arguments", [("replay", "absent.jsonl", "-o", "r"), ("replay", ".", "-o", "r")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = claimwatch(*arguments, directory=tmp_path)
    assert done.returncode == 1
    assert "cannot be read: " in done.stderr
    assert "Traceback" not in done.stderr


def test_evaluate_gives_the_table(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text(document())
    (tmp_path / "g.jsonl").write_text(labels())
    replayed = claimwatch("replay", "d.jsonl", "-o", "r.jsonl", "--claims", "g.jsonl", directory=tmp_path)
    assert replayed.returncode == 0
    given = ("--docs", "d.jsonl", "--gold", "g.jsonl", "--result", "r.jsonl")
    table = claimwatch("evaluate", *given, "--by", "lang", directory=tmp_path)
    assert "all: 1 documents" in table.stdout
    assert "lang=en: 1 documents" in table.stdout
    figures = json.loads(claimwatch("evaluate", *given, "--json", directory=tmp_path).stdout)
    assert figures["strict"]["f1"] == figures["new"]["f1"] == 1.0


def test_evaluate_refuses_half_a_file(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text(document())
    (tmp_path / "g.jsonl").write_text(labels() + "\n{}\n")
    done = claimwatch("evaluate", "--docs", "d.jsonl", "--gold", "g.jsonl", "--result", "d.jsonl", directory=tmp_path)
    assert done.returncode == 1
    assert "g.jsonl:2: " in done.stderr
