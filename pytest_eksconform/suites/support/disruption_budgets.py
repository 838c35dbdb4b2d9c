"""PodDisruptionBudgets, as the snapshot has them."""

from __future__ import annotations

from typing import Any


def blocks_now(budget: dict[str, Any]) -> bool:
    """Whether `budget` covers pods and allows none of them to be evicted."""
    status = budget.get("status") or {}
    return bool(status.get("expectedPods", 0) > 0 and status.get("disruptionsAllowed", 0) == 0)


def can_never_allow(budget: dict[str, Any]) -> bool:
    """Whether `budget` allows no eviction even when all its pods are healthy."""
    status = budget.get("status") or {}
    return bool(status.get("desiredHealthy", 0) >= status.get("expectedPods", 0))
