"""What the Cluster Autoscaler may do: in AWS by its own role, in Kubernetes by RBAC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.account_rules import Need, rules_of, unmet
from pytest_eksconform.suites.support.cluster_autoscaler import (
    ClusterAutoscaler,
    discovery_of,
    running_autoscalers,
)
from pytest_eksconform.suites.support.instances import tags_of
from pytest_eksconform.suites.support.service_accounts import role_of_account
from pytest_eksconform.trust import as_list

READS = ("autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities")
"""Without these it knows neither its groups nor why they do not grow."""
FROM_ZERO = ("ec2:DescribeLaunchTemplateVersions", "ec2:DescribeInstanceTypes")
"""What it needs to imagine the node of a group that has none."""
CHANGES = ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup")
"""What it does to a group of its own, and must not do to another cluster's."""
_LOOK = ("get", "list", "watch")
NEEDS = (
    Need("", "events", ("create", "patch")),
    Need("", "pods/eviction", ("create",)),
    Need("", "nodes", (*_LOOK, "update")),
    *(
        Need("", resource, _LOOK)
        for resource in (
            "namespaces",
            "pods",
            "services",
            "replicationcontrollers",
            "persistentvolumeclaims",
            "persistentvolumes",
        )
    ),
    *(Need("apps", resource, _LOOK) for resource in ("statefulsets", "replicasets", "daemonsets")),
    Need("policy", "poddisruptionbudgets", ("list", "watch")),
    Need("batch", "jobs", _LOOK),
    *(
        Need("storage.k8s.io", resource, _LOOK)
        for resource in (
            "storageclasses",
            "csinodes",
            "csidrivers",
            "csistoragecapacities",
        )
    ),
)
"""The cluster-wide rules of upstream's manifest, without those of options."""
NEEDS_IN_NAMESPACE = (
    Need("", "configmaps", ("get", "update")),
    Need("coordination.k8s.io", "leases", ("create", "get", "update")),
)
"""Its status and its lease; a rule for the whole cluster does as well."""
_TAG_KEYS = ("aws:resourcetag/", "autoscaling:resourcetag/")


