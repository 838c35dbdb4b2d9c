"""What is asked of the emulation, and what it answers: plain values, JSON-able, cheap to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RUNNER_GROUP = "eksconform:readers"
RUNNER_USER = "eksconform-runner"


@dataclass(frozen=True)
class Credentials:
    """AWS credentials; the secret parts stay out of ``repr``."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class EmulationRequest:
    """What to start.

    Args:
        engine: ``kwok``: a real control plane whose nodes have no network.
        blueprint: the healthy cluster to build, for example ``managed-nodes``.
        kubernetes_version: a minor version, for example ``1.35``.
        region: the AWS region that the emulated account works in.
        cluster_name: the name of the cluster.
        assets: a folder with the control plane's binaries, or None to find them.
        may_build: whether missing binaries may be built from source, which takes minutes.
        keep: leave the emulation running when its owner ends, for the next start to attach to.
    """

    engine: str = "kwok"
    blueprint: str = "managed-nodes"
    kubernetes_version: str = "1.35"
    region: str = "us-east-1"
    cluster_name: str = "conform"
    assets: Path | None = None
    may_build: bool = True
    keep: bool = False

    def to_json(self) -> dict[str, Any]:
        """The request as JSON values."""
        return {**asdict(self), "assets": str(self.assets) if self.assets else None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> EmulationRequest:
        """The inverse of `to_json`."""
        assets = values["assets"]
        return cls(**{**values, "assets": Path(assets) if assets else None})


@dataclass(frozen=True)
class Emulation:
    """A running emulated EKS: how to reach it, as whom, and what this place lacks.

    ``runner`` may only read (what a team would give the tests), ``admin`` may do everything (for
    faults). ``endpoint_url`` is that of AWS, ``kubernetes_endpoint`` and ``certificate_authority``
    (base64 of PEM) those of the API server; all endpoints are on loopback. ``lacks`` maps a
    capability to the reason for its absence. ``owner`` is the open lock that keeps the emulation
    alive as long as this process.
    """

    cluster_name: str
    region: str
    account_id: str
    endpoint_url: str
    kubernetes_endpoint: str
    certificate_authority: str
    runner: Credentials
    admin: Credentials
    engine: str
    blueprint: str
    kubernetes_version: str
    lacks: dict[str, str]
    run_directory: str
    owner: int | None = field(default=None, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON values; they hold credentials of the emulated account."""
        values = asdict(self)
        del values["owner"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any], owner: int | None = None) -> Emulation:
        """The inverse of `to_json`, held alive by ``owner`` if that is given."""
        people = {who: Credentials(**values[who]) for who in ("runner", "admin")}
        return cls(**{**values, **people}, owner=owner)
