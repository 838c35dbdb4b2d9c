"""The markers: their text, and what they ask of a test."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
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


def check_meaning(item: pytest.Item) -> None:
    """See that the markers of `item` say something.

    Raises:
        SettingsError: one has arguments that mean nothing.
    """
    control_of(item)
    where = f"in {Path(item.path).name}"
    for marker in item.iter_markers("eks_tier"):
        _check_names(marker, TIERS, where, one=True)
    for marker in item.iter_markers("eks_requires"):
        _check_names(marker, CAPABILITIES, where)
    for marker in item.iter_markers("eks_min_version"):
        version = marker.args[0] if len(marker.args) == 1 else None
        if not isinstance(version, str) or not re.fullmatch(r"\d+\.\d+", version):
            raise SettingsError(f'eks_min_version {where}: give a version as text, like "1.35"')


def _check_names(
    marker: pytest.Mark, known: Collection[str], where: str, *, one: bool = False
) -> None:
    unknown = [repr(name) for name in marker.args if name not in known]
    if unknown or not marker.args or marker.kwargs or (one and len(marker.args) > 1):
        said = f"{', '.join(unknown)} is unknown" if unknown else "the arguments mean nothing"
        raise SettingsError(f"{marker.name} {where}: {said}; known: {', '.join(known)}")


def check_applies(item: pytest.Item, control: Control | None, run: Run) -> None:
    """See that the test may run here.

    Raises:
        NotApplicable: its tier is not allowed, a capability is missing, the cluster is too old.
    """
    _check_tier(item, control, run.allowed_tier)
    for marker in item.iter_markers("eks_requires"):
        for name in marker.args:
            _check_capability(name, run.target.lacks)
    for marker in item.iter_markers("eks_min_version"):
        _check_version(marker.args[0], run.cluster.version)


def _check_tier(item: pytest.Item, control: Control | None, allowed: str) -> None:
    marker = item.get_closest_marker("eks_tier")
    tier = marker.args[0] if marker else (control.tier if control else "observe")
    if TIERS.index(tier) > TIERS.index(allowed):
        raise NotApplicable(f"its tier is {tier}, and --eks-tier allows {allowed}")


def _check_capability(name: str, lacks: Mapping[str, str]) -> None:
    if name in lacks:
        raise NotApplicable(f"no {name} here: {lacks[name]}")


def _check_version(least: str, version: str) -> None:
    if _parts(version) < _parts(least):
        raise NotApplicable(f"the cluster is {version}, the control is for {least} or newer")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
