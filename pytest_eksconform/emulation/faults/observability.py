"""Ways to lose sight of the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.world import World


@fault("audit-log-off", breaks=("observability-control-plane-logs",))
def audit_log_off(world: World) -> Iterator[None]:
    """The control plane's audit log is switched off."""
    _switch(world, enabled=False)
    try:
        yield
    finally:
        _switch(world, enabled=True)


@fault("logs-kept-for-ever", breaks=("observability-control-plane-logs",))
def logs_kept_for_ever(world: World) -> Iterator[None]:
    """The control plane's log group has no retention."""
    logs, name = world.aws("logs"), f"/aws/eks/{world.cluster}/cluster"
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    logs.delete_retention_policy(logGroupName=name)
    try:
        yield
    finally:
        logs.put_retention_policy(logGroupName=name, retentionInDays=group["retentionInDays"])


def _switch(world: World, *, enabled: bool) -> None:
    setup = {"types": ["audit"], "enabled": enabled}
    eks = world.aws("eks")
    eks.update_cluster_config(name=world.cluster, logging={"clusterLogging": [setup]})
    world.wait_until(
        "the cluster is ACTIVE",
        lambda: eks.describe_cluster(name=world.cluster)["cluster"]["status"] == "ACTIVE",
    )
