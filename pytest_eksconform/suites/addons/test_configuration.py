"""What the add-ons are configured with, and whether they may call AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema.exceptions import SchemaError, best_match
from jsonschema.validators import Draft7Validator, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from pytest_eksconform import CouldNotRead, EksCluster, Findings, Snapshot
from pytest_eksconform.suites.support.service_accounts import role_of_account

ACCOUNTS = {
    "vpc-cni": ("kube-system", "aws-node"),
    "aws-ebs-csi-driver": ("kube-system", "ebs-csi-controller-sa"),
    "aws-efs-csi-driver": ("kube-system", "efs-csi-controller-sa"),
    "aws-fsx-csi-driver": ("kube-system", "fsx-csi-controller-sa"),
    "aws-mountpoint-s3-csi-driver": ("kube-system", "s3-csi-driver-sa"),
    "amazon-cloudwatch-observability": ("amazon-cloudwatch", "cloudwatch-agent"),
    "external-dns": ("external-dns", "external-dns"),
}
"""The service account by which each add-on calls AWS."""


@pytest.mark.eks_control(
    "addons-config",
    severity="medium",
    reads=("addons", "addon_schemas", "addon_field_owners"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-field-management.html",
        "S4",
    ),
    applies="clusters with EKS add-ons",
)
def test_addons_config(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Add-on configuration fits its schema, and no field of an add-on is set by hand."""
    addons = eks_snapshot.read("addons")
    if not addons:
        eks_findings.not_applicable("the cluster has no EKS add-on")
    schemas = eks_snapshot.read("addon_schemas")
    for addon in addons:
        resource = eks_findings.judged(f"add-on {addon['addonName']}")
        values = addon.get("configurationValues")
        problem = _problem(addon, values, schemas) if values else None
        if problem:
            _add_invalid(eks_findings, resource, addon["addonName"], problem, eks_cluster.name)
    for workload, owners in sorted(eks_snapshot.read("addon_field_owners").items()):
        _judge_fields(eks_findings, workload, owners)


def _problem(addon: dict[str, Any], values: str, schemas: dict[str, str]) -> str | None:
    name = addon["addonName"]
    if name not in schemas:
        raise CouldNotRead(f"the schema of add-on {name}", "EKS gave none for its version")
    try:
        return configuration_problem(values, json.loads(schemas[name]))
    except (ValueError, SchemaError, Unresolvable) as error:
        raise CouldNotRead(
            f"the schema of add-on {name}", f"it is no JSON schema: {type(error).__name__}"
        ) from error


def configuration_problem(values: str, schema: dict[str, Any]) -> str | None:
    """Where configuration `values` (JSON or YAML) break `schema`; None if they do not.

    Raises:
        SchemaError: `schema` is no JSON schema.
        Unresolvable: `schema` refers to another document; none is ever fetched.
    """
    try:
        data = yaml.safe_load(values)
    except yaml.YAMLError:
        return "they are neither JSON nor YAML"
    kind = validator_for(schema, default=Draft7Validator)
    kind.check_schema(schema)
    registry: Registry[Any] = Registry()
    error = best_match(kind(schema, registry=registry).iter_errors(data))
    # The value itself may be a secret of the team: only its place and the rule are told.
    return f"{error.json_path} breaks the rule {error.validator!r}" if error else None


def _add_invalid(findings: Findings, resource: str, name: str, problem: str, cluster: str) -> None:
    findings.add(
        resource,
        reason="invalid-configuration",
        symptom="the next update of the add-on is refused or leaves values out",
        cause=f"its configuration values do not fit the schema of its version: {problem}",
        confirm=f"aws eks describe-addon --cluster-name {cluster} --addon-name {name} "
        "--query addon.configurationValues",
        fix="compare them with aws eks describe-addon-configuration and update the add-on",
    )


def _judge_fields(findings: Findings, workload: str, owners: dict[str, list[str]]) -> None:
    by_hand = {manager: fields for manager, fields in owners.items() if manager != "eks"}
    if "eks" not in owners or not by_hand:
        return
    told = "; ".join(f"{m} set {', '.join(fields[:3])}" for m, fields in sorted(by_hand.items()))
    kind, _, place = workload.partition(" ")
    namespace, _, name = place.partition("/")
    findings.add(
        workload,
        severity="advice",
        reason="set-by-hand",
        symptom="an update of the add-on with OVERWRITE reverts it",
        cause=f"fields of an EKS add-on are not in its configuration: {told}",
        confirm=f"kubectl -n {namespace} get {kind} {name} --show-managed-fields "
        "-o 'jsonpath={.metadata.managedFields[*].manager}'",
        fix="move the change into the add-on's configuration values, or update with PRESERVE",
    )


@pytest.mark.eks_control(
    "addons-role",
    severity="medium",
    reads=("addons", "addon_versions", "pod_identity_associations", "service_accounts"),
    sources=(
        "https://docs.aws.amazon.com/eks/latest/userguide/add-ons-iam.html",
        "S3",
    ),
    applies="clusters with add-ons that call AWS",
)
def test_addons_role(
    eks_snapshot: Snapshot, eks_findings: Findings, eks_cluster: EksCluster
) -> None:
    """Every add-on that calls AWS has a role of its own."""
    offered = eks_snapshot.read("addon_versions")
    callers = [a for a in eks_snapshot.read("addons") if needs_role(a, offered)]
    if not callers:
        eks_findings.not_applicable("no installed add-on calls AWS")
    associations = eks_snapshot.read("pod_identity_associations")
    accounts = eks_snapshot.read("service_accounts")
    for addon in callers:
        name = addon["addonName"]
        resource = eks_findings.judged(f"add-on {name}")
        if has_role(addon, associations, accounts):
            continue
        eks_findings.add(
            resource,
            # EKS itself starts the CNI with the node's role, and most clusters leave it so.
            severity="advice" if name == "vpc-cni" else None,
            reason="no-role",
            symptom="it calls AWS as the node's role, or is denied where pods cannot reach IMDS",
            cause="it has neither a service account role nor a Pod Identity association",
            confirm=f"aws eks describe-addon --cluster-name {eks_cluster.name} "
            f"--addon-name {name} "
            "--query 'addon.[serviceAccountRoleArn,podIdentityAssociations]'",
            fix="update the add-on with --pod-identity-associations and a role of its own",
        )


def needs_role(addon: dict[str, Any], offered: dict[str, Any]) -> bool:
    """Whether EKS says that this version of the add-on needs IAM permissions."""
    versions = offered.get(addon["addonName"]) or []
    said = [
        entry["requiresIamPermissions"]
        for entry in versions
        if entry["addonVersion"] == addon["addonVersion"] and "requiresIamPermissions" in entry
    ]
    return said[0] if said else addon["addonName"] in ACCOUNTS


def has_role(
    addon: dict[str, Any],
    associations: list[dict[str, Any]],
    accounts: list[dict[str, Any]],
) -> bool:
    """Whether the add-on itself, or its service account, has a role."""
    if addon.get("serviceAccountRoleArn") or addon.get("podIdentityAssociations"):
        return True
    account = ACCOUNTS.get(addon["addonName"])
    return account is not None and bool(role_of_account(*account, associations, accounts))
