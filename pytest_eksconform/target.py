"""The one place that knows what is being checked: a cluster on AWS, or an emulated one."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_eksconform.commands import Commands
from pytest_eksconform.errors import EmulationError, TargetError
from pytest_eksconform.settings import Settings

NOTE_GONE = "the emulated cluster ended with this run: --eks-keep leaves it for the commands above"
NOTE_KEPT = "the emulated cluster still runs, for the commands above and for the next --eks-keep"


@dataclass(frozen=True)
class Target:
    """What a run checks. On AWS all from `environment` on are empty; suites never read them.

    Attributes:
        cluster: name of the cluster.
        region: its AWS region, or None for what the AWS SDK finds.
        profile: AWS profile, or None.
        environment: variables that the run sets (or, for None, takes away) while it lasts.
        variables: what commands to paste need in front, by tool.
        lacks: capability to the reason why this place does not have it.
        provenance: where the cluster came from, for the report.
        note: what to know before pasting a command; said where there are findings.
    """

    cluster: str
    region: str | None = None
    profile: str | None = None
    environment: Mapping[str, str | None] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for the workers."""
        return {name: _plain(value) for name, value in self.__dict__.items()}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


@dataclass(frozen=True)
class EksCluster:
    """The facts of the cluster; tests get them as the fixture ``eks_cluster``.

    Attributes:
        name: of the cluster.
        arn: of the cluster.
        region: AWS region.
        account: AWS account id.
        version: Kubernetes version, ``1.35``.
        platform_version: of EKS, ``eks.5``.
        identity: ARN that the run acts as.
    """

    name: str
    arn: str
    region: str
    account: str
    version: str
    platform_version: str
    identity: str

    def as_dict(self) -> dict[str, str]:
        """Plain data, for workers and reports."""
        return asdict(self)


@contextmanager
def applied_environment(environment: Mapping[str, str | None]) -> Iterator[None]:
    """Set and unset variables of this process for as long as the block lasts."""
    before = {name: os.environ.get(name) for name in environment}
    _set_environment(environment)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(environment: Mapping[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def commands_for(target: Target, cluster: EksCluster) -> Commands:
    """What completes the confirm commands of this run."""
    return Commands(cluster.region, cluster.arn, target.profile, target.variables)


@contextmanager
def opened(settings: Settings, write: Callable[[str], None], tty: bool) -> Iterator[Target]:
    """The target that `settings` ask for; an emulated one lives as long as the block.

    Args:
        settings: of the run; exactly one target is given.
        write: shows progress.
        tty: whether `write` goes to a terminal that can rewrite a line.

    Raises:
        TargetError: the emulation is not installed or did not start.
    """
    if settings.cluster:
        yield Target(settings.cluster, settings.region, settings.aws_profile)
        return
    with _emulated(settings, write, tty) as target:
        yield target


@contextmanager
def _emulated(settings: Settings, write: Callable[[str], None], tty: bool) -> Iterator[Target]:
    if settings.emulate == "kind":
        raise TargetError("the engine kind is not in this version; use --eks-emulate=kwok")
    if importlib.util.find_spec("moto") is None:
        raise TargetError(
            "the emulation is not installed: pip install 'pytest-eksconform[emulation]'"
        )
    from pytest_eksconform import emulation

    request = emulation.EmulationRequest(
        engine=settings.emulate,
        blueprint=settings.blueprint or "managed-nodes",
        kubernetes_version=settings.kubernetes_version or "1.35",
        region=settings.region or "us-east-1",
        assets=Path(settings.assets) if settings.assets else None,
        keep=settings.keep,
        may_build=not settings.no_build,
    )
    try:
        with emulation.TerminalProgress(write, tty) as progress:
            emulated = emulation.start(request, progress)
    except EmulationError as error:
        raise TargetError(str(error)) from error
    kept = NOTE_KEPT if settings.keep else NOTE_GONE
    try:
        yield replace(target_of(emulated), note=kept)
    finally:
        if not settings.keep:
            emulation.stop(emulated)


def target_of(emulated: Any) -> Target:
    """The target that a running `pytest_eksconform.emulation.Emulation` is."""
    from pytest_eksconform.emulation.environment import (
        PROFILE,
        command_variables,
        environment_of,
    )

    return Target(
        cluster=emulated.cluster_name,
        region=emulated.region,
        profile=PROFILE,
        environment=environment_of(emulated),
        variables=command_variables(emulated),
        lacks=emulated.lacks,
        provenance={
            "emulation": emulated.engine,
            "blueprint": emulated.blueprint,
            "kubernetes": emulated.kubernetes_version,
        },
    )
