"""Which RBAC rules a service account holds, and what they lack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Need:
    """One thing that a program must be allowed in the Kubernetes API.

    Attributes:
        group: API group; empty for the core.
        resource: plural, with subresource: ``pods/eviction``.
        verbs: all of which are needed.
    """

    group: str
    resource: str
    verbs: tuple[str, ...]

    def __str__(self) -> str:
        full = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{','.join(self.verbs)} {full}"


def rules_of(
    namespace: str,
    account: str,
    bindings: Iterable[dict[str, Any]],
    roles: Iterable[dict[str, Any]],
) -> list[dict[str, Any]]:
    """The rules that `bindings` give to the service account.

    Args:
        namespace: of the account.
        account: its name.
        bindings: ClusterRoleBindings, RoleBindings or both.
        roles: the ClusterRoles and Roles that they may name.
    """
    known = {(_kind(role), _namespace(role), role["metadata"]["name"]): role for role in roles}
    rules: list[dict[str, Any]] = []
    for binding in bindings:
        if any(_is_account(s, namespace, account) for s in binding.get("subjects") or []):
            named = binding["roleRef"]
            where = _namespace(binding) if named["kind"] == "Role" else ""
            role = known.get((named["kind"], where, named["name"])) or {}
            rules.extend(role.get("rules") or [])
    return rules


def unmet(needs: Iterable[Need], rules: list[dict[str, Any]]) -> list[Need]:
    """What of `needs` no rule allows; each holds only the verbs that are missing."""
    lacking = []
    for need in needs:
        verbs = tuple(verb for verb in need.verbs if not _allowed(need, verb, rules))
        if verbs:
            lacking.append(Need(need.group, need.resource, verbs))
    return lacking


def _allowed(need: Need, verb: str, rules: list[dict[str, Any]]) -> bool:
    return any(
        _names(rule, "apiGroups", need.group)
        and _names(rule, "resources", need.resource)
        and _names(rule, "verbs", verb)
        for rule in rules
    )


def _names(rule: dict[str, Any], part: str, wanted: str) -> bool:
    values = rule.get(part) or []
    return wanted in values or "*" in values


def _is_account(subject: dict[str, Any], namespace: str, account: str) -> bool:
    if subject.get("kind") == "Group":
        groups = {"system:serviceaccounts", f"system:serviceaccounts:{namespace}"}
        return subject.get("name") in groups
    named = (subject.get("kind"), subject.get("namespace"), subject.get("name"))
    return named == ("ServiceAccount", namespace, account)


def _namespace(item: dict[str, Any]) -> str:
    return str(item["metadata"].get("namespace") or "")


def _kind(role: dict[str, Any]) -> str:
    # Items of a list carry no kind.
    return "Role" if _namespace(role) else "ClusterRole"
