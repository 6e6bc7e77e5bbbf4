"""What Asterisk says of a fax and of a call we placed, as outcomes people and retries can go by."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.gateway.adapters.asterisk.dialling import CallOutcome, outcome_of
from services.gateway.adapters.asterisk.faxing import result_of
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.domain.fax_transport import FaxResult


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ({"FAXSTATUS": "SUCCESS", "FAXPAGES": "3", "REMOTESTATIONID": "021"}, FaxResult("delivered", 3)),
        ({"FAXSTATUS": "FAILED", "FAXPAGES": "1", "FAXERROR": "HANGUP"}, FaxResult("failed", 1)),
        ({"FAXSTATUS": "FAILED", "FAXPAGES": "0", "REMOTESTATIONID": "021"}, FaxResult("failed")),
        ({"FAXSTATUS": "FAILED", "FAXPAGES": "0", "FAXERROR": "3RD_T2_TIMEOUT"}, FaxResult("no_carrier")),
        ({"FAXSTATUS": "FAILED", "FAXPAGES": ""}, FaxResult("no_carrier")),
        ({}, FaxResult("no_carrier")),
    ],
)
def test_a_transmission_is_judged_by_status_pages_and_whether_a_machine_named_itself(
    said: dict[str, str], result: FaxResult
) -> None:
    assert result_of(said) == result


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (17, CallOutcome.BUSY), (19, CallOutcome.NO_ANSWER), (16, CallOutcome.NO_ANSWER), (1, CallOutcome.UNOBTAINABLE),
        (3, CallOutcome.UNOBTAINABLE), (22, CallOutcome.UNOBTAINABLE), (28, CallOutcome.UNOBTAINABLE), (21, CallOutcome.REJECTED),
        (20, CallOutcome.UNREACHABLE), (34, CallOutcome.CONGESTED), (127, CallOutcome.FAILED), (999, CallOutcome.FAILED),
    ],
)  # fmt: skip
def test_causes_of_the_network_are_told_apart(cause: int, outcome: CallOutcome) -> None:
    assert outcome_of(cause) is outcome


def test_faxes_need_the_folder_both_see() -> None:
    row = {"ari_url": "http://127.0.0.1:8088/ari", "ari_user": "ucc", "ari_password": "secret", "fax": {}}
    with pytest.raises(ValidationError, match="shared_folder"):
        AsteriskSettings.model_validate(row)
    AsteriskSettings.model_validate({**row, "shared_folder": {"here": "/srv/ucc", "there": "/var/spool/asterisk/ucc"}})
    with pytest.raises(ValidationError):
        AsteriskSettings.model_validate({**row, "fax": {"dial": "SIP/{number};rm -rf"}})
