"""The script HylaFAX runs for a received fax: UCC gets each one, once, whatever happens in between."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shared.postgres import ROOT
from shared.security import verify_webhook

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SCRIPT = ROOT / "deploy" / "fax" / "deliver"


@dataclass
class Gateway:
    """Plays `POST /v1/faxes`: answers as told, notes every fax whose signature is right."""

    answers: list[int] = field(default_factory=list)
    faxes: list[dict[str, bytes]] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None

    def start(self) -> str:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                signed = {name.lower(): value for name, value in self.headers.items()}
                right = (
                    self.path == "/v1/faxes"
                    and verify_webhook(SECRET, signed, body)
                    and signed["ucc-gateway"] == "gw-1"
                )
                status = (gateway.answers.pop(0) if gateway.answers else 202) if right else 401
                if status == 202:
                    gateway.faxes.append(fields_of(self.headers["content-type"], body))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b'{"detail": "said the gateway"}')

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}/"


def fields_of(content_type: str, body: bytes) -> dict[str, bytes]:
    parsed = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: dict[str, bytes] = {}
    for part in parsed.walk():
        if not part.is_multipart():
            value = part.get_payload(decode=True)
            assert isinstance(value, bytes)
            fields[str(part.get_param("name", header="content-disposition"))] = value
    return fields


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    yield made
    if made.server is not None:
        made.server.shutdown()
        made.server.server_close()


@dataclass
class Machine:
    """A HylaFAX server's disk."""

    folder: Path

    def configured(self, url: str) -> None:
        (self.folder / "fax.conf").write_text(
            f"url = {url}\ngateway = gw-1\nsecret = {SECRET}\nspool = {self.folder}/spool\nbusiness_line = rental\n"
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"UCC_FAX_CONF": str(self.folder / "fax.conf"), "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [str(SCRIPT), *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def received(self, name: str = "fax00001.tif", body: bytes = b"II*\x00page") -> str:
        (self.folder / "recvq").mkdir(exist_ok=True)
        (self.folder / "recvq" / name).write_bytes(body)
        return f"recvq/{name}"

    def dispatch(self, file: str, **known: str) -> str:
        """As bin/faxrcvd does it: the variables are there, the file is sourced; what HylaFAX would do next."""
        known = {"SENDER": "", "CIDNUMBER": "", "CALLID3": "", "COMMID": "000000012", **known}
        assignments = "\n".join(f"{name}={value!r}" for name, value in known.items())
        script = (
            f"cd {self.folder}; FILE={file}; NOTIFY_FAXMASTER=always; {assignments}\n"
            f". {ROOT / 'deploy' / 'fax' / 'FaxDispatch'}; echo $NOTIFY_FAXMASTER"
        )
        environment = {
            "UCC_FAX_DELIVER": str(SCRIPT), "UCC_FAX_CONF": str(self.folder / "fax.conf"), "PATH": "/usr/bin:/bin",
        }  # fmt: skip
        done = subprocess.run(
            ["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    def waiting(self, where: str = "waiting") -> list[str]:
        return sorted(p.name for p in (self.folder / "spool" / where).glob("*"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_received_fax_goes_to_ucc(machine: Machine, gateway: Gateway) -> None:
    machine.configured(gateway.start())
    known = {"CIDNUMBER": "02155551234", "SENDER": "+86 21 TSI", "CALLID3": "60001000"}
    assert machine.dispatch(machine.received(), **known) == "errors"  # HylaFAX need not mail it
    (fax,) = gateway.faxes
    assert fax == {
        "subject": b"hylafax-000000012", "from": b"02155551234", "to": b"60001000", "business_line": b"rental",
        "file": b"II*\x00page",
    }  # fmt: skip
    assert machine.waiting() == []


def test_nothing_is_lost_while_ucc_is_away(machine: Machine, gateway: Gateway) -> None:
    machine.configured("http://127.0.0.1:9/")
    file = machine.received()
    assert machine.dispatch(file, SENDER="+86 21") == "errors"
    assert len(machine.waiting()) == 2
    (machine.folder / file).unlink()  # faxqclean came
    machine.configured(gateway.start())
    gateway.answers = [503, 429, 500]
    for still in (1, 1, 1, 0):
        assert ("1 waiting" in machine.run().stderr) == bool(still)
    assert [(fax["file"], fax["subject"]) for fax in gateway.faxes] == [(b"II*\x00page", b"hylafax-000000012")]


def test_the_same_call_dispatched_twice_is_one_fax_under_one_key(machine: Machine, gateway: Gateway) -> None:
    machine.configured("http://127.0.0.1:9/")
    for _ in range(2):
        machine.dispatch(machine.received())
    machine.configured(gateway.start())
    machine.run()
    assert len(gateway.faxes) == 1


def test_what_ucc_refuses_is_laid_aside_and_does_not_hold_up_the_next(machine: Machine, gateway: Gateway) -> None:
    machine.configured(gateway.start())
    gateway.answers = [422]
    machine.dispatch(machine.received(body=b"no document"))
    machine.dispatch(machine.received("fax00002.tif"), COMMID="000000013")
    assert [fax["subject"] for fax in gateway.faxes] == [b"hylafax-000000013"]
    reason = next(name for name in machine.waiting("refused") if name.endswith(".txt"))
    assert "said the gateway" in (machine.folder / "spool" / "refused" / reason).read_text()
    assert machine.waiting() == []


def test_a_wrong_secret_is_not_the_faxs_fault(machine: Machine, gateway: Gateway) -> None:
    machine.configured(gateway.start())
    conf = machine.folder / "fax.conf"
    right = conf.read_text()
    conf.write_text(right.replace("whsec_M", "whsec_N"))
    machine.dispatch(machine.received())
    assert (gateway.faxes, len(machine.waiting())) == ([], 2)
    conf.write_text(right)
    machine.run()
    assert len(gateway.faxes) == 1


def test_a_fax_half_copied_is_not_sent(machine: Machine, gateway: Gateway) -> None:
    machine.configured(gateway.start())
    (machine.folder / "spool" / "waiting").mkdir(parents=True)
    (machine.folder / "spool" / "waiting" / "abc.tif").write_bytes(b"II*")
    (machine.folder / "spool" / "waiting" / "abc.json.part").write_text("{")
    assert machine.run().returncode == 0
    assert gateway.faxes == []


def test_what_could_not_be_kept_is_hylafaxs_to_mail(machine: Machine) -> None:
    assert machine.dispatch(machine.received()) == "always"  # no configuration
    machine.configured("http://127.0.0.1:9/")
    assert machine.dispatch("recvq/gone.tif") == "always"
    assert machine.run("help").returncode != 0
