"""How a TwiML gateway is set up: whose account, where we are reached, what is said and how agents ring."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field

from services.gateway.domain.entries import Entry

Seconds = Annotated[int, Field(ge=1, le=600)]


class TwimlSettings(BaseModel):
    """`auth_token` signs the gateway's webhooks and opens its API; like every secret of a row it is never given out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_sid: Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,64}$")]
    auth_token: Annotated[str, Field(min_length=8, max_length=256)]
    api_url: AnyHttpUrl = AnyHttpUrl("https://api.twilio.com/2010-04-01")
    public_url: AnyHttpUrl  # as the gateway calls it: it is part of what is signed
    caller_id: Annotated[str, Field(pattern=r"^\+?[A-Za-z0-9._:@\-]{1,64}$")]  # shown to agents' outside phones
    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]
    sip_domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-:]{1,128}$")] | None = None  # of agents' SIP phones
    softphones: bool = True  # the gateway's browser client; False: softphones are reached by SIP
    ring_seconds: Seconds = 15  # after the second ring somebody should answer; after this somebody else is asked
    speech: bool = False  # the gateway recognises speech
    voices: dict[str, str] = {}  # language → the gateway's voice, e.g. {"zh": "Polly.Zhiyu"}
    hold_music_url: AnyHttpUrl | None = None
    waiting: Literal["enqueue", "round"] = "enqueue"  # in a queue of the gateway's own, or in documents that ask again
    announce_seconds: Seconds = 20  # between announcements of place and estimate
    silent_seconds: Seconds = 5  # of the ivr, until a person is looked for
    voicemail: bool = False  # callers may leave a message while they wait, and where we cannot take the call
    voicemail_key: Annotated[str, Field(pattern=r"^[0-9*#]$")] = "9"
    voicemail_seconds: Seconds = 120  # length of a message at most
    record: bool = False  # callers are told before their conversation is recorded

    @property
    def base(self) -> str:
        return str(self.public_url).rstrip("/")

    @property
    def account(self) -> str:
        return f"{str(self.api_url).rstrip('/')}/Accounts/{self.account_sid}"
