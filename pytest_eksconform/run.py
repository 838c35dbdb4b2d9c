"""One run against one cluster: what the controller opens and every worker shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_eksconform import preflight
from pytest_eksconform.catalogue import Control
from pytest_eksconform.clients.aws import AwsClients
from pytest_eksconform.clients.kubernetes import KubernetesApi
from pytest_eksconform.commands import Commands
from pytest_eksconform.expectations import Expectations
from pytest_eksconform.findings import Findings
from pytest_eksconform.snapshot import Section, Snapshot, SnapshotStore
from pytest_eksconform.target import EksCluster, Target, commands_for
from pytest_eksconform.verdicts import Judge


@dataclass
class Run:
    """The open run.

    Attributes:
        target: what is checked.
        cluster: its facts.
        directory: the run's own folder, for the snapshot.
        aws: AWS clients.
        expectations: of the team, for this cluster.
        judge: gives verdicts.
        sections: of the snapshot.
        allowed_tier: most that a control may do.
        wanted: sections that the selected controls read; the first read fetches them all.
    """

    target: Target
    cluster: EksCluster
    directory: Path
    aws: AwsClients
    expectations: Expectations
    judge: Judge
    sections: Mapping[str, Section]
    allowed_tier: str
    wanted: tuple[str, ...] = ()

    @cached_property
    def described(self) -> Any:
        """DescribeCluster's answer, which the controller puts into the snapshot first."""
        return self.store.read("cluster")

    @cached_property
    def kube(self) -> KubernetesApi:
        """The cluster's Kubernetes API, read-only."""
        return preflight.kubernetes_api(self.described, self.aws)

    @cached_property
    def store(self) -> SnapshotStore:
        """The snapshot that all workers share."""
        return SnapshotStore(
            self.directory, self.sections, self.cluster.name, self.aws, lambda: self.kube
        )

    @cached_property
    def commands(self) -> Commands:
        """Completes the commands of findings."""
        return commands_for(self.target, self.cluster)

    def snapshot_for(self, control: Control | None) -> Snapshot:
        """The snapshot as `control` may read it; everything for a test that is no control."""
        self.store.prefetch(self.wanted)
        return Snapshot(self.store, control.reads if control and control.reads else None)

    def findings_for(self, control: Control) -> Findings:
        """An empty recorder for `control`."""
        return Findings(control.id, control.severity, self.commands)

    def hand_over(self) -> dict[str, Any]:
        """What a worker needs to open the same run; plain data, no credentials."""
        return {
            "target": self.target.as_dict(),
            "cluster": self.cluster.as_dict(),
            "directory": str(self.directory),
        }


def wanted_sections(
    controls: Iterable[Control], sections: Mapping[str, Section]
) -> tuple[str, ...]:
    """The sections that `controls` read, without repeats; a name that is none fails at its read."""
    names = dict.fromkeys(name for control in controls for name in control.reads)
    return tuple(name for name in names if name in sections)
