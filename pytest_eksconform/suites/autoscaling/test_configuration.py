"""What the Cluster Autoscaler is told, and whether its Auto Scaling groups answer to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_eksconform import EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.cluster_autoscaler import (
    ClusterAutoscaler,
    Discovery,
    discovery_of,
    running_autoscalers,
)
from pytest_eksconform.suites.support.instances import tags_of
from pytest_eksconform.suites.support.service_accounts import role_of_account

EXPANDERS = frozenset({"random", "most-pods", "least-waste", "priority", "grpc", "least-nodes"})
"""Those that the AWS provider can serve: it has no prices."""
_SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"


@pytest.mark.eks_control(
    "ca-flags",
    severity="high",
    reads=("deployments", "autoscaling_groups", "node_groups"),
    sources=(
        "https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md",
        "S2",
        "S3",
        "H",
    ),
    applies="clusters where the Cluster Autoscaler runs",
)
def test_ca_flags(eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster) -> None:
    """The Cluster Autoscaler's flags lead it to real groups, in the right region."""
    groups = eks_snapshot.read("autoscaling_groups")
    alike = _alike(eks_snapshot.read("node_groups"))
    for autoscaler in running_autoscalers(eks_snapshot, eks_findings):
        eks_findings.judged(autoscaler.resource)
        for problem in (
            *_discovery_problems(autoscaler, groups),
            *_region_problems(autoscaler, eks_cluster.region),
            *_advice(autoscaler, alike),
        ):
            eks_findings.add(
                autoscaler.resource,
                confirm=f"kubectl -n {autoscaler.namespace} get deployment {autoscaler.name} "
                "-o 'jsonpath={.spec.template.spec}'",
                **problem,
            )


def _discovery_problems(
    autoscaler: ClusterAutoscaler, groups: list[dict[str, Any]]
) -> Iterator[dict[str, str]]:
    discovery = discovery_of(autoscaler)
    if not discovery.tags and not discovery.names:
        yield {
            "reason": "no-groups-named",
            "symptom": "it scales nothing: no flag says which groups are its own",
            "cause": "neither --node-group-auto-discovery=asg:tag=… nor --nodes is given",
            "fix": "give --node-group-auto-discovery with the two tags of the cluster",
        }
    elif not any(discovery.takes(group) for group in groups):
        asked = ", ".join((*discovery.keys, *discovery.names))
        yield {
            "reason": "no-group-found",
            "symptom": "it scales nothing: no Auto Scaling group of the cluster is what it asks "
            f"for ({asked})",
            "cause": "the flag names another cluster's tags, or groups that do not exist",
            "fix": "name this cluster's tags in --node-group-auto-discovery",
        }
    known = {group["AutoScalingGroupName"] for group in groups}
    for name in sorted(set(discovery.names) - known):
        yield {
            "reason": f"unknown-group-{name}",
            "symptom": f"--nodes names {name}, which is none of the cluster's groups",
            "cause": "the group was replaced or renamed: managed node groups get new names",
            "fix": "use --node-group-auto-discovery instead of --nodes",
        }


def _region_problems(autoscaler: ClusterAutoscaler, region: str) -> Iterator[dict[str, str]]:
    given = autoscaler.variables.get("AWS_REGION")
    if given is not None and given != region:
        yield {
            "reason": "other-region",
            "symptom": f"it looks for Auto Scaling groups in {given}; the cluster is in {region}",
            "cause": f"its Deployment sets AWS_REGION={given}",
            "fix": f"set AWS_REGION={region}, or leave it to the identity webhook",
        }


def _advice(autoscaler: ClusterAutoscaler, alike: list[str]) -> Iterator[dict[str, str]]:
    if alike and not autoscaler.switched_on("balance-similar-node-groups", default=False):
        yield {
            "severity": "advice",
            "reason": "not-balanced",
            "symptom": f"the node groups {', '.join(alike)} are alike and grow one after the other",
            "cause": "--balance-similar-node-groups is not given",
            "fix": "give --balance-similar-node-groups=true, so that zones grow evenly",
        }
    if autoscaler.annotations.get(_SAFE_TO_EVICT) != "false":
        yield {
            "severity": "advice",
            "reason": "evicts-itself",
            "symptom": "it may remove the node that it runs on",
            "cause": f"its pods have no annotation {_SAFE_TO_EVICT}=false",
            "fix": f'annotate the pod template with {_SAFE_TO_EVICT}: "false"',
        }
    for expander in autoscaler.flag("expander", "least-waste").split(","):
        if expander not in EXPANDERS:
            yield {
                "reason": f"expander-{expander}",
                "symptom": f"it does not start with --expander={expander}",
                "cause": "the AWS provider has no such expander",
                "fix": "use --expander=least-waste or priority",
            }


def _alike(node_groups: list[dict[str, Any]]) -> list[str]:
    """Names of the single-zone groups that differ in nothing but their zone."""
    kinds: dict[str, list[str]] = {}
    for group in node_groups:
        if len(group.get("subnets") or []) == 1:
            shape = (group.get("instanceTypes"), group.get("labels"), group.get("taints"))
            kinds.setdefault(repr(shape), []).append(group["nodegroupName"])
    return [name for names in kinds.values() if len(names) > 1 for name in names]


