"""The files of an Asterisk that takes browsers and faxes: what stands in them, and plans that make no sense."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from deploy.asterisk.plan import ExchangePlan
from deploy.asterisk.render import render

PASSWORD = "a-long-password"


def plan(**fields: Any) -> ExchangePlan:
    return ExchangePlan.model_validate({"ari_password": PASSWORD, **fields})


def test_browsers_come_encrypted_where_there_is_a_certificate() -> None:
    files = render(
        plan(browsers={"certificate": "/etc/ssl/ucc.pem", "key": "/etc/ssl/ucc.key", "stun": "stun.example.com"})
    )
    assert (
        "tlsbindaddr=127.0.0.1:8089\ntlscertfile=/etc/ssl/ucc.pem\ntlsprivatekey=/etc/ssl/ucc.key" in files["http.conf"]
    )
    assert "protocol=wss" in files["pjsip.conf"]
    assert "stunaddr=stun.example.com" in files["rtp.conf"]


def test_without_one_only_browsers_of_the_same_machine_come() -> None:
    files = render(plan(browsers={}))
    assert "tlsenable" not in files["http.conf"]
    assert "protocol=ws\n" in files["pjsip.conf"]
    assert "protocol=wss" not in files["pjsip.conf"]
    assert "protocol=ws" not in render(plan())["pjsip.conf"], "who has no browsers listens to none"


def test_accounts_of_pages_have_room_in_the_exchange() -> None:
    assert render(plan())["sorcery.conf"].count("=astdb,") == 3


def test_fax_lines_are_received_whether_ucc_runs_or_not() -> None:
    dialplan = render(plan(fax_lines=["+862155500000"], shared_folder="/srv/ucc"))["extensions.conf"]
    inbound = dialplan.index("[ucc-in]")
    assert inbound < dialplan.index("exten => +862155500000,1,Goto(ucc-fax-in") < dialplan.index("Stasis(ucc,in")
    assert "/srv/ucc/in/${FILTER(0-9.,${UNIQUEID})}" in dialplan
    assert "ucc-fax-in" not in render(plan())["extensions.conf"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"browsers": {"certificate": "/etc/ssl/ucc.pem"}}, {"browsers": {"tls_port": 0}}, {"fax_lines": ["5000;x"]},
        {"shared_folder": "relative"}, {"shared_folder": "/srv/$(id)"},
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plan(**wrong)
