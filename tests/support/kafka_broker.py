"""A real Apache Kafka broker for the tests: one node, plain ``java``, free loopback ports, its own folder.

Outside pytest::

    with KafkaBroker.ready(folder) as broker:
        print(broker.bootstrap)
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

HERE = Path(__file__).parent / "kafka"
JAVA = ["java", "-Xms128m", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.awt.headless=true"]
USER, PASSWORD = "analyst", "correct horse"
START_SECONDS = 90
MAVEN_SECONDS = 900


class KafkaMissing(Exception):
    """The broker cannot be had on this machine; the text says what is missing."""


def kafka_version() -> str:
    """Return the version the pom pins."""
    found = re.search(r"<kafka.version>(.+?)</kafka.version>", (HERE / "pom.xml").read_text())
    assert found, "pom.xml pins no kafka.version"
    return found.group(1)


def kafka_jars() -> Path:
    """Return the folder with the broker's jars, fetching them with Maven the first time.

    Raises:
        KafkaMissing: no ``java`` or ``mvn``, or Maven could not fetch.

    """
    for program, package in (("java", "a Java 17 runtime"), ("mvn", "Maven")):
        if shutil.which(program) is None:
            raise KafkaMissing(f"{program} is not installed: install {package} to run the tests on real Kafka")
    folder = Path.home() / ".cache" / "claimwatch" / f"kafka-{kafka_version()}"
    if not (folder / "complete").exists():
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=MAVEN_SECONDS, check=False)
    if done.returncode != 0:
        raise KafkaMissing(
            f"Maven could not fetch Apache Kafka {kafka_version()}:\n{(done.stdout + done.stderr)[-2000:]}"
        )
    (folder / "complete").touch()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class KafkaBroker:
    """One broker process and its data; killed and restarted on the same data and ports at will."""

    def __init__(self, jars: Path, folder: Path) -> None:
        self.folder = folder
        self._classpath = f"{jars}/*"
        self._port, self._sasl_port, controller = _free_ports(3)
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "server.properties"
        text = (HERE / "server.properties").read_text()
        ports = {"BROKER": self._port, "SASL": self._sasl_port, "CONTROLLER": controller}
        for mark, value in {**ports, "DATA": folder / "data", "USER": USER, "PASSWORD": PASSWORD}.items():
            text = text.replace(f"@{mark}@", str(value))
        self._config.write_text(text)

    @classmethod
    def ready(cls, folder: Path) -> Self:
        """Return a broker that only needs ``start``; raises ``KafkaMissing``."""
        return cls(kafka_jars(), folder)

    @property
    def bootstrap(self) -> str:
        """HOST:PORT of the broker."""
        return f"127.0.0.1:{self._port}"

    @property
    def guarded(self) -> str:
        """HOST:PORT of the listener that asks for ``USER`` and ``PASSWORD`` (SASL/PLAIN without TLS)."""
        return f"127.0.0.1:{self._sasl_port}"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the broker and wait until it answers."""
        if not (self.folder / "data").exists():
            self._java("kafka.tools.StorageTool", "format", "--standalone", "-t", "Y2xhaW13YXRjaC10ZXN0cw")
        with (self.folder / "broker.log").open("ab") as log:
            command = self._command("kafka.Kafka", str(self._config))
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
        self._wait()

    def stop(self) -> None:
        """Stop in good order; a broker that does not is killed."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End the process at once, as a crash does (SIGKILL)."""
        assert self._process is not None, "the broker does not run"
        self._process.kill()
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Start again on the same data and ports."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _command(self, *arguments: str) -> list[str]:
        return [*JAVA, f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}", "-cp", self._classpath, *arguments]

    def _java(self, *arguments: str) -> None:
        command = self._command(*arguments, "-c", str(self._config))
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder, timeout=60)
        assert done.returncode == 0, f"{arguments[0]} failed:\n{done.stdout}{done.stderr}"

    def _wait(self) -> None:
        """Wait until the port accepts; a broker does so only once its log is loaded."""
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"the broker ended: {self.log_tail()}")
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        self.kill()
        raise AssertionError(f"the broker did not answer within {START_SECONDS} s: {self.log_tail()}")

    def log_tail(self) -> str:
        """Return the last lines the broker wrote."""
        return (self.folder / "broker.log").read_text(errors="replace")[-3000:]


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaBroker]:
    """A running broker, shared by the session; a test that kills it restarts it."""
    folder = Path(tempfile.mkdtemp(prefix="claimwatch-kafka-"))
    try:
        broker = KafkaBroker.ready(folder)
    except KafkaMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run the tests on real Kafka: {missing}")
        pytest.skip(f"NOT TESTED ON REAL KAFKA: {missing}")
    try:
        with broker:
            yield broker
    finally:
        shutil.rmtree(folder, ignore_errors=True)
