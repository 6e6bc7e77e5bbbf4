"""SIP messages as text (RFC 3261), as far as a telephone in a test needs them."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass, field


@dataclass
class Message:
    """A request (`start` = "INVITE sip:…") or a response ("SIP/2.0 200 OK"); headers keep their order and repeats."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, raw: bytes) -> Message:
        head, _, body = raw.decode("utf-8", "replace").partition("\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        return cls(lines[0], headers, body)

    def encode(self) -> bytes:
        head = [self.start, *(f"{n}: {v}" for n, v in self.headers), f"Content-Length: {len(self.body.encode())}"]
        return ("\r\n".join(head) + "\r\n\r\n" + self.body).encode()

    def get(self, name: str) -> str:
        """The first header of that name; empty when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """Of the request this is, or answers."""
        return self.get("CSeq").split()[-1]

    def answer(self, status: int, reason: str, tag: str, contact: str = "", body: str = "") -> Message:
        """A response to this request."""
        to = self.get("To")
        headers = [("Via", via) for via in self.all("Via")]
        headers += [("Record-Route", route) for route in self.all("Record-Route")]
        headers += [("From", self.get("From")), ("To", to if "tag=" in to or status == 100 else f"{to};tag={tag}")]
        headers += [("Call-ID", self.get("Call-ID")), ("CSeq", self.get("CSeq"))]
        if contact:
            headers.append(("Contact", contact))
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return Message(f"SIP/2.0 {status} {reason}", headers, body)


def branch() -> str:
    return "z9hG4bK" + uuid.uuid4().hex[:16]


def digest(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The Authorization header that answers a challenge (RFC 2617, MD5, qop auth or none)."""
    asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    ha1, ha2 = md5(f"{user}:{asked['realm']}:{password}"), md5(f"{method}:{uri}")
    said = {"username": user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": uri}
    if "qop" in asked:
        cnonce = uuid.uuid4().hex[:8]
        said["response"] = md5(f"{ha1}:{asked['nonce']}:00000001:{cnonce}:auth:{ha2}")
        extra = f', qop=auth, nc=00000001, cnonce="{cnonce}"'
    else:
        said["response"], extra = md5(f"{ha1}:{asked['nonce']}:{ha2}"), ""
    if "opaque" in asked:
        said["opaque"] = asked["opaque"]
    return "Digest " + ", ".join(f'{k}="{v}"' for k, v in said.items()) + extra + ", algorithm=MD5"


def offer(host: str, port: int) -> str:
    """A session description: μ-law and telephone events."""
    return "\r\n".join(
        ["v=0", f"o=- 1 1 IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP 0 101",
         "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20", "a=sendrecv", ""]
    )  # fmt: skip


def audio_address(description: str) -> tuple[str, int]:
    """Where the other side wants our audio."""
    host = re.search(r"^c=IN IP4 (\S+)", description, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", description, re.MULTILINE)
    assert host is not None
    assert port is not None
    return host[1], int(port[1])
