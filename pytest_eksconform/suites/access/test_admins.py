"""Whether somebody can still administer the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Expectations, Findings, Snapshot
from pytest_eksconform.suites.support.admins import admin_groups, is_admin
from pytest_eksconform.suites.support.aws_auth import ADMINS, mapped_principals, mode_of
from pytest_eksconform.suites.support.nodes import seconds_since

UNUSED_SECONDS = 7 * 24 * 3600
"""An emergency role that was used within this time is not for emergencies only."""


@pytest.mark.eks_control(
    "access-admin-reachable",
    severity="critical",
    reads=(
        "cluster",
        "access_entries",
        "cluster_role_bindings",
        "roles",
        "other_principals",
        "config_maps",
    ),
    sources=("https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html", "S4"),
    applies="every cluster; access.break_glass names the emergency role",
)
def test_admin_reachable(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """Principals that exist in IAM are cluster admin, so that nobody is locked out."""
    resource = eks_findings.judged(f"cluster {eks_cluster.name}")
    admins = _admins(eks_snapshot)
    known = {**eks_snapshot.read("roles"), **eks_snapshot.read("other_principals")}
    live = [arn for arn in admins if arn in known and not known[arn].get("missing")]
    unknown = [arn for arn in admins if arn not in known]
    if not live and unknown:
        raise CouldNotRead(f"whether {unknown[0]} exists", "it is of another account")
    wanted = eks_expectations.get("access.break_glass")
    if not live:
        _add_none(eks_findings, resource, eks_cluster, admins)
    elif wanted:
        _judge_break_glass(eks_findings, eks_cluster, wanted, live, known)
    elif len(live) + len(unknown) == 1:
        _add_single(eks_findings, resource, eks_cluster, live[0])


def _admins(snapshot: Snapshot) -> list[str]:
    groups = admin_groups(snapshot.read("cluster_role_bindings"))
    admins = [e["principalArn"] for e in snapshot.read("access_entries") if is_admin(e, groups)]
    if mode_of(snapshot.read("cluster")) != "API":
        mapped = mapped_principals(snapshot.read("config_maps"))
        admins += [m.arn for m in mapped if ADMINS in m.groups]
    return list(dict.fromkeys(admins))


def _list_entries(cluster: EksCluster) -> str:
    return f"aws eks list-access-entries --cluster-name {cluster.name}"


def _add_none(findings: Findings, resource: str, cluster: EksCluster, admins: list[str]) -> None:
    findings.add(
        resource,
        reason="no-admin",
        symptom="nobody can administer the cluster through the Kubernetes API",
        cause=f"the principals of all cluster admins are gone: {', '.join(admins)}"
        if admins
        else "no access entry gives cluster admin",
        confirm=_list_entries(cluster),
        fix="make an access entry with AmazonEKSClusterAdminPolicy for a role that exists; "
        "eks:CreateAccessEntry is all that this needs",
    )


def _add_single(findings: Findings, resource: str, cluster: EksCluster, admin: str) -> None:
    findings.add(
        resource,
        severity="advice",
        reason="single-admin",
        symptom=f"{admin} alone is cluster admin",
        cause="it may be the identity that created the cluster; once it is deleted or out of "
        "reach, nobody is admin",
        confirm=_list_entries(cluster),
        fix="make an access entry for a second admin, or name the emergency role in "
        "access.break_glass",
    )


def _judge_break_glass(
    findings: Findings,
    cluster: EksCluster,
    wanted: str,
    live: list[str],
    known: dict[str, Any],
) -> None:
    resource = findings.judged(f"access entry {wanted}")
    if wanted not in live:
        findings.add(
            resource,
            severity="high",
            reason="break-glass-closed",
            symptom=f"the emergency role {wanted} can not administer the cluster",
            cause="it does not exist in IAM, or no access entry makes it cluster admin",
            confirm=_list_entries(cluster),
            fix="make the role and its access entry with AmazonEKSClusterAdminPolicy",
        )
    elif (used := known[wanted].get("last_used")) and seconds_since(used) < UNUSED_SECONDS:
        name = wanted.rsplit("/", 1)[-1]
        findings.add(
            resource,
            severity="advice",
            reason="break-glass-used",
            symptom=f"the emergency role {wanted} was used on {used[:10]}",
            cause="automation, or daily work, uses it: it is not kept for emergencies",
            confirm=f"aws iam get-role --role-name {name} --query 'Role.RoleLastUsed'",
            fix="give the user of it an access entry of its own",
        )
