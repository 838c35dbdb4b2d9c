"""The markers: their text, and what they ask of a test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_eksconform.catalogue import MARKER, TIERS, Control, control_from_marker
from pytest_eksconform.errors import NotApplicable, SettingsError
from pytest_eksconform.run import Run

MARKERS = (
    "eks_control(id, severity='medium', tier='observe', reads=(), sources=(), applies=''): "
    "the test is the control of this id; see the documentation of pytest-eksconform",
    "eks_tier(name): the most that the test does to the cluster: " + ", ".join(TIERS),
    "eks_requires(*capabilities): the test needs these of the place it runs in",
    "eks_min_version(version): the test is for clusters of this Kubernetes version or newer",
)
CAPABILITIES = {
    "containers": "pods run real containers",
    "packets": "pods exchange real packets",
}
"""What a place may lack, by name."""


def control_of(item: pytest.Item) -> Control | None:
    """The control that `item` is, or None.

    Raises:
        SettingsError: its marker has arguments that mean nothing.
    """
    marker = item.get_closest_marker(MARKER)
    if marker is None:
        return None
    doc = getattr(getattr(item, "function", None), "__doc__", None)
    return control_from_marker(marker.args, marker.kwargs, path=Path(item.path), doc=doc)


def check_applies(item: pytest.Item, control: Control | None, run: Run) -> None:
    """See that the test may run here.

    Raises:
        NotApplicable: its tier is not allowed, a capability is missing, the cluster is too old.
        SettingsError: a marker names what does not exist.
    """
    _check_tier(item, control, run.allowed_tier)
    for marker in item.iter_markers("eks_requires"):
        for name in marker.args:
            _check_capability(name, run.target.lacks)
    for marker in item.iter_markers("eks_min_version"):
        _check_version(str(marker.args[0]), run.cluster.version)


def _check_tier(item: pytest.Item, control: Control | None, allowed: str) -> None:
    marker = item.get_closest_marker("eks_tier")
    tier = marker.args[0] if marker else (control.tier if control else "observe")
    if tier not in TIERS:
        raise SettingsError(f"eks_tier({tier!r}) is unknown; one of {', '.join(TIERS)}")
    if TIERS.index(tier) > TIERS.index(allowed):
        raise NotApplicable(f"its tier is {tier}, and --eks-tier allows {allowed}")


def _check_capability(name: str, lacks: Mapping[str, str]) -> None:
    if name not in CAPABILITIES:
        known = ", ".join(CAPABILITIES)
        raise SettingsError(f"eks_requires({name!r}) is unknown; one of {known}")
    if name in lacks:
        raise NotApplicable(f"no {name} here: {lacks[name]}")


def _check_version(least: str, version: str) -> None:
    if _parts(version) < _parts(least):
        raise NotApplicable(f"the cluster is {version}, the control is for {least} or newer")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
