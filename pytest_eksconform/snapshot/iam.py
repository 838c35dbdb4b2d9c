"""The IAM sections: the roles that the cluster uses, their policies, and what IAM says of them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from pytest_eksconform.clients.aws import error_code
from pytest_eksconform.snapshot.sections import Reader, Section, allowed

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
_GONE = {"NoSuchEntity", "NoSuchEntityException"}
_PRINCIPAL = re.compile(r"arn:[\w-]+:iam::\d{12}:(?:role|user)/[\w+=,.@/-]+")
Question = tuple[str, tuple[str, ...], str, tuple[tuple[str, str], ...]]


def role_name(arn: str) -> str:
    """The name in a role's ARN, without its path."""
    return arn.rsplit("/", 1)[-1]


def _oidc_provider(reader: Reader) -> Any:
    """The IAM OIDC provider of the cluster's issuer, or None if there is none."""
    issuer = reader.read("cluster").get("identity", {}).get("oidc", {}).get("issuer", "")
    iam = reader.aws("iam")
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    wanted = issuer.removeprefix("https://")
    for provider in listed:
        arn = provider["Arn"]
        if wanted and arn.split(":oidc-provider/", 1)[-1] == wanted:
            detail = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
            return {"Arn": arn, "Url": detail["Url"], "ClientIDList": detail["ClientIDList"]}
    return None


def _roles(reader: Reader) -> Any:
    """Every role that the cluster names, by ARN: its trust and its policies, or ``missing``."""
    return dict(reader.each(lambda arn: (arn, _role(reader, arn)), sorted(_role_arns(reader))))


def _role_arns(reader: Reader) -> set[str]:
    cluster = reader.read("cluster")
    arns = {cluster["roleArn"]}
    arns.update(g["nodeRole"] for g in reader.read("node_groups") if g.get("nodeRole"))
    arns.update(
        a["serviceAccountRoleArn"] for a in reader.read("addons") if a.get("serviceAccountRoleArn")
    )
    for association in reader.read("pod_identity_associations"):
        arns.update(association[k] for k in ("roleArn", "targetRoleArn") if association.get(k))
    for account in reader.read("service_accounts"):
        annotations = account["metadata"].get("annotations") or {}
        arns.add(annotations.get(ROLE_ANNOTATION, ""))
    arns.update(e["principalArn"] for e in reader.read("access_entries"))
    for profile in reader.read("instance_profiles").values():
        arns.update(role["arn"] for role in profile["roles"])
    return {arn for arn in arns if ":role/" in arn and _own_account(arn, cluster["arn"])}


def _own_account(arn: str, cluster_arn: str) -> bool:
    # A role of another account cannot be read from here: controls that need it say unknown.
    return arn.split(":")[4] == cluster_arn.split(":")[4]


def _role(reader: Reader, arn: str) -> dict[str, Any]:
    iam, name = reader.aws("iam"), role_name(arn)
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        if error_code(error) in _GONE:
            return {"missing": True}
        raise
    attached = reader.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    inline = reader.pages("iam", "list_role_policies", "PolicyNames", RoleName=name)
    return {
        "missing": role["Arn"] != arn,
        "created": role["CreateDate"],
        "last_used": role.get("RoleLastUsed", {}).get("LastUsedDate"),
        "max_session_seconds": role.get("MaxSessionDuration", 3600),
        "trust": document(role["AssumeRolePolicyDocument"]),
        "attached": [{"name": p["PolicyName"], "arn": p["PolicyArn"]} for p in attached],
        "inline": [
            {
                "name": policy,
                "document": document(
                    iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                ),
            }
            for policy in inline
        ],
    }


def _managed_policies(reader: Reader) -> Any:
    """The documents of the customer managed policies attached to the roles, by ARN."""
    arns = {
        policy["arn"]
        for role in reader.read("roles").values()
        for policy in role.get("attached", [])
        if policy["arn"].split(":")[4] != "aws"
    }
    return dict(reader.each(lambda arn: (arn, _policy(reader, arn)), sorted(arns)))


