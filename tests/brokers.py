"""Which broker the tests use, in this order: `UCC_TEST_KAFKA`; a container where a Docker engine answers; Apache Kafka's own
jars through Maven where Java is present; else the in-memory one, with the tests that need a real broker skipped, saying so."""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

KAFKA_VERSION = "3.9.1"
_CACHE = Path(os.environ.get("UCC_TEST_CACHE", Path.home() / ".cache" / "ucc-tests"))
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>ucc</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
</dependencies></project>"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class KafkaProcess:
    """A single-node Apache Kafka (KRaft) from its jars, which tests may stop, kill and start again."""

    libs: Path
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ucc-kafka-")))
    port: int = field(default_factory=free_port)
    partitions: int = 8
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        controller = free_port()
        self._config = self.folder / "server.properties"
        self._config.write_text(
            "\n".join(
                [
                    "process.roles=broker,controller",
                    "node.id=1",
                    f"controller.quorum.voters=1@127.0.0.1:{controller}",
                    f"listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
                    f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}",
                    "controller.listener.names=CONTROLLER",
                    "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
                    f"log.dirs={self.folder / 'data'}",
                    "offsets.topic.replication.factor=1",
                    "offsets.topic.num.partitions=4",
                    "transaction.state.log.replication.factor=1",
                    "transaction.state.log.min.isr=1",
                    "group.initial.rebalance.delay.ms=0",
                    "log.message.timestamp.type=CreateTime",
                    f"num.partitions={self.partitions}",
                ]
            )
        )
        self._java(
            "kafka.tools.StorageTool",
            "format",
            "-t",
            base64.urlsafe_b64encode(b"\x01" + uuid.uuid4().bytes[1:]).decode().rstrip("="),
            "-c",
            str(self._config),
        ).wait(60)

    def _java(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / "broker.log").open("ab")
        return subprocess.Popen(
            ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{self.libs}/*", *arguments],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, timeout: float = 60) -> None:
        self.process = self._java("kafka.Kafka", str(self._config))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError("Kafka did not start: " + (self.folder / "broker.log").read_text()[-800:])

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """kill -9, as a machine that dies."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def kafka_jars() -> Path | None:
    """The folder with Kafka's jars, fetched once through Maven; None where Java or Maven is missing."""
    if not (shutil.which("java") and shutil.which("mvn")):
        return None
    folder = _CACHE / f"kafka-{KAFKA_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests side by side want it at the same moment
        if not (folder / "ready").exists():
            (folder / "pom.xml").write_text(_POM)
            subprocess.run(
                ["mvn", "-q", "-B", "-f", str(folder / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'libs'}"],
                check=True, capture_output=True, timeout=300,
            )  # fmt: skip
            (folder / "ready").touch()
    return folder / "libs"
