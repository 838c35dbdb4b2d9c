"""How identities get into the cluster: access entries or the ConfigMap aws-auth."""

from __future__ import annotations

import pytest

from pytest_eksconform import EksCluster, Expectations, Findings, Snapshot
from pytest_eksconform.suites.support.aws_auth import (
    SHOW_AWS_AUTH,
    MappedPrincipal,
    mapped_principals,
    mode_of,
    without_path,
)
from pytest_eksconform.suites.support.iam_roles import account_of


@pytest.mark.eks_control(
    "access-authentication-mode",
    severity="medium",
    reads=("cluster", "access_entries", "config_maps", "other_principals"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/grant-k8s-access.html",
        "S3",
        "S4",
    ),
    applies="every cluster; access.mode says which mode is wanted",
)
def test_authentication_mode(
    eks_snapshot: Snapshot,
    eks_findings: Findings,
    eks_expectations: Expectations,
    eks_cluster: EksCluster,
) -> None:
    """Access entries give access, and mode API leaves no mapping of aws-auth without effect."""
    mode = mode_of(eks_snapshot.read("cluster"))
    resource = eks_findings.judged(f"cluster {eks_cluster.name}")
    wanted = eks_expectations.get("access.mode")
    if (wanted and mode != wanted) or (not wanted and mode == "CONFIG_MAP"):
        _add_mode(eks_findings, eks_cluster, mode, wanted or "API_AND_CONFIG_MAP")
    if mode == "API" and (ignored := _without_entry(eks_snapshot)):
        eks_findings.add(
            resource,
            reason="mappings-without-effect",
            symptom=f"no access for {', '.join(ignored)}, which aws-auth still maps",
            cause="in mode API the ConfigMap aws-auth is not read, and no access entry replaces "
            "these mappings",
            confirm=SHOW_AWS_AUTH,
            fix="make access entries for those that need access, then delete the ConfigMap",
        )


def _without_entry(snapshot: Snapshot) -> list[str]:
    """Principals in aws-auth that no access entry covers, those that are gone left out."""
    covered = {without_path(e["principalArn"]) for e in snapshot.read("access_entries")}
    known = snapshot.read("other_principals")
    return [
        mapped.arn
        for mapped in mapped_principals(snapshot.read("config_maps"))
        if mapped.arn not in covered and not known.get(mapped.arn, {}).get("missing")
    ]


def _add_mode(findings: Findings, cluster: EksCluster, mode: str, wanted: str) -> None:
    findings.add(
        f"cluster {cluster.name}",
        reason=f"mode-{mode.lower()}",
        symptom=f"the authentication mode is {mode}, not {wanted}",
        cause="with CONFIG_MAP one faulty edit of aws-auth locks everybody out, and access can "
        "not be given back through the AWS API"
        if mode == "CONFIG_MAP"
        else "the team's expectation access.mode says otherwise",
        confirm=f"aws eks describe-cluster --name {cluster.name} --query 'cluster.accessConfig'",
        fix=f"update the access config to {wanted}; EKS allows CONFIG_MAP, API_AND_CONFIG_MAP, "
        "API in this order and never back",
    )


@pytest.mark.eks_control(
    "access-aws-auth-leftovers",
    severity="medium",
    reads=("cluster", "access_entries", "config_maps", "other_principals"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/migrating-access-entries.html",
        "S4",
        "K",
    ),
    applies="clusters whose aws-auth maps principals of this account; in authentication mode API "
    "it is not read, and what is left in it is advice",
)
def test_aws_auth_leftovers(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Each mapping of aws-auth names a principal that exists and has no access entry."""
    mapped = mapped_principals(eks_snapshot.read("config_maps"))
    own = [m for m in mapped if account_of(m.arn) == eks_cluster.account]
    if not own:
        eks_findings.not_applicable("aws-auth maps no principal of this account")
    in_force = mode_of(eks_snapshot.read("cluster")) != "API"
    known = eks_snapshot.read("other_principals")
    entries = {without_path(e["principalArn"]) for e in eks_snapshot.read("access_entries")}
    for principal in own:
        eks_findings.judged(principal.resource)
        if known.get(principal.arn, {}).get("missing"):
            _add_gone(eks_findings, principal, in_force=in_force)
        elif principal.arn in entries and not principal.for_nodes:
            _add_covered(eks_findings, eks_cluster, principal)


def _add_gone(findings: Findings, principal: MappedPrincipal, *, in_force: bool) -> None:
    groups = ", ".join(principal.groups) or "none"
    findings.add(
        principal.resource,
        severity="medium" if in_force else "advice",
        reason="principal-gone",
        symptom=f"aws-auth maps {principal.arn}, which does not exist",
        cause="the IAM principal was deleted; whoever makes one of that name again gets its "
        f"groups ({groups})"
        if in_force
        else "the IAM principal was deleted, and in mode API the ConfigMap is not even read",
        confirm=SHOW_AWS_AUTH,
        fix="remove the mapping from aws-auth",
    )


def _add_covered(findings: Findings, cluster: EksCluster, principal: MappedPrincipal) -> None:
    findings.add(
        principal.resource,
        severity="advice",
        reason="covered-by-entry",
        symptom=f"the mapping of {principal.arn} has no effect",
        cause="an access entry for the same principal wins over aws-auth",
        confirm=f"aws eks list-access-entries --cluster-name {cluster.name}",
        fix="remove the mapping from aws-auth, once the entry gives what is needed",
    )
