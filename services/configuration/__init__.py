"""The configuration: one checked value, read once at start from a TOML file with the environment laid over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.alerter.settings import AlerterSettings
from services.classifier.settings import ClassifierSettings
from services.collector.settings import CollectorSettings
from services.configuration.environment import merge, read_environment, read_secret_files
from services.configuration.faults import BadConfiguration, find_faults
from shared.database import sqlite_path
from shared.errors import ConfigurationError
from shared.eventlog.address import parse as parse_log
from shared.settings import SharedSettings

__all__ = ["BadConfiguration", "Configuration", "Loaded", "load"]

FILE = "claimwatch.toml"


class Configuration(SharedSettings):
    """Everything an operator can decide; ``deploy/claimwatch.toml`` explains every key."""

    collector: CollectorSettings = CollectorSettings()
    classifier: ClassifierSettings = ClassifierSettings()
    alerter: AlerterSettings = AlerterSettings()


@dataclass(frozen=True)
class Loaded:
    """A configuration, and the file it was read from (None: the defaults and the environment alone)."""

    configuration: Configuration
    file: Path | None


def load(named: Path | None, environ: Mapping[str, str], directory: Path) -> Loaded:
    """Read the configuration: the *named* file, else ``$CLAIMWATCH_CONFIG``, else ``claimwatch.toml`` in *directory*.

    Raises:
        BadConfiguration: with every fault found.

    """
    file, tree = _read_file(named, environ, directory)
    above, faults = read_environment(Configuration, environ)
    resolved, unreadable = read_secret_files(Configuration, merge(tree, above))
    faults += unreadable
    faults += find_faults(Configuration, resolved)
    faults += _address_faults(resolved)
    if faults:
        raise BadConfiguration(faults)
    return Loaded(Configuration.model_validate(resolved), file)


def _address_faults(tree: Mapping[str, Any]) -> list[ConfigurationError]:
    """Return what is wrong with the addresses of the log and the database."""
    found: list[ConfigurationError] = []
    for key, parse in (("log", parse_log), ("database", sqlite_path)):
        try:
            if isinstance(address := tree.get(key), str):
                parse(address)
        except ConfigurationError as fault:
            found.append(fault)
    return found


def _read_file(named: Path | None, environ: Mapping[str, str], directory: Path) -> tuple[Path | None, dict[str, Any]]:
    """Return the file to read and what is in it; a file that nobody named may be absent."""
    variable = environ.get("CLAIMWATCH_CONFIG")
    asked = "--config" if named else "CLAIMWATCH_CONFIG"
    file = named or (Path(variable) if variable else None)
    if file is None:
        file = directory / FILE
        if not file.exists():
            return None, {}
        asked = FILE
    try:
        return file, tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _unreadable(asked, f'"{file}" cannot be read: {error.strerror}', "Name a readable TOML file") from error
    except UnicodeDecodeError as error:
        fix = "Save it as UTF-8"
        raise _unreadable(asked, f'"{file}" is not UTF-8 text (byte {error.start})', fix) from error
    except tomllib.TOMLDecodeError as error:
        fix = 'Correct that line: text stands in "quotes", a section begins with a [name] line'
        raise _unreadable(asked, f'"{file}" is broken TOML: {error}', fix) from error


def _unreadable(key: str, problem: str, fix: str) -> BadConfiguration:
    return BadConfiguration([ConfigurationError(key, problem, fix)])
