"""All that is read of a cluster, read at most once a run."""

from __future__ import annotations

from pytest_eksconform.snapshot.registry import all_sections
from pytest_eksconform.snapshot.sections import Rights, Section
from pytest_eksconform.snapshot.store import Snapshot, SnapshotStore

__all__ = ["Rights", "Section", "Snapshot", "SnapshotStore", "all_sections"]
