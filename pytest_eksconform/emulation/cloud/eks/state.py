"""What EKS holds: clusters and everything in them, in the shapes that the API answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .errors import not_found

Description = dict[str, Any]


@dataclass
class AccessEntry:
    """An access entry with the policies associated to it, by policy ARN."""

    description: Description
    policies: dict[str, Description] = field(default_factory=dict)


@dataclass
class Addon:
    """An add-on; ``was_ready`` tells a slow start from a workload that broke."""

    description: Description
    was_ready: bool = False


@dataclass
class Update:
    """An update of a cluster, or of one of its node groups or add-ons."""

    description: Description
    nodegroup: str | None = None
    addon: str | None = None


@dataclass
class Cluster:
    """A cluster and what belongs to it."""

    description: Description
    nodegroups: dict[str, Description] = field(default_factory=dict)
    addons: dict[str, Addon] = field(default_factory=dict)
    access_entries: dict[str, AccessEntry] = field(default_factory=dict)
    associations: dict[str, Description] = field(default_factory=dict)
    fargate_profiles: dict[str, Description] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The cluster's name."""
        return str(self.description["name"])

    @property
    def version(self) -> str:
        """The Kubernetes minor, for example ``1.35``."""
        return str(self.description["version"])

    def tagged(self) -> Iterator[tuple[str, Description]]:
        """Yield every ARN with the description that holds its tags."""
        yield self.description["arn"], self.description
        for nodegroup in self.nodegroups.values():
            yield nodegroup["nodegroupArn"], nodegroup
        for addon in self.addons.values():
            yield addon.description["addonArn"], addon.description
        for entry in self.access_entries.values():
            yield entry.description["accessEntryArn"], entry.description
        for association in self.associations.values():
            yield association["associationArn"], association
        for profile in self.fargate_profiles.values():
            yield profile["fargateProfileArn"], profile


class EksState:
    """All clusters of the account in its region; mutations hold ``lock``."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clusters: dict[str, Cluster] = {}

    def cluster(self, name: str) -> Cluster:
        """Return a cluster.

        Raises:
            AwsError: ``ResourceNotFoundException`` with EKS's text.
        """
        cluster = self.clusters.get(name)
        if cluster is None:
            raise not_found(f"No cluster found for name: {name}.", clusterName=name)
        return cluster

    def tagged(self) -> dict[str, Description]:
        """Return every ARN with the description that holds its tags."""
        with self.lock:
            return {
                arn: description
                for cluster in self.clusters.values()
                for arn, description in cluster.tagged()
            }

    def tags_of(self, arn: str) -> dict[str, str]:
        """Return the tags behind an ARN, none for an unknown one."""
        description = self.tagged().get(arn)
        return dict(description.get("tags") or {}) if description else {}

    def arn_of(self, kind: str, cluster_name: str, name: str) -> str | None:
        """Return the ARN of something in a cluster by its kind and name or id."""
        cluster = self.clusters.get(cluster_name)
        if cluster is None:
            return None
        addon, entry = cluster.addons.get(name), cluster.access_entries.get(name)
        candidates: dict[str, str | None] = {
            "nodegroup": cluster.nodegroups.get(name, {}).get("nodegroupArn"),
            "addon": addon.description["addonArn"] if addon else None,
            "access-entry": entry.description["accessEntryArn"] if entry else None,
            "podidentityassociation": cluster.associations.get(name, {}).get("associationArn"),
            "fargateprofile": cluster.fargate_profiles.get(name, {}).get("fargateProfileArn"),
        }
        return candidates.get(kind)
