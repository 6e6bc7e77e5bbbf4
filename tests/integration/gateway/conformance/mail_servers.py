"""Real mail: Dovecot keeps the mailbox (IMAP), aiosmtpd takes our letters (SMTP). Customers' mails are laid into the mailbox
by IMAP, as a delivery agent would."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from imapclient import IMAPClient

from tests.brokers import free_port

USER, PASSWORD = "desk", "mailbox-password"
_OWNER = "nobody" if os.geteuid() == 0 else getpass.getuser()
_CONFIGURATION = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/run
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = {folder}/log
mail_location = maildir:{folder}/mail/%n
default_login_user = {owner}
default_internal_user = {owner}
default_internal_group = {group}
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail/%n
}}
"""


def dovecot() -> str | None:
    """Where Dovecot is; None where it is not installed."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@dataclass
class Mailserver:
    """`letters`: what we sent; `refusing`: what SMTP answers to a letter's receiver instead of taking it."""

    imap_port: int
    smtp_port: int
    folder: Path
    letters: list[EmailMessage] = field(default_factory=list)
    refusing: str | None = None
    laid: list[bytes] = field(default_factory=list)

    def lay(self, raw: bytes) -> None:
        """A mail arrives in the mailbox."""
        self.laid.append(raw)
        with self.signed_in() as client:
            client.append("INBOX", raw)

    @contextmanager
    def signed_in(self) -> Iterator[Any]:
        client: Any = IMAPClient("127.0.0.1", self.imap_port, ssl=False, timeout=20)
        client.login(USER, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def letters_to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in self.letters if letter["To"] == address]

    # --- aiosmtpd's handler ---

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refusing is not None:
            return self.refusing
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.letters.append(
            cast(EmailMessage, message_from_bytes(cast(bytes, envelope.content), policy=policy.default))
        )
        return "250 taken"


@contextmanager
def mail_servers(program: str) -> Iterator[Mailserver]:
    """Both servers on ports of their own, with an empty mailbox."""
    with tempfile.TemporaryDirectory(prefix="ucc-mail-") as name:
        folder, port = Path(name), free_port()
        (folder / "mail").mkdir()
        (folder / "run").mkdir()
        os.chmod(folder, 0o755)
        os.chmod(folder / "mail", 0o777)
        group = "nogroup" if _OWNER == "nobody" else str(os.getegid())
        configuration = _CONFIGURATION.format(folder=folder, port=port, owner=_OWNER, group=group, password=PASSWORD)
        (folder / "dovecot.conf").write_text(configuration)
        command = [program, "-F", "-c", str(folder / "dovecot.conf")]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
        server = Mailserver(port, free_port(), folder)
        controller = Controller(server, hostname="127.0.0.1", port=server.smtp_port)
        controller.start()
        try:
            _until_ready(server, process)
            yield server
        finally:
            controller.stop()
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _until_ready(server: Mailserver, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            with server.signed_in():
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                log = server.folder / "log"
                raise RuntimeError(log.read_text() if log.exists() else "Dovecot did not start") from None
            time.sleep(0.05)


async def lay(server: Mailserver, raw: bytes) -> None:
    await asyncio.to_thread(server.lay, raw)
