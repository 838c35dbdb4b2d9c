"""A permission taken away makes exactly the controls that need it *unknown*, and is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_eksconform.catalogue import SHIPPED, read_catalogue
from pytest_eksconform.permissions import ALWAYS, rights_for
from pytest_eksconform.snapshot import all_sections
from pytest_eksconform.snapshot.sections import rights_of
from pytest_eksconform.testing import EmulatedEks, run_controls
from pytest_eksconform.verdicts import Result, Verdict

pytestmark = pytest.mark.emulation
CATALOGUE = read_catalogue([SHIPPED])
SECTIONS = all_sections()
RIGHTS = rights_for(CATALOGUE.values(), SECTIONS)
ACTIONS = [action for action in RIGHTS.iam if action not in ALWAYS.iam]
POLICY, RUNNER, ROLE = "taken-away", "eksconform-runner", "eksconform-readers"


@contextmanager
def _denied(world, action: str) -> Iterator[None]:
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = world.aws("iam")
    iam.put_user_policy(UserName=RUNNER, PolicyName=POLICY, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_user_policy(UserName=RUNNER, PolicyName=POLICY)


def _dependents(right: str) -> set[str]:
    return {
        control.id
        for control in CATALOGUE.values()
        for rights in [rights_of(control.reads, SECTIONS)]
        if right in rights.iam or right in rights.rbac
    }


def _assert_unknown(right: str, healthy: dict[str, Result], after: dict[str, Result]) -> None:
    dependents = _dependents(right)
    for control, result in after.items():
        if result.verdict is healthy[control].verdict:
            # Nothing to read (no key, no provider, not applicable): the right was not needed.
            continue
        assert control in dependents, f"{control} became {result.verdict.value}: {result.reason}"
        assert result.verdict is Verdict.UNKNOWN, f"{control}: {result.reason}"
        assert result.permission == right, f"{control} names {result.permission}"
    unknown = {c for c, result in after.items() if result.verdict is Verdict.UNKNOWN}
    assert unknown, f"nothing needed {right}: it should not be asked for"


@pytest.mark.parametrize("action", ACTIONS)
def test_iam_action_taken_away_is_named(action: str, eks: EmulatedEks, healthy):
    with _denied(eks.world, action):
        after = run_controls(eks.target)
    _assert_unknown(action, healthy, after)