@pytest.mark.eks_control(
    "ca-asg-tags",
    severity="high",
    reads=(
        "deployments",
        "autoscaling_groups",
        "node_groups",
        "pod_identity_associations",
        "service_accounts",
        "simulations",
    ),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/best-practices/cas.html",
        "https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md#auto-discovery-setup",
        "S2",
        "S3",
    ),
    applies="clusters where the Cluster Autoscaler runs and managed node groups exist",
)
def test_ca_asg_tags(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Every managed node group's Auto Scaling group carries the tags that discovery asks for."""
    autoscalers = running_autoscalers(eks_snapshot, eks_findings)
    groups = {g["AutoScalingGroupName"]: g for g in eks_snapshot.read("autoscaling_groups")}
    managed = list(_managed(eks_snapshot.read("node_groups"), groups))
    if not managed:
        eks_findings.not_applicable("the cluster has no managed node group")
    discoveries = [discovery_of(autoscaler) for autoscaler in autoscalers]
    for node_group, group in managed:
        resource = eks_findings.judged(_resource(group))
        owner = f"node group {node_group['nodegroupName']}"
        if not any(discovery.takes(group) for discovery in discoveries):
            _add_untagged(eks_findings, resource, owner, group, discoveries, eks_cluster.name)
        elif _scales_from_zero_blindly(node_group, group) and not _may_describe(
            eks_snapshot, autoscalers, node_group
        ):
            _add_blind(eks_findings, resource, owner, group)


def _resource(group: dict[str, Any]) -> str:
    return f"Auto Scaling group {group['AutoScalingGroupName']}"


def _managed(
    node_groups: list[dict[str, Any]], groups: dict[str, dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for node_group in node_groups:
        for named in (node_group.get("resources") or {}).get("autoScalingGroups") or []:
            if named["name"] in groups:
                yield node_group, groups[named["name"]]


def near_misses(keys: tuple[str, ...], tags: dict[str, str]) -> list[str]:
    """Tag keys that were surely meant to be one of `keys`: another prefix, another case."""
    ends = {key.split("/", 1)[-1].lower() for key in keys}
    return sorted(
        tag
        for tag in tags
        if tag not in keys
        and "autoscaler" in tag.lower()
        and any(f"/{tag.lower()}".endswith((f"/{end}", f":{end}")) for end in ends)
    )


def _add_untagged(
    findings: Findings,
    resource: str,
    owner: str,
    group: dict[str, Any],
    discoveries: list[Discovery],
    cluster: str,
) -> None:
    tags = tags_of(group)
    keys = tuple(dict.fromkeys(key for discovery in discoveries for key in discovery.keys))
    missing = [key for key in keys if key not in tags]
    near = near_misses(keys, tags)
    wanted = missing or [f"k8s.io/cluster-autoscaler/{cluster}"]
    cause = f"it has no tag {' and '.join(missing)}" if missing else "its tags' values differ"
    findings.add(
        resource,
        owner=owner,
        reason="not-discovered",
        symptom="the Cluster Autoscaler never scales this group",
        cause=cause + (f"; {', '.join(near)} is not what is looked for" if near else ""),
        confirm="aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "
        f"{group['AutoScalingGroupName']} --query 'AutoScalingGroups[].Tags[].[Key,Value]'",
        fix=f"tag the Auto Scaling group with {' and '.join(wanted)}",
    )


def _scales_from_zero_blindly(node_group: dict[str, Any], group: dict[str, Any]) -> bool:
    """Whether it may have no node, and only EKS knows its labels and taints."""
    prefix = "k8s.io/cluster-autoscaler/node-template/"
    said = any(key.startswith(prefix) for key in tags_of(group))
    shaped = bool(node_group.get("labels") or node_group.get("taints"))
    return group["MinSize"] == 0 and shaped and not said


def _may_describe(
    snapshot: Snapshot, autoscalers: list[ClusterAutoscaler], node_group: dict[str, Any]
) -> bool:
    associations = snapshot.read("pod_identity_associations")
    accounts = snapshot.read("service_accounts")
    action = "eks:DescribeNodegroup"
    for autoscaler in autoscalers:
        role = role_of_account(
            autoscaler.namespace, autoscaler.service_account, associations, accounts
        )
        answers = snapshot.simulate(role, [action], node_group["nodegroupArn"]) if role else {}
        if answers.get(action) == "allowed":
            return True
    return False


def _add_blind(findings: Findings, resource: str, owner: str, group: dict[str, Any]) -> None:
    findings.add(
        resource,
        owner=owner,
        severity="medium",
        reason="no-template-tags",
        symptom="at zero nodes it does not grow for pods that ask for its labels or tolerate its "
        "taints",
        cause="it has no k8s.io/cluster-autoscaler/node-template/… tags, and the autoscaler's "
        "role may not eks:DescribeNodegroup",
        confirm="aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "
        f"{group['AutoScalingGroupName']} --query 'AutoScalingGroups[].Tags[].[Key,Value]'",
        fix="allow the autoscaler's role eks:DescribeNodegroup, or tag the group with its labels "
        "and taints",
    )
