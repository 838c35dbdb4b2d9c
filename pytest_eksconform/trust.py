"""Who a role's trust policy lets in: a small matcher for the statements that EKS uses.

Permissions are not evaluated here: they are asked of SimulatePrincipalPolicy, which does not
look at trust policies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
ASSUME = "sts:AssumeRole"
TAG_SESSION = "sts:TagSession"


@dataclass(frozen=True)
class WebIdentityTrust:
    """What one statement asks of a web identity token.

    Attributes:
        provider: ARN of the OIDC provider it trusts.
        subjects: values of the ``sub`` condition; empty when there is none.
        audiences: values of the ``aud`` condition.
        wildcard: whether the ``sub`` condition is a pattern with a wildcard in it.
    """

    provider: str
    subjects: tuple[str, ...]
    audiences: tuple[str, ...]
    wildcard: bool

    def admits(self, subject: str) -> bool:
        """Whether a token with this ``sub`` meets the statement; all do when it names none."""
        if not self.subjects:
            return True
        if self.wildcard:
            return any(_like(subject, pattern) for pattern in self.subjects)
        return subject in self.subjects


def as_list(value: Any) -> list[Any]:
    """IAM writes one value as itself and several as a list: always a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def web_identity_trusts(trust: dict[str, Any]) -> list[WebIdentityTrust]:
    """The statements of `trust` that allow AssumeRoleWithWebIdentity, one for each provider."""
    found = []
    for statement in _allowing(trust, WEB_IDENTITY):
        conditions = [c for c in _conditions(statement) if "not" not in c[0].lower()]
        subjects = [(o, v) for o, key, v in conditions if key.endswith(":sub")]
        audiences = [v for _, key, v in conditions if key.endswith(":aud")]
        patterns = any("like" in o.lower() and ("*" in v or "?" in v) for o, v in subjects)
        for provider in as_list(_principal(statement).get("Federated")):
            values = tuple(v for _, v in subjects)
            found.append(WebIdentityTrust(provider, values, tuple(audiences), patterns))
    return found


def service_actions(trust: dict[str, Any], service: str) -> set[str]:
    """Which of AssumeRole and TagSession `trust` allows to the AWS `service`."""
    return {
        action
        for action in (ASSUME, TAG_SESSION)
        for statement in _allowing(trust, action)
        if service in as_list(_principal(statement).get("Service"))
    }


def _principal(statement: dict[str, Any]) -> dict[str, Any]:
    principal = statement.get("Principal")
    return principal if isinstance(principal, dict) else {}


def _allowing(trust: dict[str, Any], action: str) -> Iterator[dict[str, Any]]:
    for statement in as_list(trust.get("Statement")):
        actions = as_list(statement.get("Action"))
        if statement.get("Effect") == "Allow" and any(_like(action, str(a)) for a in actions):
            yield statement


def _conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for operator, pairs in (statement.get("Condition") or {}).items():
        for key, values in pairs.items():
            for value in as_list(values):
                yield operator, key, str(value)


def _like(text: str, pattern: str) -> bool:
    # IAM knows * and ? alone; fnmatch would take [ as the start of a set.
    return fnmatchcase(text.lower(), pattern.lower().replace("[", "[[]"))
