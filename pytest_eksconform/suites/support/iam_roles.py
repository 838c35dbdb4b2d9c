"""ARNs of IAM principals, and commands that show a role."""

from __future__ import annotations

from typing import Any

from pytest_eksconform import CouldNotRead


def role_name(arn: str) -> str:
    """The name in a role's ARN, without its path."""
    return arn.rsplit("/", 1)[-1]


def role_resource(arn: str) -> str:
    """How findings name a role."""
    return f"role {role_name(arn)}"


def account_of(arn: str) -> str:
    """The account in an ARN; empty for what is no ARN."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""


def is_role(arn: str) -> bool:
    """Whether `arn` is well formed and names a role."""
    return arn.startswith("arn:") and ":role/" in arn and account_of(arn).isdigit()


def show_trust(arn: str) -> str:
    """A command that shows a role's trust policy."""
    return f"aws iam get-role --role-name {role_name(arn)} --query 'Role.AssumeRolePolicyDocument'"


def simulation_command(role: str, actions: list[str], resource: str = "*") -> str:
    """A command that asks IAM what a role may do."""
    return (
        f"aws iam simulate-principal-policy --policy-source-arn {role} --action-names "
        f"{' '.join(actions)} --resource-arns '{resource}' "
        "--query 'EvaluationResults[].[EvalActionName,EvalDecision]'"
    )


def role_of(roles: dict[str, Any], arn: str) -> dict[str, Any]:
    """The role `arn` of the section ``roles``.

    Raises:
        CouldNotRead: it belongs to another account.
    """
    if arn not in roles:
        raise CouldNotRead(f"role {arn}", "it is a role of another account")
    found: dict[str, Any] = roles[arn]
    return found
