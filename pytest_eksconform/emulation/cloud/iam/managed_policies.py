"""AWS managed policies, as far as EKS needs them."""

from __future__ import annotations

import json
from typing import Any

from pytest_eksconform.emulation.cloud.data_files import load
from pytest_eksconform.emulation.cloud.stores import MotoStores


def seed(stores: MotoStores) -> None:
    """Put the managed policies of EKS into the IAM store.

    The documents come from the data that moto ships; loading all of them would cost 40 MB.
    """
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy

    iam = stores.iam
    for name in load("iam-managed-policies.json")["policies"]:
        content = document_of(aws_managed_policies_data, name)
        policy: Any = AWSManagedPolicy.from_data(name, stores.account_id, "aws", content)
        iam.aws_managed_policies.append(policy)
        iam.managed_policies[policy.arn] = policy


def document_of(data: str, name: str) -> dict[str, Any]:
    """Cut one policy out of moto's text.

    Raises:
        KeyError: moto does not ship that policy.
    """
    start = data.find(f'"{name}":{{')
    if start < 0:
        raise KeyError(name)
    content, _ = json.JSONDecoder().raw_decode(data, start + len(name) + 3)
    return dict(content)
