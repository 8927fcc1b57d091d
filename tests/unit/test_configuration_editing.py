"""Sources added to a configuration file: what stood there stays, and what is written means what was meant."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from services.collector.settings import SourceSettings
from services.configuration import load
from services.configuration.editing import CannotEdit, block, with_sources, write_sources

ONE = SourceSettings(id="one", name='The "One"\\', url="https://one.example/feed", language="en", interval=60)
TWO = SourceSettings(id="two", name="قناة", kind="telegram", channel="example_two")
OLD = '# mine\n[collector]\ninterval = 60  # often\n\n[[collector.sources]]\nid = "old"\nname = "Old"\nurl = "https://o.example/"\n'


def test_a_block_holds_what_was_set_and_nothing_else() -> None:
    assert (
        block(TWO) == '[[collector.sources]]\nid = "two"\nname = "قناة"\nkind = "telegram"\nchannel = "example_two"\n'
    )
    assert SourceSettings(**tomllib.loads(block(ONE))["collector"]["sources"][0]) == ONE


@pytest.mark.parametrize(
    "text",
    [
        "",
        OLD,
        OLD.rstrip("\n"),
        OLD.replace("\n", "\r\n"),
        "\ufeff" + OLD,
        '[alerter]\n[[alerter.subscriptions]]\nname = "x"\n',
    ],
)
def test_what_stood_there_stays_byte_for_byte(text: str) -> None:
    after = with_sources(text, [ONE, TWO])
    assert after.startswith(text)
    sources = tomllib.loads(after.removeprefix("\ufeff"))["collector"]["sources"]
    assert [one["id"] for one in sources][-2:] == ["one", "two"]


@pytest.mark.parametrize(
    "text",
    [
        "collector = { sources = [] }\n",
        '[collector]\nsources = [{ id = "o", name = "O", url = "https://o.example/" }]\n',
        "broken",
        '[collector]\nsources = "x"\n',
    ],
)
def test_a_file_that_cannot_be_continued_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "claimwatch.toml"
    file.write_text(text)
    with pytest.raises(CannotEdit):
        write_sources(file, [ONE])
    assert file.read_text() == text
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file_goes_on_reading_the_catalogue(tmp_path: Path) -> None:
    write_sources(tmp_path / "claimwatch.toml", [ONE])
    settings = load(None, {}, tmp_path).configuration.collector
    assert settings.catalogue is True
    assert settings.sources == (ONE,)


def test_rights_links_and_line_ends_are_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "claimwatch.toml"
    real.write_bytes(b"[collector]\r\ninterval = 60\r\n")
    real.chmod(0o600)
    link.symlink_to(real)
    write_sources(link, [ONE])
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert real.read_bytes().startswith(b"[collector]\r\ninterval = 60\r\n")


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotEdit, match="cannot be written"):
        write_sources(tmp_path / "absent" / "claimwatch.toml", [ONE])
    with pytest.raises(CannotEdit, match="cannot be written"):
        write_sources(tmp_path, [ONE])
