"""The decision: explicit deny, then what identity, boundary and session policies allow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .conditions import evaluate as evaluate_conditions
from .documents import Statement, parse
from .matching import Context, action_matches, arn_matches, expand

ALLOWED = "allowed"
EXPLICIT_DENY = "explicitDeny"
IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True)
class Policy:
    """A policy with its name.

    Attributes:
        name: the policy's name or ARN.
        kind: ``IAM Policy``, ``user``, ``role`` or ``group``, as simulations report it.
        document: the JSON text.
    """

    name: str
    kind: str
    document: str


@dataclass(frozen=True)
class PolicySet:
    """Everything that binds one principal; None means that such a policy is not set."""

    identity: tuple[Policy, ...]
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None


@dataclass(frozen=True)
class AccessRequest:
    """One question: may this action be done on this resource in this context?"""

    action: str
    resource: str
    context: Context


@dataclass
class Evaluation:
    """The answer, with the statements that made it and the keys that were missing.

    ``because`` is AWS's reason: ``identity-based policy``, ``permissions boundary`` or
    ``session policy``.
    """

    decision: str
    matched: list[tuple[Policy, Statement]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    because: str = "identity-based policy"


def decide(request: AccessRequest, policies: PolicySet) -> Evaluation:
    """Decide a request by the rules of one account."""
    layers: list[tuple[str, Iterable[Policy]]] = [("identity-based policy", policies.identity)]
    if policies.boundary is not None:
        layers.append(("permissions boundary", (policies.boundary,)))
    if policies.session is not None:
        layers.append(("session policy", policies.session))
    answers = [_layer(request, name, layer) for name, layer in layers]
    missing = set[str]().union(*(answer.missing for answer in answers))
    for wanted in (EXPLICIT_DENY, IMPLICIT_DENY):
        for answer in answers:
            if answer.decision == wanted:
                return Evaluation(wanted, answer.matched, missing, answer.because)
    matched = [pair for answer in answers for pair in answer.matched]
    return Evaluation(ALLOWED, matched, missing)


def _layer(request: AccessRequest, name: str, policies: Iterable[Policy]) -> Evaluation:
    allows: list[tuple[Policy, Statement]] = []
    denies: list[tuple[Policy, Statement]] = []
    missing: set[str] = set()
    for policy in policies:
        for statement in parse(policy.document):
            if not statement_applies(statement, request):
                continue
            outcome = evaluate_conditions(statement.conditions, request.context)
            missing |= outcome.missing
            if outcome.holds:
                (allows if statement.effect == "Allow" else denies).append((policy, statement))
    if denies:
        return Evaluation(EXPLICIT_DENY, denies, missing, name)
    return Evaluation(ALLOWED if allows else IMPLICIT_DENY, allows, missing, name)


def statement_applies(statement: Statement, request: AccessRequest) -> bool:
    """Say whether a statement speaks of the request's action and resource."""
    if not _action_applies(statement, request.action):
        return False
    if statement.not_resources is not None:
        return not _any_resource(statement.not_resources, request)
    if statement.resources is None:
        return True
    return _any_resource(statement.resources, request)


def _action_applies(statement: Statement, action: str) -> bool:
    if statement.not_actions is not None:
        return not any(action_matches(pattern, action) for pattern in statement.not_actions)
    return any(action_matches(pattern, action) for pattern in statement.actions or ())


def _any_resource(patterns: tuple[str, ...], request: AccessRequest) -> bool:
    expanded = (expand(pattern, request.context) for pattern in patterns)
    return any(
        pattern is not None and arn_matches(pattern, request.resource) for pattern in expanded
    )
