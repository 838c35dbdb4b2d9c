"""ARNs and ids of EKS resources."""

from __future__ import annotations

import uuid

from pytest_eksconform.emulation.cloud.context import Cloud


def cluster_arn(cloud: Cloud, name: str) -> str:
    """Return a cluster's ARN."""
    return f"arn:aws:eks:{cloud.region}:{cloud.account_id}:cluster/{name}"


def child_arn(cloud: Cloud, kind: str, cluster: str, *names: str) -> str:
    """Return the ARN of something in a cluster, with a fresh id at its end."""
    path = "/".join((cluster, *names, str(uuid.uuid4())))
    return f"arn:aws:eks:{cloud.region}:{cloud.account_id}:{kind}/{path}"
