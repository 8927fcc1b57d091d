"""Log lines: one JSON object each in a pipe, readable on a terminal, secrets never."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from shared.logs import HIDDEN, configure_logging
from shared.settings import LoggingSettings, Secret


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Put the process's logging back after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def configure(level: Literal["debug", "info", "warning", "error"] = "info", *, terminal: bool = False) -> None:
    configure_logging(LoggingSettings(level=level, format="auto"), service="alerter", terminal=terminal)


def lines(written: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.splitlines()]


def test_a_line_in_a_pipe_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    structlog.get_logger("services.x").info("item was read", item="i-1", text="two\nlines и ещё")
    (line,) = lines(capsys.readouterr().err)
    assert line["event"] == "item was read"
    assert line["service"] == "alerter"
    assert line["level"] == "info"
    assert line["logger"] == "services.x"
    assert line["item"] == "i-1"
    assert line["text"] == "two\nlines и ещё"
    assert line["timestamp"].endswith("Z")


def test_a_task_may_name_its_own_service(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    with structlog.contextvars.bound_contextvars(service="collector"):
        structlog.get_logger().info("looked")
    assert lines(capsys.readouterr().err)[0]["service"] == "collector"


def test_less_important_lines_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning")
    structlog.get_logger().info("chatter")
    logging.getLogger("library").info("chatter")
    structlog.get_logger().warning("something")
    assert [line["event"] for line in lines(capsys.readouterr().err)] == ["something"]


def test_a_library_speaks_through_the_same_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    logging.getLogger("library").warning("lost %s of %s", 1, 2)
    logging.getLogger("httpx").info("GET https://example.org")
    assert [(line["event"], line["logger"]) for line in lines(capsys.readouterr().err)] == [("lost 1 of 2", "library")]


def test_warnings_of_python_are_log_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old ways", UserWarning, stacklevel=1)
    assert "old ways" in lines(capsys.readouterr().err)[0]["event"]


def fail(reason: str) -> None:
    raise RuntimeError(reason)


def test_an_exception_is_told_whole_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    try:
        fail("with https://me:hunter2@example.org")
    except RuntimeError:
        structlog.get_logger().exception("it broke")
    (line,) = lines(capsys.readouterr().err)
    assert "RuntimeError" in line["exception"]
    assert "hunter2" not in line["exception"]


@pytest.mark.parametrize(
    "context",
    [
        {"password": "hunter2"},
        {"database_password": "hunter2"},
        {"token": Secret("hunter2")},
        {"url": "postgresql://me:hunter2@example.org/x"},
        {"headers": {"Authorization": "hunter2"}},
        {"error": ValueError("https://hunter2@example.org")},
        {"answer": ["Bearer hunter2"]},
        {"text": "posted to https://hooks.slack.com/services/T0/B0/hunter2"},
        {"note": "xoxb-1-hunter2"},
        {"note": "whsec_hunter2"},
        {"settings": Secret("hunter2")},
    ],
)
@pytest.mark.parametrize("terminal", [False, True])
def test_a_secret_never_reaches_a_line(
    capsys: pytest.CaptureFixture[str], context: dict[str, Any], terminal: object
) -> None:
    configure(terminal=bool(terminal))
    structlog.get_logger().warning("something", **context)
    written = capsys.readouterr().err
    assert "something" in written
    assert "hunter2" not in written
    assert "**" in written


def test_what_only_looks_like_a_secret_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    structlog.get_logger().info("read", tokens=3, sessions=["a"], secretary="Ann", item="a/b", count=None)
    (line,) = lines(capsys.readouterr().err)
    assert (line["tokens"], line["sessions"], line["secretary"], line["count"]) == (3, ["a"], "Ann", None)
    assert HIDDEN not in line.values()


def test_a_terminal_gets_words_not_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure(terminal=True)
    structlog.get_logger().info("item was read", item="i-1")
    written = capsys.readouterr().err
    assert "item was read" in written
    assert not written.startswith("{")


def test_lines_go_to_whatever_standard_error_is_now(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    later = io.StringIO()
    with contextlib.redirect_stderr(later):
        structlog.get_logger().info("moved")
    assert capsys.readouterr().err == ""
    assert lines(later.getvalue())[0]["event"] == "moved"
