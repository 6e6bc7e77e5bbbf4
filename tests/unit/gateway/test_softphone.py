"""Accounts of telephones in pages: the same on every instance, another for every agent, secret and time; encrypted or local."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.gateway.adapters.asterisk.softphone import SoftphoneSettings, account_of

NOW = 1_800_000_000
HOURS = 12


def test_an_account_follows_from_secret_user_and_hours() -> None:
    account = account_of("whsec_a", "lin", HOURS, NOW)
    assert account == account_of("whsec_a", "lin", HOURS, account.expires_at - 1)
    assert NOW < account.expires_at <= NOW + HOURS * 3600
    others = [
        account_of("whsec_b", "lin", HOURS, NOW), account_of("whsec_a", "chen", HOURS, NOW),
        account_of("whsec_a", "lin", HOURS, account.expires_at),
    ]  # fmt: skip
    assert account.password not in {other.password for other in others}
    assert len(account.password) == 32
    assert account.password.isalnum()


@pytest.mark.parametrize("url", ["wss://pbx.example.com:8089/ws", "ws://127.0.0.1:8088/ws", "ws://localhost/ws"])
def test_browsers_reach_asterisk_encrypted_or_on_the_same_machine(url: str) -> None:
    assert SoftphoneSettings(ws_url=url).ws_url == url


@pytest.mark.parametrize("url", ["ws://pbx.example.com/ws", "http://127.0.0.1/ws", "wss://a b/ws", ""])
def test_nothing_else_is_taken(url: str) -> None:
    with pytest.raises(ValidationError):
        SoftphoneSettings(ws_url=url)
