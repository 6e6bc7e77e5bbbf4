"""Settings of the ivr beside the shared ones."""

from __future__ import annotations

from shared.settings import UccSettings


class IvrSettings(UccSettings):
    """What the ivr may be told; every default suits one host."""

    profile_wait_seconds: float = 0.3
    """How long a dialogue that asks who is calling waits for the answer; without one it goes on as for a stranger."""
    match_limit_seconds: float = 1.0
    """A text the matcher has not judged by then counts as not understood: the customer goes to a person."""
    speech: bool = True
    """Whether words are turned into sound at all."""
    speech_url: str | None = None
    """An engine of one's own (see `adapters.speech.HttpSpeech`); None: the one that comes with the installation."""
    speech_limit_seconds: float = 2.0
    """Words made for one caller (a contract's name) are spoken if their audio is ready by then, else sent as text."""
    command_seconds: int = 15
    """A prompt the gateway has not begun by then is stale."""
    fax_wait_seconds: int = 600
    """How long the gateway may try to fax an answer before a person answers instead."""
    grace_seconds: int = 30
    """A session whose answer is this much later than the longest its prompt can take has failed."""
    came_back_days: int = 7
    """A customer in contact again within this many days after a self-served contact "came back"."""
    text_kept_days: int = 7
    """What customers typed is forgotten after this many days; corrections keep what an agent chose to teach."""
    sessions_kept_days: int = 90
    """Ended sessions are deleted after this many days; the figures of questions stay."""
    contacts_in_parallel: int = 16
    """Contacts of one partition served side by side; events of one contact stay in order."""
    consumer_group: str = "ivr"
    pool_size: int = 8
    """Connections per role."""
