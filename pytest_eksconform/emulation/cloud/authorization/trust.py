"""Trust policies: who may assume a role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conditions import evaluate
from .documents import MalformedPolicy, Statement, parse
from .engine import AccessRequest, statement_applies
from .matching import Context

Caller = Mapping[str, tuple[str, ...]]


def trusts(role: Any, action: str, caller: Caller, context: Context) -> bool:
    """Say whether a role's trust policy lets a caller assume it.

    Args:
        role: the role as moto stores it.
        action: for example ``sts:AssumeRoleWithWebIdentity``.
        caller: the caller's names by kind: ``AWS`` ARNs, ``Service`` or ``Federated`` names.
        context: condition keys of the call.
    """
    try:
        statements = parse(role.assume_role_policy_document)
    except MalformedPolicy:
        return False
    request = AccessRequest(action, role.arn, context)
    matched = [s.effect for s in statements if _matches(s, request, caller)]
    return "Allow" in matched and "Deny" not in matched


def _matches(statement: Statement, request: AccessRequest, caller: Caller) -> bool:
    return (
        statement_applies(statement, request)
        and _principal_matches(statement, caller)
        and evaluate(statement.conditions, request.context).holds
    )


def _principal_matches(statement: Statement, caller: Caller) -> bool:
    if statement.not_principals is not None:
        return not _named(statement.not_principals, caller)
    return statement.principals is not None and _named(statement.principals, caller)


def _named(principals: Mapping[str, tuple[str, ...]], caller: Caller) -> bool:
    if "*" in principals:
        return True
    return any(
        "*" in values or set(values) & set(caller.get(kind, ()))
        for kind, values in principals.items()
        if kind in caller
    )


def account_names(arn: str, iam_arn: str, account_id: str) -> Caller:
    """The names by which an ``AWS`` principal may be trusted."""
    root = f"arn:aws:iam::{account_id}:root"
    return {"AWS": (arn, iam_arn, root, account_id)}
