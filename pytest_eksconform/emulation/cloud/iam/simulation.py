"""SimulatePrincipalPolicy and SimulateCustomPolicy, answered by the engine that authorises."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_eksconform.emulation.cloud.authorization.attachments import policies_of_arn
from pytest_eksconform.emulation.cloud.authorization.documents import MalformedPolicy, parse
from pytest_eksconform.emulation.cloud.authorization.engine import (
    ALLOWED,
    IMPLICIT_DENY,
    AccessRequest,
    Evaluation,
    Policy,
    PolicySet,
    decide,
)
from pytest_eksconform.emulation.cloud.authorization.matching import VARIABLE, Context
from pytest_eksconform.emulation.cloud.context import Invocation
from pytest_eksconform.emulation.cloud.errors import AwsError
from pytest_eksconform.emulation.cloud.paging import LARGEST_PAGE, page


def simulate_principal_policy(call: Invocation) -> dict[str, Any]:
    """Simulate the policies of a user, role or group."""
    arn = call.text("PolicySourceArn")
    attached = policies_of_arn(arn, call.cloud.stores)
    if attached is None:
        raise AwsError("NoSuchEntity", f"The entity with arn {arn} cannot be found.", 404)
    given = _given(call.parameters.get("PolicyInputList"))
    boundary = _given(call.parameters.get("PermissionsBoundaryPolicyInputList"))
    policies = PolicySet(attached.identity + given, boundary[0] if boundary else attached.boundary)
    keys = {"aws:PrincipalArn": (arn,), "aws:PrincipalAccount": (arn.split(":")[4],)}
    return _simulate(call, policies, keys)


def simulate_custom_policy(call: Invocation) -> dict[str, Any]:
    """Simulate the policies that are given."""
    boundary = _given(call.parameters.get("PermissionsBoundaryPolicyInputList"))
    identity = _given(call.parameters.get("PolicyInputList"))
    return _simulate(call, PolicySet(identity, boundary[0] if boundary else None), {})


def context_keys(call: Invocation) -> dict[str, Any]:
    """List the condition keys that policies speak of."""
    documents = list(call.parameters.get("PolicyInputList") or [])
    if "PolicySourceArn" in call.parameters:
        attached = policies_of_arn(call.text("PolicySourceArn"), call.cloud.stores)
        if attached is None:
            text = f"The entity with arn {call.text('PolicySourceArn')} cannot be found."
            raise AwsError("NoSuchEntity", text, 404)
        documents += [policy.document for policy in attached.identity]
    return {"ContextKeyNames": sorted(_keys(documents))}


def _keys(documents: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for document in documents:
        found |= set(VARIABLE.findall(document))
        for statement in parse(document):
            found |= {key for block in statement.conditions.values() for key in block}
    return found


def _given(documents: list[str] | None) -> tuple[Policy, ...]:
    policies = []
    for number, document in enumerate(documents or [], 1):
        try:
            parse(document)
        except MalformedPolicy as error:
            raise AwsError(
                "InvalidInput", f"Invalid Policy Input {number}: {error}", 400
            ) from error
        policies.append(Policy(f"PolicyInputList.{number}", "PolicyInputList", document))
    return tuple(policies)


def _simulate(call: Invocation, policies: PolicySet, keys: Context) -> dict[str, Any]:
    parameters = call.parameters
    context = {**keys, **_context(parameters.get("ContextEntries") or [])}
    resources = parameters.get("ResourceArns") or ["*"]
    results = [
        _result(AccessRequest(action, resource, context), policies)
        for action, resource in itertools.product(parameters["ActionNames"], resources)
    ]
    sizes = {
        "maxResults": parameters.get("MaxItems") or LARGEST_PAGE,
        "nextToken": parameters.get("Marker"),
    }
    answer = page("EvaluationResults", results, sizes)
    return {
        "EvaluationResults": answer["EvaluationResults"],
        "IsTruncated": "nextToken" in answer,
        "Marker": answer.get("nextToken"),
    }


def _context(entries: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    return {
        str(entry["ContextKeyName"]): tuple(str(v) for v in entry.get("ContextKeyValues") or [])
        for entry in entries
    }


def _result(request: AccessRequest, policies: PolicySet) -> dict[str, Any]:
    evaluation = decide(request, policies)
    result: dict[str, Any] = {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": evaluation.decision,
        "MatchedStatements": [
            {"SourcePolicyId": policy.name, "SourcePolicyType": policy.kind}
            for policy, _ in evaluation.matched
        ],
        "MissingContextValues": sorted(evaluation.missing),
    }
    result["ResourceSpecificResults"] = [
        {
            "EvalResourceName": request.resource,
            "EvalResourceDecision": evaluation.decision,
            "MatchedStatements": result["MatchedStatements"],
            "MissingContextValues": result["MissingContextValues"],
        }
    ]
    if policies.boundary is not None:
        allowed = _allowed_by_boundary(evaluation, request, policies.boundary)
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    return result


def _allowed_by_boundary(evaluation: Evaluation, request: AccessRequest, boundary: Policy) -> bool:
    if evaluation.decision != IMPLICIT_DENY:
        return evaluation.decision == ALLOWED
    return decide(request, PolicySet((boundary,))).decision == ALLOWED
