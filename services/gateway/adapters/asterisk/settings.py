"""How a row of kind `asterisk` is set up."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_serializer, model_validator

from services.gateway.adapters.asterisk.faxing import AsteriskFaxSettings
from services.gateway.adapters.asterisk.shared_folder import SharedFolder
from services.gateway.adapters.asterisk.softphone import SoftphoneSettings
from services.gateway.domain.entries import Entry

Sound = Annotated[str, Field(pattern=r"^(sound|tone|recording|digits|number):[^\x00-\x20]{1,200}$")]
"""What Asterisk plays by name: `sound:vm-goodbye`, `tone:ring;tonezone=fr` …"""


class Recording(BaseModel):
    """`always`: from the moment agent and customer are connected; `on_request`: when an agent asks."""

    model_config = ConfigDict(extra="forbid")
    when: Literal["never", "on_request", "always"] = "never"
    consent: Sound | None = None  # told to the customer before it begins
    longest_seconds: Annotated[int, Field(ge=60, le=86_400)] = 14_400


class Comfort(BaseModel):
    """What waiting callers hear: a greeting, music, and every so often their place and an honest estimate."""

    model_config = ConfigDict(extra="forbid")
    music: Annotated[str, Field(pattern=r"^[\w\-]{1,64}$")] = "default"
    greeting: Sound | None = None
    announce_seconds: Annotated[float, Field(ge=0, le=600)] = 45.0  # 0: never
    rating: Sound | None = None  # asks for a key from 1 on after the agent has hung up; None: nobody is asked
    callback: Sound | None = None  # "press 1 to be called back", where the group offers it
    zip_tone: Sound | None = "sound:beep"  # to an agent who has a customer we called, unasked
    sorry: Sound = "sound:vm-goodbye"  # before a call is ended that nobody can serve


class AsteriskSettings(BaseModel):
    """One Asterisk (or PBX behind it) and the entries its callers reach."""

    model_config = ConfigDict(extra="forbid")
    ari_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+/ari/?$")]
    ari_user: Annotated[str, Field(min_length=1, max_length=64)]
    ari_password: SecretStr
    app: Annotated[str, Field(pattern=r"^[\w\-]{1,64}$")] = "ucc"
    entries: tuple[Entry, ...] = ()
    default_business_line: str | None = None  # of callers who reached a number no entry names
    ring_seconds: Annotated[float, Field(ge=0, le=60)] = 4.0  # answered when the second ring is over: sooner startles
    early_media: bool = False  # prompts and comfort before the call is answered (and charged)
    silence_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0  # of the ivr, before the caller goes to a person
    lease_seconds: Annotated[float, Field(ge=3, le=600)] = 20.0  # an unattended caller falls to the static queue after
    caller_id: Annotated[str, Field(pattern=r"^\+?[0-9]{0,20}$")] | None = None  # shown to outside phones
    trunk: Annotated[str, Field(pattern=r"^[\w\-]{1,64}$")] | None = None  # PJSIP endpoint to PBX and outside numbers
    ring_agent_seconds: Annotated[int, Field(ge=0, le=300)] = 0  # 0: as long as the offer stands
    unreachable_seconds: Annotated[float, Field(ge=0, le=300)] = (
        10.0  # of a phone, before its agent gets no more offers
    )
    prompt_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = (
        None  # where Asterisk reaches this gateway
    )
    tones: bool = True  # listen to the lines we call for special information tones (Asterisk 22.6 or newer)
    comfort: Comfort = Comfort()
    recording: Recording = Recording()
    softphone: SoftphoneSettings | None = None  # telephones in agents' pages
    shared_folder: SharedFolder | None = None  # for faxes, and calls served while UCC was away
    fax: AsteriskFaxSettings | None = None  # this exchange sends and receives faxes

    @model_validator(mode="after")
    def _fax_has_folder(self) -> Self:
        if self.fax is not None and self.shared_folder is None:
            raise ValueError("fax: pages pass through shared_folder")
        return self

    @field_serializer("ari_password", when_used="json")
    def _password(self, password: SecretStr) -> str:
        """Kept in the row: settings are not returned by the API."""
        return password.get_secret_value()