@pytest.mark.eks_control(
    "ca-permissions",
    severity="high",
    reads=(
        "deployments",
        "service_accounts",
        "pod_identity_associations",
        "autoscaling_groups",
        "roles",
        "managed_policies",
        "simulations",
        "cluster_roles",
        "cluster_role_bindings",
        "roles_of_namespaces",
        "role_bindings",
    ),
    sources=(
        "https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md#iam-policy",
        "S0",
        "S2",
        "S3",
    ),
    applies="clusters where the Cluster Autoscaler runs",
)
def test_ca_permissions(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """The Cluster Autoscaler's own role and rules allow what it does, for this cluster alone."""
    for autoscaler in running_autoscalers(eks_snapshot, eks_findings):
        eks_findings.judged(autoscaler.resource)
        _judge_rules(eks_snapshot, eks_findings, autoscaler)
        role = role_of_account(
            autoscaler.namespace,
            autoscaler.service_account,
            eks_snapshot.read("pod_identity_associations"),
            eks_snapshot.read("service_accounts"),
        )
        if role is None:
            _add_no_role(eks_findings, autoscaler)
        else:
            _judge_role(eks_snapshot, eks_findings, eks_cluster, autoscaler, role)


def _add_no_role(findings: Findings, autoscaler: ClusterAutoscaler) -> None:
    account = autoscaler.service_account
    findings.add(
        autoscaler.resource,
        reason="no-own-role",
        symptom="it calls AWS as the node's role, or not at all where pods cannot reach IMDS",
        cause=f"service account {autoscaler.namespace}/{account} has neither a Pod Identity "
        "association nor an eks.amazonaws.com/role-arn annotation",
        confirm=f"kubectl -n {autoscaler.namespace} get serviceaccount {account} -o yaml",
        fix="give the service account a role of its own with the autoscaler's policy",
    )


def _judge_role(
    snapshot: Snapshot,
    findings: Findings,
    cluster: EksCluster,
    autoscaler: ClusterAutoscaler,
    role: str,
) -> None:
    resource = findings.judged(f"role {role.rsplit('/', 1)[-1]}")
    if snapshot.read("roles").get(role, {}).get("missing"):
        _add_denied(findings, resource, role, list(READS), "the role does not exist", "*")
        return
    discovery = discovery_of(autoscaler)
    groups = [g for g in snapshot.read("autoscaling_groups") if discovery.takes(g)]
    from_zero = FROM_ZERO if any(g["MinSize"] == 0 for g in groups) else ()
    answers = snapshot.simulate(role, (*READS, *from_zero))
    denied = [action for action, answer in answers.items() if answer != "allowed"]
    if denied:
        _add_denied(findings, resource, role, denied, "its policies do not allow them", "*")
    for group in groups:
        _judge_group(snapshot, findings, role, resource, group)
    _judge_other_cluster(snapshot, findings, cluster, role, resource)


def _judge_group(
    snapshot: Snapshot, findings: Findings, role: str, resource: str, group: dict[str, Any]
) -> None:
    context = tag_context(tags_of(group))
    arn = group["AutoScalingGroupARN"]
    answers = snapshot.simulate(role, CHANGES, arn, context)
    denied = [action for action, answer in answers.items() if answer != "allowed"]
    if not denied:
        return
    if "missingContext" in answers.values():
        _only_tags_may_be_missing(snapshot, role, set(context))
    name = group["AutoScalingGroupName"]
    cause = (
        "its policies do not allow it, or ask for tag values that the group has not: discovery "
        "ignores values, IAM does not"
    )
    _add_denied(findings, resource, role, denied, cause, arn, group=name)


def tag_context(tags: dict[str, str]) -> dict[str, str]:
    """The condition keys that IAM knows of a group with `tags`."""
    kinds = ("aws:ResourceTag", "autoscaling:ResourceTag")
    return {f"{kind}/{key}": value for kind in kinds for key, value in tags.items()}


def _only_tags_may_be_missing(snapshot: Snapshot, role: str, given: set[str]) -> None:
    """A tag that the group has not is an answer; any other missing key leaves it open.

    Raises:
        CouldNotRead: a policy's condition asks for something that is not known here.
    """
    held = snapshot.read("roles").get(role)
    if held is None:
        raise CouldNotRead(f"the policies of {role}", "it is a role of another account")
    customer = snapshot.read("managed_policies")
    documents = [policy["document"] for policy in held["inline"]]
    documents += [customer[p["arn"]] for p in held["attached"] if p["arn"] in customer]
    keys = {key.lower() for key in condition_keys(documents)} - {key.lower() for key in given}
    unknown = sorted(key for key in keys if not key.startswith(_TAG_KEYS))
    if unknown:
        raise CouldNotRead(
            f"what {role.rsplit('/', 1)[-1]} may do",
            f"a condition asks for {unknown[0]}, which only a real request has",
        )


def condition_keys(documents: Iterable[dict[str, Any]]) -> set[str]:
    """Every condition key that the policy `documents` name."""
    return {
        key
        for document in documents
        for statement in as_list(document.get("Statement"))
        for pairs in (statement.get("Condition") or {}).values()
        for key in pairs
    }


def _judge_other_cluster(
    snapshot: Snapshot, findings: Findings, cluster: EksCluster, role: str, resource: str
) -> None:
    other = f"not-{cluster.name}"
    partition = cluster.arn.split(":")[1]
    arn = (
        f"arn:{partition}:autoscaling:{cluster.region}:{cluster.account}:autoScalingGroup:"
        f"00000000-0000-0000-0000-000000000000:autoScalingGroupName/eks-{other}"
    )
    answers = snapshot.simulate(role, CHANGES, arn, tag_context(_tags_in(other)))
    allowed = [action for action, answer in answers.items() if answer == "allowed"]
    if allowed:
        findings.add(
            resource,
            severity="advice",
            reason="other-clusters-groups",
            symptom=f"it may {' and '.join(allowed)} on another cluster's groups",
            cause="the policy has no condition on a tag of this cluster",
            confirm=_simulation(role, allowed, arn),
            fix="add the condition aws:ResourceTag/k8s.io/cluster-autoscaler/"
            f"{cluster.name} = owned to the statement",
        )


def _tags_in(cluster: str) -> dict[str, str]:
    """The tags of a managed node group's group in the cluster named `cluster`."""
    return {
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster}": "owned",
        f"kubernetes.io/cluster/{cluster}": "owned",
        "eks:cluster-name": cluster,
    }


def _add_denied(
    findings: Findings,
    resource: str,
    role: str,
    denied: list[str],
    cause: str,
    arn: str,
    group: str | None = None,
) -> None:
    where = f" on Auto Scaling group {group}" if group else ""
    findings.add(
        resource,
        reason=f"denied-{group}" if group else "denied",
        symptom=f"the Cluster Autoscaler is denied {' and '.join(denied)}{where}",
        cause=cause,
        confirm=_simulation(role, denied, arn),
        fix="give the role the autoscaler's policy, with conditions that its groups meet",
    )


def _simulation(role: str, actions: list[str], arn: str) -> str:
    return (
        f"aws iam simulate-principal-policy --policy-source-arn {role} --action-names "
        f"{' '.join(actions)} --resource-arns '{arn}' "
        "--query 'EvaluationResults[].[EvalActionName,EvalDecision]'"
    )


def _judge_rules(snapshot: Snapshot, findings: Findings, autoscaler: ClusterAutoscaler) -> None:
    cluster_roles = snapshot.read("cluster_roles")
    roles = [*cluster_roles, *snapshot.read("roles_of_namespaces")]
    account = (autoscaler.namespace, autoscaler.service_account)
    everywhere = rules_of(*account, snapshot.read("cluster_role_bindings"), cluster_roles)
    namespace = autoscaler.flag("namespace", "kube-system")
    local = [b for b in snapshot.read("role_bindings") if b["metadata"]["namespace"] == namespace]
    lacking = unmet(NEEDS, everywhere)
    lacking += unmet(NEEDS_IN_NAMESPACE, [*everywhere, *rules_of(*account, local, roles)])
    if not lacking:
        return
    findings.add(
        autoscaler.resource,
        reason="rbac",
        symptom=f"the API server forbids it to {'; '.join(map(str, lacking))}",
        cause=f"no role bound to service account {'/'.join(account)} has these rules",
        confirm="kubectl get clusterrolebindings,rolebindings --all-namespaces -o wide",
        fix="apply the ClusterRole and Role of the autoscaler's release",
    )
