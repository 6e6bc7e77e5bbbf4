"""A real Asterisk for tests: the files `ucc asterisk config` makes, in a folder of its own, on free ports of 127.0.0.1.

It is found by `UCC_TEST_ASTERISK_ROOT` (a directory holding a system with Asterisk, entered by chroot), else in
the tests' cache (where `install-asterisk` puts one), else on the path.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import wave
from pathlib import Path

import httpx

from deploy.asterisk.plan import ExchangePlan
from deploy.asterisk.render import write
from services.gateway.adapters.asterisk.remembering import remembered_as
from tests.telephony.phone import HOST, until

USUAL_ROOT = Path(os.environ.get("UCC_TEST_CACHE", Path.home() / ".cache" / "ucc-tests")) / "asterisk"
MUSIC_HERTZ = 300


def find() -> Path | None:
    """The root directory Asterisk is to be run in; `/` for one on the path; None where there is none."""
    for root in (os.environ.get("UCC_TEST_ASTERISK_ROOT"), str(USUAL_ROOT)):
        if root and (Path(root) / "usr/sbin/asterisk").exists() and os.geteuid() == 0:
            return Path(root)
    return Path("/") if shutil.which("asterisk") else None


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def write_tone(path: Path, hertz: int, seconds: float = 2.0) -> None:
    """A WAV as Asterisk plays them: 8 kHz, mono, 16 bit."""
    count = int(8_000 * seconds)
    samples = (int(8_000 * math.sin(2 * math.pi * hertz * n / 8_000)) for n in range(count))
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8_000, count, "NONE", ""))
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


class Exchange:
    """One Asterisk. `folder` is inside its root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "tmp").mkdir(exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="ucc-exchange-", dir=root / "tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self.plan: ExchangePlan | None = None

    @property
    def inside(self) -> str:
        """The folder as Asterisk sees it."""
        return "/" + str(self.folder.relative_to(self.root))

    @property
    def sip(self) -> tuple[str, int]:
        assert self.plan is not None
        return HOST, self.plan.sip_port

    @property
    def ari_url(self) -> str:
        assert self.plan is not None
        return f"http://{HOST}:{self.plan.http_port}/ari"

    @property
    def shared_folder(self) -> dict[str, str]:
        """As the gateway's settings name the folder both see."""
        return {"here": str(self.folder / "shared"), "there": f"{self.inside}/shared"}

    def set_up(self, plan: ExchangePlan) -> None:
        """Write its files; `plan` without folders, which are ours."""
        modules = next((self.root / "usr/lib").glob("**/asterisk/modules"), self.root / "usr/lib/asterisk/modules")
        self.plan = plan.model_copy(
            update={
                "etc_folder": f"{self.inside}/etc",
                "run_folders": self.inside,
                "module_folder": "/" + str(modules.relative_to(self.root)),
                "sounds_folder": "/usr/share/asterisk",
                "music_folder": f"{self.inside}/music",
                "shared_folder": f"{self.inside}/shared",
            }
        )
        write(self.plan, self.folder / "etc")
        for name in ("music", "run", "log", "lib", "cache", "spool/recording", "spool/monitor", "spool/outgoing",
                     "shared/in", "shared/out", "shared/calls", "shared/messages"):  # fmt: skip
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        write_tone(self.folder / "music" / "tone.wav", MUSIC_HERTZ)

    async def start(self) -> None:
        """Start and wait until ARI answers."""
        command = ["asterisk", "-f", "-C", f"{self.inside}/etc/asterisk.conf"]
        if self.root != Path("/"):
            command = ["chroot", str(self.root), *command]
        log = (self.folder / "log" / "console.log").open("ab")
        self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        await self._answering()

    async def _answering(self) -> None:
        assert self.plan is not None
        credentials = (self.plan.ari_user, self.plan.ari_password)
        deadline = time.monotonic() + 60
        async with httpx.AsyncClient(auth=credentials, trust_env=False, timeout=2) as client:
            while True:
                assert self._process is not None
                assert self._process.poll() is None, f"Asterisk ended: {self.log()[-2000:]}"
                try:
                    if (await client.get(f"{self.ari_url}/asterisk/info")).is_success:
                        return
                except httpx.TransportError:
                    pass
                assert time.monotonic() < deadline, f"Asterisk does not answer: {self.log()[-2000:]}"
                await asyncio.sleep(0.1)

    async def listens(self) -> None:
        """Return once UCC's gateway is connected: a call before that meets the static queue, as it should."""
        assert self.plan is not None
        async with httpx.AsyncClient(auth=(self.plan.ari_user, self.plan.ari_password), trust_env=False) as client:
            async with asyncio.timeout(120):
                while not (await client.get(f"{self.ari_url}/applications")).json():
                    await asyncio.sleep(0.05)

    async def contact_of(self, number: str) -> str:
        """The contact UCC made of the call from this number, as soon as it remembers one."""
        assert self.plan is not None
        async with httpx.AsyncClient(auth=(self.plan.ari_user, self.plan.ari_password), trust_env=False) as client:
            async with asyncio.timeout(60):
                while True:
                    for channel in (await client.get(f"{self.ari_url}/channels")).json():
                        if channel["caller"]["number"] == number:
                            where = {"variable": remembered_as(channel["id"])}
                            kept = await client.get(f"{self.ari_url}/asterisk/variable", params=where)
                            if kept.is_success:
                                return json.loads(kept.json()["value"])["contact_id"]
                    await asyncio.sleep(0.05)

    def log(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted((self.folder / "log").glob("*.log")))

    def cli(self, command: str) -> str:
        """What its console says to a command."""
        asked = ["asterisk", "-C", f"{self.inside}/etc/asterisk.conf", "-rx", command]
        if self.root != Path("/"):
            asked = ["chroot", str(self.root), *asked]
        return subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False).stdout

    async def quiet(self) -> None:
        """Wait until no channel and no bridge is left."""
        await until(lambda: "0 active channels" in self.cli("core show channels count"), "the exchange is quiet")

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
