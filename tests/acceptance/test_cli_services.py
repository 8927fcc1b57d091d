"""Services as processes: started, waiting for what is down, asked to stop once and twice."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.support.command import claimwatch, running


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A directory with a migrated database and a log with its topics."""
    for command in ("migrate", "topics"):
        done = claimwatch(command, directory=tmp_path)
        assert done.returncode == 0, done.stderr
    return tmp_path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("command", ["collect", "classify", "alert"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_drains_and_ends_well_on_a_signal(prepared: Path, command: str, number: signal.Signals) -> None:
    (prepared / "claimwatch.toml").write_text(
        '[[collector.sources]]\nid = "x"\nname = "X"\nurl = "http://127.0.0.1:1/"\n'
    )
    with running(command, directory=prepared) as service:
        service.wait_for("started")
        assert service.stop(number) == 0
    assert "Traceback" not in service.said


def test_every_log_line_in_a_pipe_is_json(prepared: Path) -> None:
    with running("alert", directory=prepared) as service:
        service.wait_for("stage started")
        service.stop()
    lines = [json.loads(line) for line in service.err]
    assert {"started", "stopping", "stopped"} <= {line["event"] for line in lines}
    assert {line["service"] for line in lines} == {"alerter"}
    assert service.out == []


def test_a_log_that_is_down_is_waited_for_and_ctrl_c_works_meanwhile(prepared: Path) -> None:
    variables = {"CLAIMWATCH_LOG": f"kafka://127.0.0.1:{free_port()}"}
    with running("alert", directory=prepared, variables=variables) as service:
        service.wait_for('"attempt": 2', timeout=90)
        assert service.stop(signal.SIGINT) == 0
    waiting = [json.loads(line) for line in service.err if '"waiting"' in line]
    assert waiting[0]["part"] == "log"
    assert waiting[0]["reason"]
    assert "Traceback" not in service.said


def test_a_database_that_is_down_is_waited_for(prepared: Path) -> None:
    variables = {"CLAIMWATCH_DATABASE": f"postgresql://nobody@127.0.0.1:{free_port()}/none"}
    with running("alert", directory=prepared, variables=variables) as service:
        service.wait_for('"attempt": 2')
        assert service.stop() == 0
    assert '"part": "database"' in service.said


def test_health_and_metrics_are_served(prepared: Path) -> None:
    port = free_port()
    with running("alert", directory=prepared, variables={"CLAIMWATCH_HTTP__PORT": str(port)}) as service:
        service.wait_for("stage started")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            assert client.get("/readyz").json()["ready"] is True
            assert client.get("/healthz").status_code == 200
            assert client.get("/version").json()["service"] == "alerter"
            assert "claimwatch_alerts" in client.get("/metrics").text
        assert service.stop() == 0


def test_a_port_that_is_taken_is_refused(prepared: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        variables = {"CLAIMWATCH_HTTP__PORT": str(taken.getsockname()[1])}
        done = claimwatch("alert", directory=prepared, variables=variables)
    assert done.returncode == 2
    assert "http.port: cannot listen on 127.0.0.1" in done.stderr
