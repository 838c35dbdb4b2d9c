"""A cluster as CreateCluster leaves it: no nodes, no add-ons, no workloads."""

from __future__ import annotations

from pytest_eksconform.emulation.blueprints.managed_nodes import Builder
from pytest_eksconform.emulation.progress import Progress
from pytest_eksconform.emulation.world import World


def build(world: World, version: str, progress: Progress) -> None:
    """Build the cluster, and return when its control plane answers."""
    Builder(world, version, progress).build_bare()
