"""Reading the configuration: where from, what over what, and every fault with its key and its fix."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import Field, model_validator

from services.configuration import BadConfiguration, Loaded, load
from services.configuration.environment import merge, read_environment, read_secret_files
from services.configuration.faults import find_faults
from services.configuration.printing import print_redacted
from shared.errors import ConfigurationError
from shared.settings import Secret, Section


def load_text(directory: Path, text: str, environ: Mapping[str, str] | None = None) -> Loaded:
    (directory / "claimwatch.toml").write_text(text, encoding="utf-8")
    return load(None, environ or {}, directory)


def faults_of(directory: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        load_text(directory, text, environ)
    return [f"{fault.key}: {fault.problem}. {fault.fix}" for fault in caught.value.faults]


def test_without_any_file_the_defaults_hold(tmp_path: Path) -> None:
    loaded = load(None, {}, tmp_path)
    assert loaded.file is None
    assert loaded.configuration.database == "sqlite:///claimwatch.db"


def test_the_named_file_goes_before_the_variable_and_that_before_the_directory(tmp_path: Path) -> None:
    for name in ("named", "variable", "claimwatch"):
        (tmp_path / f"{name}.toml").write_text(f'database = "sqlite:///{name}.db"')
    environ = {"CLAIMWATCH_CONFIG": str(tmp_path / "variable.toml")}
    assert load(tmp_path / "named.toml", environ, tmp_path).configuration.database == "sqlite:///named.db"
    assert load(None, environ, tmp_path).configuration.database == "sqlite:///variable.db"
    assert load(None, {}, tmp_path).configuration.database == "sqlite:///claimwatch.db"


def test_the_environment_goes_over_the_file(tmp_path: Path) -> None:
    environ = {"CLAIMWATCH_HTTP__PORT": "9000", "CLAIMWATCH_DATABASE": "sqlite:///other.db"}
    configuration = load_text(tmp_path, '[http]\nport = 1\nhost = "::1"\n', environ).configuration
    assert (configuration.http.port, configuration.http.host) == (9000, "::1")
    assert configuration.database == "sqlite:///other.db"


def test_a_secret_is_read_from_a_file_that_the_environment_names(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    environ = {"CLAIMWATCH_DATABASE_PASSWORD_FILE": str(tmp_path / "password")}
    password = load_text(tmp_path, "", environ).configuration.database_password
    assert password is not None
    assert password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(password)


def test_a_secret_is_read_from_a_file_that_the_configuration_names(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2")
    text = f'database_password_file = "{tmp_path / "password"}"'
    assert load_text(tmp_path, text).configuration.database_password == Secret("hunter2")


def test_variables_of_orchestrators_are_none_of_ours(tmp_path: Path) -> None:
    environ = {
        "CLAIMWATCH_COLLECT_SERVICE_HOST": "10.0.0.1",
        "CLAIMWATCH_COLLECT_PORT": "tcp://10.0.0.1:80",
        "CLAIMWATCH_COLLECT_PORT_80_TCP_ADDR": "10.0.0.1",
        "CLAIMWATCH_COLLECT_SERVICE_PORT_HTTP": "80",
        "PATH": "/bin",
    }
    assert load(None, environ, tmp_path).file is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('lgo = "x"', "lgo: there is no such setting. Did you mean log?"),
        ("zebra = 1", "zebra: there is no such setting. The keys of the top level are: log, database,"),
        ("[http]\nprot = 1", "http.prot: there is no such setting. Did you mean port?"),
        ("[http]\nport = 70000", "http.port: 70000 is above 65535. Choose a value within the bounds (0: no listener)"),
        ('[http]\nport = "many"', 'http.port: "many" is not a whole number. Write digits without quotes'),
        ("[http]\nport = 1.5", "http.port: 1.5 is not a whole number."),
        ("database = 5", "database: 5 is not text. Put it in quotes"),
        ("http = 5", "http: 5 is not a table. Write its keys below a [table] line"),
        (
            '[logging]\nlevel = "inof"',
            'logging.level: "inof" is not one of debug, info, warning, error. Did you mean "info"?',
        ),
        ('[logging]\nlevel = "zzz"', 'logging.level: "zzz" is not one of debug, info, warning, error. Choose one'),
        ("database_password = 5", "database_password: the hidden value is not text."),
        ("[http\nport = 1", "is broken TOML: "),
        ("a = 1\nb = \n", "(at line 2, column 5)"),
        ('database_password_file = "/nowhere/x"', 'database_password_file: "/nowhere/x" cannot be read: No such file'),
    ],
)
def test_a_fault_is_named_with_its_fix(tmp_path: Path, text: str, fault: str) -> None:
    (told,) = faults_of(tmp_path, text)
    assert fault in told


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        (
            "CLAIMWATCH_HTTP__PROT",
            "1",
            "CLAIMWATCH_HTTP__PROT: there is no such setting. Did you mean CLAIMWATCH_HTTP__PORT?",
        ),
        ("CLAIMWATCH_HTPT__PORT", "1", "Did you mean CLAIMWATCH_HTTP"),
        ("CLAIMWATCH_ZEBRA", "1", "CLAIMWATCH_ZEBRA: there is no such setting. The keys of the top level are"),
        ("CLAIMWATCH_HTTP__PORT", "x", 'http.port: "x" is not a whole number'),
        ("CLAIMWATCH_HTTP__PORT__DEEPER", "x", "there is no such setting"),
        ("CLAIMWATCH_HTTP", "{", "CLAIMWATCH_HTTP: is not JSON"),
        ("CLAIMWATCH_DATABASE_FILE", "x", "CLAIMWATCH_DATABASE_FILE: there is no such setting"),
        ("CLAIMWATCH_CONFIG", "/nowhere/x.toml", 'CLAIMWATCH_CONFIG: "/nowhere/x.toml" cannot be read: No such file'),
    ],
)
def test_a_fault_of_the_environment_names_the_variable(tmp_path: Path, name: str, value: str, fault: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        load(None, {name: value}, tmp_path)
    assert fault in str(caught.value)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = 'lgo = "x"\n[http]\nport = -1\n[logging]\nlevel = "loud"\nshape = "round"\n'
    told = faults_of(tmp_path, text, {"CLAIMWATCH_HTTP__HOTS": "x"})
    assert [fault.partition(":")[0] for fault in told] == [
        "CLAIMWATCH_HTTP__HOTS", "lgo", "http.port", "logging.shape", "logging.level",
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = '\xe9'"])
def test_a_file_that_is_not_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "claimwatch.toml").write_bytes(content)
    with pytest.raises(BadConfiguration, match="not UTF-8"):
        load(None, {}, tmp_path)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"--config: .* cannot be read: No such file"):
        load(tmp_path / "absent.toml", {}, tmp_path)
    with pytest.raises(BadConfiguration, match="Is a directory"):
        load(tmp_path, {}, tmp_path)


class Inner(Section):
    """One of several."""

    kind: str = "a"
    size: int = Field(1, ge=1, description="How big")
    token: Secret | None = None

    @model_validator(mode="after")
    def _whole(self) -> Inner:
        if self.kind == "b" and self.token is None:
            raise ConfigurationError("inner.token", 'is needed when inner.kind is "b"', "Give one")
        if self.kind == "c":
            raise ValueError("c is not made any more")
        return self


class Outer(Section):
    """A section with everything a section may hold."""

    inner: Inner = Inner()
    named: dict[str, Inner] = Field(default_factory=dict)
    many: tuple[Inner, ...] = ()
    words: list[str] = Field(default_factory=list)
    needed: int


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ({}, ["needed: is missing. Add it"]),
        ({"needed": "x"}, ['needed: "x" is not a whole number. Write digits without quotes']),
        (
            {"needed": 1, "inner": {"kind": "b"}},
            ['inner.token: is needed when inner.kind is "b". Give one'],
        ),
        (
            {"needed": 1, "many": [{}, {"kind": "b"}]},
            ['many[1].inner.token: is needed when inner.kind is "b". Give one'],
        ),
        ({"needed": 1, "inner": {"kind": "c"}}, ["inner: c is not made any more. Correct the value"]),
        (
            {"needed": 1, "named": {"x": {"size": 0}}},
            ["named.x.size: 0 is below 1. Choose a value within the bounds (How big)"],
        ),
        ({"needed": 1, "named": {"x": {"szie": 0}}}, ["named.x.szie: there is no such setting. Did you mean size?"]),
        ({"needed": 1, "words": "x"}, ['words: "x" is not a list. Write ["one", "two"]']),
        ({"needed": 1, "words": [1]}, ["words[0]: 1 is not text. Put it in quotes"]),
        ({"needed": 1, "many": {"size": 1}}, ['many: {"size": 1} is not a list. Write ["one", "two"]']),
    ],
)
def test_faults_inside_sections_lists_and_tables(data: dict[str, object], faults: list[str]) -> None:
    assert [str(fault) for fault in find_faults(Outer, data)] == faults


def test_passwords_inside_addresses_are_hidden_in_faults() -> None:
    (fault,) = find_faults(Outer, {"needed": "https://user:hunter2@example.org"})
    assert "hunter2" not in str(fault)
    assert "https://***@example.org" in str(fault)


def test_the_environment_reaches_into_tables_and_reads_lists() -> None:
    environ = {
        "CLAIMWATCH_NAMED__SLACK__SIZE": "3",
        "CLAIMWATCH_WORDS": '["a", "b"]',
        "CLAIMWATCH_INNER": '{"size": 2}',
        "CLAIMWATCH_NEEDED": "7",
    }
    tree, faults = read_environment(Outer, environ)
    assert faults == []
    outer = Outer.model_validate(tree)
    assert outer.named["slack"].size == 3
    assert (outer.words, outer.inner.size, outer.needed) == (["a", "b"], 2, 7)


def test_secret_files_are_read_inside_lists_and_tables(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("s3cret")
    tree = {"needed": 1, "many": [{"token_file": str(path)}], "named": {"x": {"token_file": str(path)}}}
    resolved, faults = read_secret_files(Outer, tree)
    assert faults == []
    outer = Outer.model_validate(resolved)
    assert outer.many[0].token == outer.named["x"].token == Secret("s3cret")


def test_merging_goes_section_by_section() -> None:
    assert merge({"a": {"x": 1, "y": 2}, "b": 1}, {"a": {"y": 3}, "c": 4}) == {"a": {"x": 1, "y": 3}, "b": 1, "c": 4}


def test_what_is_printed_is_toml_without_secrets() -> None:
    outer = Outer(
        needed=1,
        inner=Inner(token=Secret("hunter2")),
        named={"with space": Inner(kind='quo"te')},
        many=(Inner(kind="https://me:hunter2@example.org"), Inner()),
        words=["один", "a\nb"],
    )
    text = print_redacted(outer)
    assert "hunter2" not in text
    read = tomllib.loads(text)
    assert read["words"] == ["один", "a\nb"]
    assert read["named"]["with space"]["kind"] == 'quo"te'
    assert read["many"][0]["kind"] == "https://***@example.org"
    assert len(read["many"]) == 2
    assert "# token is not set" in text
