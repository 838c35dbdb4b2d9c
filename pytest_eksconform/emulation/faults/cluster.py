"""Ways to break the cluster as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.world import World


@fault("cluster-role-deleted", breaks=("cluster-health", "identity-cluster-role"))
def cluster_role_deleted(world: World) -> Iterator[None]:
    """Someone deletes the cluster's IAM role."""
    iam, named = world.aws("iam"), {"RoleName": f"{world.cluster}-cluster"}
    role = iam.get_role(**named)["Role"]
    attached = iam.list_attached_role_policies(**named)["AttachedPolicies"]
    for policy in attached:
        iam.detach_role_policy(**named, PolicyArn=policy["PolicyArn"])
    iam.delete_role(**named)
    try:
        yield
    finally:
        trust = json.dumps(role["AssumeRolePolicyDocument"])
        iam.create_role(**named, AssumeRolePolicyDocument=trust)
        for policy in attached:
            iam.attach_role_policy(**named, PolicyArn=policy["PolicyArn"])
