"""What an Asterisk beside UCC is to look like: the document `ucc asterisk config` reads, and its files are made from."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,64}$")]
Number = Annotated[str, Field(pattern=r"^\+?[0-9]{1,20}$")]
Port = Annotated[int, Field(ge=1, le=65_535)]
Secret = Annotated[
    str, Field(pattern=r"^[\x21-\x3a\x3c-\x7e]{8,128}$")
]  # no blank and no semicolon, which begins a comment
Path = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._/\-]{1,255}$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:\-\[\]]{1,255}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(_Part):
    """An entry of the gateway's row, as far as the dialplan needs it.

    `fallback`: the static queue or the number its callers reach while UCC does not answer.
    """

    entry: Number
    fallback: Annotated[str, Field(pattern=r"^\+?[A-Za-z0-9_\-]{1,64}$")]


class StaticQueue(_Part):
    """Who serves callers while UCC does not: Asterisk's own queue of some phones, all rung at once."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_\-]{0,63}$")]
    phones: tuple[Word, ...]
    ring_seconds: Annotated[int, Field(ge=5, le=120)] = 15
    wait_seconds: Annotated[int, Field(ge=10, le=3_600)] = 600


class Phone(_Part):
    """An agent's phone that registers here. `softphone`: in the agent's page, by WebRTC."""

    name: Word
    password: Secret
    kind: Literal["sip", "softphone"] = "sip"


class Browsers(_Part):
    """Telephones in agents' pages: WebRTC over WebSocket. Without a certificate Asterisk takes browsers of its own machine
    only (`ws`), as browsers themselves give no microphone to pages that are not encrypted."""

    tls_port: Port = 8089
    certificate: Path | None = None
    key: Path | None = None
    stun: Host | None = None  # with port; how Asterisk behind NAT learns its own address

    @model_validator(mode="after")
    def _certificate_has_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("browsers: certificate and key go together")
        return self


class Trunk(_Part):
    """The way to and from an existing PBX or a carrier. Without `user` its host's address alone admits it."""

    name: Word = "trunk"
    host: Host
    port: Port = 5060
    user: Word | None = None
    password: Secret | None = None
    codecs: tuple[Word, ...] = ("alaw", "ulaw")


class ExchangePlan(_Part):
    """One Asterisk. Addresses are where it listens; `outside_address` is what it tells callers behind NAT."""

    app: Word = "ucc"
    ari_user: Word = "ucc"
    ari_password: Secret
    http_bind: Host = "127.0.0.1"
    http_port: Port = 8088
    sip_bind: Host = "0.0.0.0"
    sip_port: Port = 5060
    outside_address: Host | None = None
    rtp_first: Port = 10_000
    rtp_last: Port = 10_999
    answer_seconds: Annotated[int, Field(ge=1, le=30)] = 3
    """How long UCC may be silent about a new caller before the static queue has them."""
    entries: tuple[Line, ...] = ()
    otherwise: str | None = None  # fallback of numbers no entry names
    queues: tuple[StaticQueue, ...] = ()
    phones: tuple[Phone, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    browsers: Browsers | None = None
    fax_lines: tuple[Number, ...] = ()
    """Own numbers that are fax machines: received whether UCC runs or not."""
    shared_folder: Path = "/var/spool/asterisk/ucc"
    """What passes between UCC and Asterisk: `in` faxes received, `out` to be sent, `calls` slips of calls served without UCC."""
    fax_station: Annotated[str, Field(pattern=r"^[+0-9 ]{0,20}$")] = ""
    music_folder: str | None = None  # None: as installed
    etc_folder: str = "/etc/asterisk"
    run_folders: str | None = None  # one folder for everything Asterisk writes; None: as installed
    module_folder: str | None = None
    sounds_folder: str | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        """Every fallback that is a name is a queue, every queue's phone a phone, and no two things share a name."""
        phones = {phone.name for phone in self.phones}
        queues = {queue.name for queue in self.queues}
        names = [*phones, *(trunk.name for trunk in self.trunks)]
        if len(set(names)) != len(self.phones) + len(self.trunks):
            raise ValueError("a phone or trunk has the name of another")
        for queue in self.queues:
            if missing := sorted(set(queue.phones) - phones):
                raise ValueError(f"queue {queue.name}: no such phone: {', '.join(missing)}")
        for target in [*(line.fallback for line in self.entries), *([self.otherwise] if self.otherwise else [])]:
            if target not in queues and target not in phones and not (self.trunks and is_number(target)):
                raise ValueError(f"fallback {target}: neither a queue nor a phone, nor a number some trunk could reach")
        if self.rtp_last <= self.rtp_first:
            raise ValueError("rtp_last must be above rtp_first")
        return self


def is_number(target: str) -> bool:
    return target.removeprefix("+").isdigit()
