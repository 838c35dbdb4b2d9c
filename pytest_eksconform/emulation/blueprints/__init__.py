"""Clusters to start from, as calls to the public AWS and Kubernetes APIs."""

from __future__ import annotations

from collections.abc import Callable

from pytest_eksconform.emulation.blueprints import bare, managed_nodes
from pytest_eksconform.emulation.progress import Progress
from pytest_eksconform.emulation.world import World
from pytest_eksconform.errors import EmulationError

Build = Callable[[World, str, Progress], None]
"""Builds a cluster of a Kubernetes version, and returns when all of it is ready."""

BLUEPRINTS: dict[str, Build] = {"bare": bare.build, "managed-nodes": managed_nodes.build}


def blueprint(name: str) -> Build:
    """The blueprint of that name.

    Raises:
        EmulationError: there is none.
    """
    if name not in BLUEPRINTS:
        raise EmulationError(f"no blueprint {name!r}; there is {', '.join(sorted(BLUEPRINTS))}")
    return BLUEPRINTS[name]
