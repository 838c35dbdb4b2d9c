"""The stand-in's reading of flags and its status document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import yaml

from pytest_eksconform.emulation.controllers.autoscaler_status import (
    GroupStatus,
    Observation,
    config_map,
)
from pytest_eksconform.emulation.controllers.cluster_autoscaler_stand_in import (
    discovery_filters,
    flags,
)

SINCE = datetime(2026, 11, 21, tzinfo=UTC)
GROUP = GroupStatus("eks-general", 2, 1, 6, 2, 2)


def status(seen: Observation) -> dict[str, Any]:
    return dict(yaml.safe_load(config_map(seen, (2, 2), SINCE)["data"]["status"]))


def test_flags_are_read_from_command_and_arguments() -> None:
    container = {"command": ["./cluster-autoscaler", "--v=4"], "args": ["--nodes=1:2:a"]}
    found = flags({"spec": {"containers": [container]}})
    assert found["--v"] == ["4"]
    assert found["--nodes"] == ["1:2:a"]


def test_discovery_asks_for_keys_and_values() -> None:
    assert discovery_filters("asg:tag=enabled,owner=me") == [
        {"Name": "tag-key", "Values": ["enabled"]},
        {"Name": "tag:owner", "Values": ["me"]},
    ]


def test_healthy_status_names_groups() -> None:
    found = status(Observation((GROUP,)))
    assert found["autoscalerStatus"] == "Running"
    assert found["clusterWide"]["health"]["status"] == "Healthy"
    assert found["nodeGroups"][0]["name"] == "eks-general"
    assert found["nodeGroups"][0]["health"]["maxSize"] == 6


def test_refusal_is_quoted_and_unhealthy() -> None:
    found = status(Observation(error="AccessDenied: no"))
    assert found["clusterWide"]["health"]["status"] == "Unhealthy"
    assert found["message"] == "AccessDenied: no"
