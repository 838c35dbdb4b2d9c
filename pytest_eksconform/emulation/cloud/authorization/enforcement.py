"""Authorises a call before it is carried out, and words the refusal as AWS does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud
from pytest_eksconform.emulation.cloud.errors import AwsError
from pytest_eksconform.emulation.cloud.principals import Principal
from pytest_eksconform.emulation.cloud.wire import ApiCall

from .attachments import policies_of
from .engine import ALLOWED, EXPLICIT_DENY, AccessRequest, Evaluation, decide
from .matching import Context
from .resources import Resource, resources_of

ACTION_PREFIXES = {"tagging": "tag", "monitoring": "cloudwatch", "aps": "aps"}
# AssumeRole asks the engine itself, as a trust policy alone can allow it.
FREE_OPERATIONS = frozenset({("sts", "GetCallerIdentity"), ("sts", "AssumeRole")})
XML_SERVICES = frozenset({"iam", "sts", "autoscaling", "elasticloadbalancing", "monitoring"})
PASSED_ROLES = {
    ("eks", "CreateCluster"): ("roleArn", "eks.amazonaws.com"),
    ("eks", "CreateNodegroup"): ("nodeRole", "ec2.amazonaws.com"),
    ("eks", "CreateFargateProfile"): ("podExecutionRoleArn", "eks-fargate-pods.amazonaws.com"),
    ("eks", "CreatePodIdentityAssociation"): ("roleArn", "pods.eks.amazonaws.com"),
    ("eks", "CreateAddon"): ("serviceAccountRoleArn", "eks.amazonaws.com"),
    ("iam", "AddRoleToInstanceProfile"): ("RoleName", "ec2.amazonaws.com"),
}


def action_of(service: str, operation: str) -> str:
    """Return the IAM action of an operation."""
    return f"{ACTION_PREFIXES.get(service, service)}:{operation}"


def authorize(cloud: Cloud, principal: Principal, call: ApiCall) -> None:
    """Let the call pass or refuse it.

    Raises:
        AwsError: the service's code for a call that the policies do not allow.
    """
    if principal.is_administrator or (call.service, call.operation) in FREE_OPERATIONS:
        return
    policies = policies_of(principal, cloud.stores)
    for action, resource, extra in _questions(cloud, call):
        context = {**context_of(cloud, principal, call.parameters, resource), **extra}
        request = AccessRequest(action, resource.arn, context)
        evaluation = decide(request, policies)
        if evaluation.decision != ALLOWED:
            raise denied(call.service, principal, request, evaluation)


def _questions(cloud: Cloud, call: ApiCall) -> Iterator[tuple[str, Resource, Context]]:
    action = action_of(call.service, call.operation)
    for resource in resources_of(cloud, call.service, call.operation, call.parameters):
        yield action, resource, {}
    member, service = PASSED_ROLES.get((call.service, call.operation), ("", ""))
    role = str(call.parameters.get(member) or "") if member else ""
    if role:
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{cloud.account_id}:role/{role}"
        yield "iam:PassRole", Resource(arn), {"iam:PassedToService": (service,)}


def context_of(
    cloud: Cloud, principal: Principal, parameters: Mapping[str, Any], resource: Resource
) -> Context:
    """Return the condition keys of a call: principal, request, resource."""
    now = cloud.clock()
    context: dict[str, tuple[str, ...]] = {
        "aws:PrincipalArn": (principal.iam_arn,),
        "aws:PrincipalAccount": (principal.account_id,),
        "aws:PrincipalType": ("AssumedRole" if principal.is_role else "User",),
        "aws:userid": (principal.user_id,),
        "aws:SourceAccount": (cloud.account_id,),
        "aws:ResourceAccount": (cloud.account_id,),
        "aws:RequestedRegion": (cloud.region,),
        "aws:SourceIp": ("127.0.0.1",),
        "aws:SecureTransport": ("true",),
        "aws:ViaAWSService": ("false",),
        "aws:CurrentTime": (now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:EpochTime": (str(int(now.timestamp())),),
    }
    if not principal.is_role:
        context["aws:username"] = (principal.iam_arn.rpartition("/")[2],)
    for key, value in principal.session_keys.items():
        context[key] = (value,)
    for key, value in principal.tags.items():
        context[f"aws:PrincipalTag/{key}"] = (value,)
    context.update(_resource_tags(resource))
    context.update(_request_tags(parameters))
    if parameters.get("ExternalId"):
        context["sts:ExternalId"] = (str(parameters["ExternalId"]),)
    if parameters.get("RoleSessionName"):
        context["sts:RoleSessionName"] = (str(parameters["RoleSessionName"]),)
    return context


def _resource_tags(resource: Resource) -> dict[str, tuple[str, ...]]:
    service = resource.arn.split(":")[2] if resource.arn.startswith("arn:") else ""
    names = ["aws", service] if service in ("autoscaling", "ec2", "iam") else ["aws"]
    return {
        f"{name}:ResourceTag/{key}": (value,)
        for name in names
        for key, value in resource.tags.items()
    }


def _request_tags(parameters: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    tags = parameters.get("tags") or parameters.get("Tags") or {}
    for specification in parameters.get("TagSpecifications") or []:
        tags = [*(tags or []), *specification.get("Tags", [])]
    if isinstance(tags, Mapping):
        pairs = {str(key): str(value) for key, value in tags.items()}
    else:
        pairs = {str(t["Key"]): str(t.get("Value", "")) for t in tags if "Key" in t}
    if not pairs:
        return {}
    context = {f"aws:RequestTag/{key}": (value,) for key, value in pairs.items()}
    return {**context, "aws:TagKeys": tuple(pairs)}


def denied(
    service: str, principal: Principal, request: AccessRequest, evaluation: Evaluation
) -> AwsError:
    """Word a refusal in the service's code and AWS's sentence."""
    if evaluation.decision == EXPLICIT_DENY:
        reason = f"with an explicit deny in a{_n(evaluation.because)} {evaluation.because}"
    else:
        reason = f"because no {evaluation.because} allows the {request.action} action"
    text = (
        f"User: {principal.arn} is not authorized to perform: {request.action} "
        f"on resource: {request.resource} {reason}"
    )
    if service == "ec2":
        prefix = "You are not authorized to perform this operation. "
        return AwsError("UnauthorizedOperation", prefix + text, 403)
    if service in XML_SERVICES:
        return AwsError("AccessDenied", text, 403)
    return AwsError("AccessDeniedException", text, 403 if service.startswith("eks") else 400)


def _n(text: str) -> str:
    return "n" if text.startswith("i") else ""
