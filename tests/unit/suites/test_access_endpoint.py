"""access-endpoint-exposure on literal VPC configurations."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.access import test_endpoint as suite
from tests.unit.suites.access_objects import cluster


def _run(run_control, expected=None, **vpc):
    return run_control(
        suite.test_endpoint_exposure,
        sections={"cluster": cluster(**vpc)},
        expectations={"access.public_cidrs": expected} if expected is not None else {},
    )


def test_private_only_passes(run_control):
    assert _run(run_control).passed


@pytest.mark.parametrize(
    ("vpc", "expected", "found"),
    [
        ({}, None, [("public-open", "medium")]),
        ({"publicAccessCidrs": ["203.0.113.0/24"]}, None, []),
        ({"publicAccessCidrs": ["203.0.113.7/32"]}, ["203.0.113.0/24"], []),
        (
            {"publicAccessCidrs": ["198.51.100.0/24"]},
            ["203.0.113.0/24"],
            [("public-open", "medium")],
        ),
        ({}, ["0.0.0.0/0"], []),
        ({"publicAccessCidrs": ["203.0.113.0/24"]}, [], [("public-open", "medium")]),
        (
            {"publicAccessCidrs": ["203.0.113.0/24"], "endpointPrivateAccess": False},
            None,
            [("private-off", "high")],
        ),
        (
            {"endpointPrivateAccess": False},
            ["0.0.0.0/0"],
            [("private-off", "medium")],
        ),
    ],
)
def test_exposure_is_what_the_team_allows(run_control, vpc, expected, found):
    outcome = _run(run_control, expected, endpointPublicAccess=True, **vpc)
    assert [(f.reason, f.severity) for f in outcome.findings] == found


def test_families_are_not_compared_with_each_other():
    assert suite.unexpected_blocks(["2001:db8::/32"], ["0.0.0.0/0"]) == ["2001:db8::/32"]
