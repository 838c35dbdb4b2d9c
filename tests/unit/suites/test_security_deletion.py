"""security-deletion-protection on literal clusters."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.security import test_deletion as suite


def _run(run_control, cluster, wanted=None):
    expectations = {} if wanted is None else {"security.deletion_protection": wanted}
    return run_control(
        suite.test_deletion_protection, sections={"cluster": cluster}, expectations=expectations
    )


def test_protected_passes(run_control):
    assert _run(run_control, {"deletionProtection": True}, wanted=True).passed


@pytest.mark.parametrize("cluster", [{}, {"deletionProtection": False}])
def test_unprotected_is_found_if_the_team_wants_it_protected(run_control, cluster):
    assert _run(run_control, cluster, wanted=True).reasons == ["unprotected"]
    assert _run(run_control, cluster, wanted=False).not_applicable
    assert _run(run_control, cluster).not_applicable