def _policy(reader: Reader, arn: str) -> Any:
    iam = reader.aws("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    return document(found["Document"])


def _instance_profiles(reader: Reader) -> Any:
    """Instance profiles of the instances, by ARN: the role's ARNs, or ``missing``."""
    arns = {
        i["IamInstanceProfile"]["Arn"]
        for i in reader.read("instances")
        if i.get("IamInstanceProfile", {}).get("Arn")
    }
    return dict(reader.each(lambda arn: (arn, _profile(reader, arn)), sorted(arns)))


def _profile(reader: Reader, arn: str) -> dict[str, Any]:
    try:
        profile = reader.aws("iam").get_instance_profile(
            InstanceProfileName=arn.rsplit("/", 1)[-1]
        )["InstanceProfile"]
    except ClientError as error:
        if error_code(error) in _GONE:
            return {"missing": True, "roles": []}
        raise
    return {
        "missing": False,
        "roles": [
            {"arn": role["Arn"], "trust": document(role["AssumeRolePolicyDocument"])}
            for role in profile["Roles"]
        ],
    }


def _other_principals(reader: Reader) -> Any:
    """Users with an access entry, and who stands in aws-auth: ``missing`` by ARN."""
    cluster = reader.read("cluster")["arn"]
    entries = [entry["principalArn"] for entry in reader.read("access_entries")]
    arns = {arn for arn in entries if ":user/" in arn}
    aws_auth = (reader.read("config_maps").get("aws-auth") or {}).get("data") or {}
    for part in ("mapRoles", "mapUsers"):
        arns.update(_PRINCIPAL.findall(aws_auth.get(part, "")))
    own = sorted(arn for arn in arns if _own_account(arn, cluster))
    return dict(reader.each(lambda arn: (arn, {"missing": not _exists(reader, arn)}), own))


def _exists(reader: Reader, arn: str) -> bool:
    iam, name = reader.aws("iam"), role_name(arn)
    try:
        if ":user/" in arn:
            iam.get_user(UserName=name)
        else:
            iam.get_role(RoleName=name)
    except ClientError as error:
        if error_code(error) in _GONE:
            return False
        raise
    return True


def document(policy: Any) -> Any:
    """A policy document as JSON data; boto3 gives it decoded, or URL-encoded as IAM sends it."""
    return json.loads(unquote(policy)) if isinstance(policy, str) else policy


def simulation_key(question: Question) -> str:
    """A file name for one question to the policy simulator."""
    return "simulation-" + hashlib.sha256(repr(question).encode()).hexdigest()[:20]


def simulate(
    reader: Reader,
    role_arn: str,
    actions: tuple[str, ...],
    resource: str,
    context: tuple[tuple[str, str], ...],
) -> dict[str, str]:
    """Ask SimulatePrincipalPolicy; see `pytest_eksconform.snapshot.store.Snapshot.simulate`."""
    results = reader.pages(
        "iam",
        "simulate_principal_policy",
        "EvaluationResults",
        PolicySourceArn=role_arn,
        ActionNames=list(actions),
        ResourceArns=[resource],
        ContextEntries=[
            {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
            for key, value in context
        ],
    )
    return {r["EvalActionName"]: _decision(r) for r in results}


def _decision(result: dict[str, Any]) -> str:
    decision = str(result["EvalDecision"])
    if decision == "implicitDeny" and result.get("MissingContextValues"):
        return "missingContext"
    return decision


SECTIONS = (
    Section(
        "oidc_provider",
        "the IAM OIDC provider",
        _oidc_provider,
        allowed("iam", "ListOpenIDConnectProviders", "GetOpenIDConnectProvider"),
        needs=("cluster",),
    ),
    Section(
        "roles",
        "the IAM roles that the cluster uses",
        _roles,
        allowed("iam", "GetRole", "ListAttachedRolePolicies", "ListRolePolicies", "GetRolePolicy"),
        needs=(
            "cluster",
            "node_groups",
            "addons",
            "pod_identity_associations",
            "service_accounts",
            "access_entries",
            "instance_profiles",
        ),
    ),
    Section(
        "other_principals",
        "the IAM users with access and the principals of aws-auth",
        _other_principals,
        allowed("iam", "GetRole", "GetUser"),
        needs=("cluster", "access_entries", "config_maps"),
    ),
    Section(
        "managed_policies",
        "the customer managed policies of the roles",
        _managed_policies,
        allowed("iam", "GetPolicy", "GetPolicyVersion"),
        needs=("roles",),
    ),
    Section(
        "instance_profiles",
        "the instance profiles",
        _instance_profiles,
        allowed("iam", "GetInstanceProfile"),
        needs=("instances",),
    ),
    Section(
        "simulations",
        "what IAM would allow",
        lambda _reader: None,
        allowed("iam", "SimulatePrincipalPolicy"),
    ),
)
