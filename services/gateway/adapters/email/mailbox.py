"""A mailbox over IMAP. Synchronous, one connection; the adapter runs it in a thread."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from services.gateway.adapters.email.settings import Reading

SECONDS: Final = 30.0
PAGE: Final = 50
FAULTS: Final = (OSError, IMAPClientError, ssl.SSLError)
"""What it looks like when the server is away, refuses us or breaks off."""


@dataclass(frozen=True, slots=True)
class Position:
    """Up to which mail a folder was read. A server that numbers anew changes `validity`."""

    validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Fetched:
    position: Position
    raw: bytes


class Mailbox:
    """One folder, read only: what people do with the mailbox besides is theirs."""

    def __init__(self, settings: Reading, mail_bytes: int) -> None:
        self._settings = settings
        self._mail_bytes = mail_bytes
        self._client: Any = None
        self._validity = 0

    def open(self) -> None:
        """Sign in and look into the folder. Raises one of `FAULTS`."""
        how = self._settings
        context = ssl.create_default_context()
        client: Any = IMAPClient(
            how.host, how.port, ssl=how.security == "tls", ssl_context=context if how.security == "tls" else None, timeout=SECONDS
        )  # fmt: skip
        self._client = client
        if how.security == "starttls":
            client.starttls(context)
        client.login(how.user, how.password)
        self._select()

    def _select(self) -> None:
        self._validity = int(self._client.select_folder(self._settings.folder, readonly=True)[b"UIDVALIDITY"])

    def newest(self) -> Position:
        """The position behind every mail that is there."""
        status = self._client.folder_status(self._settings.folder, ["UIDNEXT"])
        return Position(self._validity, int(status[b"UIDNEXT"]) - 1)

    def after(self, position: Position) -> Iterator[Fetched]:
        """Mails behind a position, oldest first; all of them when the server numbers anew."""
        start = position.uid + 1 if position.validity == self._validity else 1
        uids = sorted(uid for uid in self._client.search(["UID", f"{start}:*"]) if uid >= start)
        for first in range(0, len(uids), PAGE):
            page = uids[first : first + PAGE]
            sizes = self._client.fetch(page, ["RFC822.SIZE"])
            for uid in page:
                if uid not in sizes:  # deleted meanwhile
                    continue
                whole = sizes[uid][b"RFC822.SIZE"] <= self._mail_bytes
                part = "BODY.PEEK[]" if whole else "BODY.PEEK[HEADER]"
                found = self._client.fetch([uid], [part]).get(uid, {})
                raw = found.get(b"BODY[]" if whole else b"BODY[HEADER]")
                if raw is not None:
                    yield Fetched(Position(self._validity, uid), raw)

    def wait(self, seconds: float) -> None:
        """Until the server tells of something new, at the latest after `seconds`."""
        if self._settings.idle and self._client.has_capability("IDLE"):
            self._client.idle()
            try:
                self._client.idle_check(timeout=seconds)
            finally:
                self._client.idle_done()
        else:
            self._client.noop()

    @property
    def tells(self) -> bool:
        """Whether `wait` waits."""
        return self._settings.idle and bool(self._client.has_capability("IDLE"))

    def close(self) -> None:
        if self._client is not None:
            try:
                self._client.shutdown()
            except FAULTS:
                pass
