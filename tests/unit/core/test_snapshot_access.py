"""The sections about who has access, read from scripted IAM and EKS clients."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from pytest_eksconform.snapshot import all_sections
from pytest_eksconform.snapshot.sections import Reader

ARN = "arn:aws:iam::111122223333:"
CLUSTER = {"arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod"}


class Iam:
    """IAM in which only the names in `existing` exist."""

    def __init__(self, *existing):
        self._existing = existing

    def get_role(self, RoleName):  # noqa: N803
        return self._found(RoleName)

    def get_user(self, UserName):  # noqa: N803
        return self._found(UserName)

    def _found(self, name):
        if name not in self._existing:
            raise ClientError({"Error": {"Code": "NoSuchEntity"}}, "Get")
        return {}


def _read(section, client, **sections):
    reader = Reader("prod", lambda _service: client, None, sections.__getitem__)
    return all_sections()[section].load(reader)


@pytest.mark.parametrize("access", [{}, {"accessConfig": {"authenticationMode": "CONFIG_MAP"}}])
def test_access_entries_are_not_asked_for_where_eks_refuses(access):
    assert _read("access_entries", object(), cluster={**CLUSTER, **access}) == []


def test_users_and_mapped_principals_of_the_account_are_looked_up():
    mapped = f"- rolearn: {ARN}role/ops\n- rolearn: arn:aws:iam::999999999999:role/x\n"
    found = _read(
        "other_principals",
        Iam("ops", "ann"),
        cluster=CLUSTER,
        access_entries=[{"principalArn": f"{ARN}{n}"} for n in ("user/ann", "user/bob", "role/r")],
        config_maps={"aws-auth": {"data": {"mapRoles": mapped}}},
    )
    assert found == {
        f"{ARN}role/ops": {"missing": False},
        f"{ARN}user/ann": {"missing": False},
        f"{ARN}user/bob": {"missing": True},
    }
