"""The authorization webhook: access policies decide what RBAC did not allow, as in EKS."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cluster.access_entries import AccessEntries, PolicyScope
from pytest_eksconform.emulation.cluster.access_policies import allows_path, allows_resource


class Authorizer:
    """Answers SubjectAccessReviews from the access policies of the caller's entry."""

    def __init__(self, entries: AccessEntries) -> None:
        self._entries = entries

    def review(self, review: dict[str, Any]) -> dict[str, Any]:
        """The SubjectAccessReview with its status; it allows or has no opinion."""
        spec = review["spec"]
        arn = _principal(spec)
        allowing = next((scope for scope in self._policies(arn) if _allows(scope, spec)), None)
        status: dict[str, Any] = {"allowed": allowing is not None}
        if allowing is not None:
            status["reason"] = f"EKS access policy {allowing.policy} of {arn}"
        kind = "SubjectAccessReview"
        return {"apiVersion": review["apiVersion"], "kind": kind, "status": status}

    def _policies(self, arn: str | None) -> list[PolicyScope]:
        return self._entries.policies(arn) if arn else []


def _principal(spec: dict[str, Any]) -> str | None:
    # The names of extra fields come in lower case after impersonation.
    extra = {name.lower(): values for name, values in (spec.get("extra") or {}).items()}
    return next(iter(extra.get("canonicalarn", ())), None)


def _allows(scope: PolicyScope, spec: dict[str, Any]) -> bool:
    path = spec.get("nonResourceAttributes")
    if path is not None:
        return scope.namespaces is None and allows_path(scope.policy, path.get("verb", ""))
    attributes = spec.get("resourceAttributes") or {}
    if scope.namespaces is not None and not _covers(scope.namespaces, attributes):
        return False
    return allows_resource(scope.policy, attributes)


def _covers(namespaces: tuple[str, ...], attributes: dict[str, Any]) -> bool:
    asked = attributes.get("namespace", "")
    return any(
        asked == name or (name.endswith("*") and asked.startswith(name[:-1]))
        for name in namespaces
        if asked
    )
