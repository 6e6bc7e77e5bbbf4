"""Where first come, first served, longest idle first is the policy, the core gives every single customer the wait the obvious
recursion gives: to the microsecond, with impatience, several skills and limited places to wait."""

from __future__ import annotations

import numpy as np
import pytest

from shared.contracts.fields import SECOND
from tests.validation.centres import ERLANG_A, ERLANG_C, N_MODEL, W3_MODEL, Centre, wallace_whitt
from tests.validation.core_path import core_waits
from tests.validation.first_come import draw, one_path, serve

CENTRES = (ERLANG_A[0], ERLANG_A[3], ERLANG_C, N_MODEL, W3_MODEL, wallace_whitt(1), wallace_whitt(2), wallace_whitt(6))
CUSTOMERS = 1_500
UNIT = 60 * SECOND


@pytest.mark.parametrize("centre", CENTRES, ids=lambda centre: centre.name)
def test_every_wait_is_the_recursions(centre: Centre) -> None:
    chance = np.random.default_rng(20_260_301)
    drawn = draw(chance, 1, CUSTOMERS, centre.rates, centre.service, centre.patience)
    customers = one_path(drawn, UNIT)
    expected = serve(customers, centre.servers, centre.places)
    waits, left, kernel = core_waits(customers, centre.servers, centre.places)
    blocked = expected.blocked[0]
    assert [wait is None for wait in waits] == blocked.tolist()
    assert [wait for wait in waits if wait is not None] == expected.wait[0][~blocked].tolist()
    assert left == (expected.left[0] & ~blocked).tolist()
    assert kernel.inputs > 3 * (CUSTOMERS - blocked.sum() - expected.left[0].sum())
    assert (expected.wait[0] > 0).any(), "where nobody waits nothing is shown"
