"""Addresses of event logs, taken apart, and what is refused without showing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.eventlog.address import KafkaAddress, SqliteAddress, parse


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///log.db", "log.db"),
        ("sqlite:////var/log.db", "/var/log.db"),
        ("sqlite:///a%20b.db?lease=3", "a b.db"),
    ],
)
def test_an_embedded_log_is_a_path(url: str, path: str) -> None:
    address = parse(url)
    assert isinstance(address, SqliteAddress)
    assert address.path == Path(path)


def test_a_cluster_is_its_brokers_and_options() -> None:
    address = parse("kafka://a:9092,b-1.example.org:9093,[::1]:9094?session_ms=3000&fetch_wait_ms=5")
    assert isinstance(address, KafkaAddress)
    assert address.brokers == ("a:9092", "b-1.example.org:9093", "[::1]:9094")
    assert (address.options.session_ms, address.options.fetch_wait_ms) == (3000, 5)


def test_a_password_never_shows() -> None:
    address = parse("kafka://h:9092?security=SASL_SSL&username=u&password=hunter2")
    assert "hunter2" not in f"{address!r} {address}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "sqlite:///PATH"),
        ("postgresql://h/x", "not the address"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///x.db?leese=3", "lease"),
        ("sqlite:///x.db?lease=never", "lease"),
        ("kafka://", "HOST:PORT"),
        ("kafka://h", "HOST:PORT"),
        ("kafka://h:9092,", "HOST:PORT"),
        ("kafka://u:hunter2@h:9092", "before the host"),
        ("kafka://h:9092?pasword=hunter2", "Known options"),
        ("kafka://h:9092?fetch_wait_ms=500", "fetch_wait_ms"),
        ("kafka://h:9092?security=SASL_SSL&username=u", "password_file"),
        ("kafka://h:9092?username=u&password=hunter2", "SASL"),
        ("kafka://h:9092?cafile=/x", "certificates"),
        ("kafka://h:9092?security=SASL_SSL&password=hunter2&username=u&mechanism=hunter2", "mechanism"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_fix_and_no_secret(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match="log") as caught:
        parse(url)
    assert said in str(caught.value)
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__!r}"
