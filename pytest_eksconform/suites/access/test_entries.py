"""Whether each access entry can do what it is there for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.aws_auth import mapped_principals, mode_of, without_path
from pytest_eksconform.suites.support.iam_roles import account_of


@pytest.mark.eks_control(
    "access-entries-valid",
    severity="medium",
    reads=(
        "cluster",
        "access_entries",
        "access_policies",
        "namespaces",
        "roles",
        "other_principals",
        "config_maps",
        "node_groups",
        "fargate_profiles",
    ),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html", "S3", "S4"),
    applies="clusters whose authentication mode has access entries; a principal of another "
    "account can not be looked up",
)
def test_entries_valid(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Each access entry's principal, policies and namespaces exist, and node roles have theirs."""
    if mode_of(eks_snapshot.read("cluster")) == "CONFIG_MAP":
        eks_findings.not_applicable("the authentication mode is CONFIG_MAP: no access entries")
    entries = eks_snapshot.read("access_entries")
    policies = {policy["arn"] for policy in eks_snapshot.read("access_policies")}
    namespaces = [n["metadata"]["name"] for n in eks_snapshot.read("namespaces")]
    for entry in entries:
        _judge_policies(eks_findings, eks_cluster, entry, policies, namespaces)
    for role, kind, user in node_roles(eks_snapshot):
        _judge_node_role(eks_snapshot, eks_findings, eks_cluster, role, kind, user)
    foreign = _judge_principals(eks_snapshot, eks_findings, eks_cluster, entries)
    if foreign and not eks_findings.findings:
        raise CouldNotRead(f"whether {foreign[0]} exists", "it is of another account")


def _judge_principals(
    snapshot: Snapshot, findings: Findings, cluster: EksCluster, entries: list[dict[str, Any]]
) -> list[str]:
    """Judge the principals, and give back those of other accounts."""
    known = {**snapshot.read("roles"), **snapshot.read("other_principals")}
    foreign = []
    for entry in entries:
        principal = entry["principalArn"]
        if account_of(principal) != cluster.account:
            foreign.append(principal)
        elif known.get(principal, {"missing": True}).get("missing"):
            _add_dead(findings, cluster, entry, "gone", "its IAM principal does not exist")
        elif is_newer(known[principal].get("created"), entry.get("createdAt")):
            _add_dead(
                findings,
                cluster,
                entry,
                "remade",
                "the role was deleted and made again: the "
                "entry holds the old one's id and admits nobody",
            )
    return foreign


def is_newer(created: str | None, entry_created: str | None) -> bool:
    """Whether a role was made after its access entry, both as ISO 8601 times."""
    if not created or not entry_created:
        return False
    return datetime.fromisoformat(created) > datetime.fromisoformat(entry_created)


def _add_dead(
    findings: Findings, cluster: EksCluster, entry: dict[str, Any], reason: str, cause: str
) -> None:
    principal = entry["principalArn"]
    findings.add(
        f"access entry {principal}",
        reason=f"principal-{reason}",
        symptom=f"the access entry of {principal} lets nobody in",
        cause=cause,
        confirm=_show(cluster, principal),
        fix="delete the entry; make it again if its principal is still wanted",
    )


def _show(cluster: EksCluster, principal: str) -> str:
    return (
        f"aws eks describe-access-entry --cluster-name {cluster.name} --principal-arn {principal}"
    )


def _judge_policies(
    findings: Findings,
    cluster: EksCluster,
    entry: dict[str, Any],
    policies: set[str],
    namespaces: list[str],
) -> None:
    resource = findings.judged(f"access entry {entry['principalArn']}")
    for found in entry.get("associatedAccessPolicies") or []:
        wrong = [] if found["policyArn"] in policies else [f"policy {found['policyArn']}"]
        wrong += [
            f"namespace {pattern}"
            for pattern in found["accessScope"].get("namespaces") or []
            if not any(fnmatchcase(name, pattern) for name in namespaces)
        ]
        if wrong:
            findings.add(
                resource,
                reason=f"nothing-there-{found['policyArn'].rsplit('/', 1)[-1]}",
                symptom=f"an access policy of {entry['principalArn']} gives nothing",
                cause=f"there is no {' and no '.join(wrong)}",
                confirm=f"aws eks list-associated-access-policies --cluster-name {cluster.name} "
                f"--principal-arn {entry['principalArn']}",
                fix="associate the policy with namespaces that exist, or take it off",
            )


def node_roles(snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    """ARN, type of entry, and user of each role that nodes or Fargate pods join with."""
    for group in snapshot.read("node_groups"):
        windows = str(group.get("amiType", "")).startswith("WINDOWS")
        kind = "EC2_WINDOWS" if windows else "EC2_LINUX"
        if group.get("nodeRole"):
            yield group["nodeRole"], kind, f"node group {group['nodegroupName']}"
    for profile in snapshot.read("fargate_profiles"):
        name = profile["fargateProfileName"]
        yield profile["podExecutionRoleArn"], "FARGATE_LINUX", f"Fargate profile {name}"


def _judge_node_role(
    snapshot: Snapshot,
    findings: Findings,
    cluster: EksCluster,
    role: str,
    kind: str,
    user: str,
) -> None:
    resource = findings.judged(user)
    types = {e["principalArn"]: e.get("type") for e in snapshot.read("access_entries")}
    if types.get(role) == kind:
        return
    if role not in types and mode_of(snapshot.read("cluster")) != "API":
        mapped = mapped_principals(snapshot.read("config_maps"))
        if any(m.arn == without_path(role) and m.for_nodes for m in mapped):
            return
    findings.add(
        resource,
        severity="high",
        reason="node-role-without-entry",
        symptom=f"nodes with the role {role} can not join",
        cause=f"its access entry has type {types[role]}, not {kind}"
        if role in types
        else f"no access entry of type {kind} names it",
        confirm=f"aws eks list-access-entries --cluster-name {cluster.name}",
        fix=f"make an access entry of type {kind} for the role",
    )
