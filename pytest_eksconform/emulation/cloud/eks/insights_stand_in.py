"""A stand-in for insights: what EKS would say of readiness, from data, not from the cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pytest_eksconform.emulation.cloud.context import Handlers, Invocation
from pytest_eksconform.emulation.cloud.data_files import load
from pytest_eksconform.emulation.cloud.paging import page

from .errors import not_found

AGE = timedelta(hours=3)


def list_insights(call: Invocation) -> dict[str, Any]:
    """List the insights of a cluster, without their recommendations."""
    found = _insights(call)
    for insight in found:
        del insight["recommendation"]
    return page("insights", found, call.parameters)


def describe_insight(call: Invocation) -> dict[str, Any]:
    """Describe one insight."""
    wanted = call.text("id")
    for insight in _insights(call):
        if insight["id"] == wanted:
            return {"insight": insight}
    raise not_found(f"No insight found for: {wanted}")


def _insights(call: Invocation) -> list[dict[str, Any]]:
    version = call.cloud.eks.cluster(call.text("clusterName")).version
    major, minor = version.split(".")
    refreshed = call.cloud.clock() - AGE
    return [
        {
            **{k: entry[k] for k in ("id", "name", "category", "description", "recommendation")},
            "kubernetesVersion": f"{major}.{int(minor) + 1}",
            "lastRefreshTime": refreshed,
            "lastTransitionTime": refreshed,
            "insightStatus": {"status": entry["status"], "reason": entry["reason"]},
        }
        for entry in load("insights.json")["insights"]
    ]


HANDLERS: Handlers = {"ListInsights": list_insights, "DescribeInsight": describe_insight}
