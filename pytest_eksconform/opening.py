"""Opens a run: on the controller from the settings, on a worker from what the controller found."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_eksconform import preflight
from pytest_eksconform.catalogue import TIERS, Control
from pytest_eksconform.errors import ExpectationsError, SettingsError
from pytest_eksconform.expectations import Expectations, load_expectations
from pytest_eksconform.run import Run
from pytest_eksconform.settings import Settings
from pytest_eksconform.snapshot import Section, all_sections
from pytest_eksconform.target import EksCluster, Target, applied_environment, opened
from pytest_eksconform.verdicts import Judge

HANDED_OVER = "eksconform"
"""Key of the worker input."""


def open_run(
    config: pytest.Config,
    settings: Settings,
    catalogue: Mapping[str, Control],
    stack: ExitStack,
    write: Callable[[str], None],
) -> Run:
    """Open the run on the controller; `stack` closes it again.

    Raises:
        UsageProblem: one line that says why the run cannot start.
    """
    if settings.cluster and settings.tier not in (None, "observe"):
        raise SettingsError(
            f"--eks-tier={settings.tier}: a real cluster is only observed for now; leave it out"
        )
    given = config.hook.pytest_eksconform_target(config=config)
    tty = sys.stdout.isatty()
    # Read before the cluster is opened: a misspelt file should not cost the start of an emulation.
    load_for(config, settings, "", catalogue)
    target: Target = given or stack.enter_context(opened(settings, write, tty))
    stack.enter_context(applied_environment(target.environment))
    aws = preflight.aws_clients(target)
    cluster, described = preflight.describe(target, aws, settings.account)
    directory = Path(tempfile.mkdtemp(prefix="eksconform-"))
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    run = _run(config, settings, target, cluster, directory, catalogue)
    run.store.seed("cluster", described)
    preflight.check_kubernetes(run.kube, cluster)
    return run


def join_run(
    config: pytest.Config,
    settings: Settings,
    catalogue: Mapping[str, Control],
    stack: ExitStack,
    handed: Mapping[str, Any],
) -> Run:
    """Open on a worker the run that the controller opened."""
    target = Target(**handed["target"])
    stack.enter_context(applied_environment(target.environment))
    cluster = EksCluster(**handed["cluster"])
    return _run(config, settings, target, cluster, Path(handed["directory"]), catalogue)


def _run(
    config: pytest.Config,
    settings: Settings,
    target: Target,
    cluster: EksCluster,
    directory: Path,
    catalogue: Mapping[str, Control],
) -> Run:
    expectations = load_for(config, settings, cluster.name, catalogue)
    return Run(
        target=target,
        cluster=cluster,
        directory=directory,
        aws=preflight.aws_clients(target),
        expectations=expectations,
        judge=Judge(settings.fail_on or "medium", expectations.waivers),
        sections=sections_of(config),
        allowed_tier=settings.tier or ("observe" if settings.cluster else TIERS[-2]),
    )


def sections_of(config: pytest.Config) -> dict[str, Section]:
    """Every section of the snapshot, with those that plugins add."""
    return all_sections(_flat(config.hook.pytest_eksconform_sections(config=config)))


def load_for(
    config: pytest.Config, settings: Settings, cluster: str, catalogue: Mapping[str, Control]
) -> Expectations:
    """The expectations for `cluster`, their waivers checked against the catalogue.

    Raises:
        ExpectationsError: as `load_expectations`, or a waiver of an unknown control.
    """
    extra = _flat(config.hook.pytest_eksconform_expectations(config=config))
    path = settings.path("expect", config) if settings.expect else None
    expectations = load_expectations(path, config.rootpath, cluster, extra)
    for waiver in expectations.waivers:
        # A prefixed id may belong to tests that this run does not collect.
        if waiver.control not in catalogue and "/" not in waiver.control:
            raise ExpectationsError(
                f"{expectations.source}: waiver of unknown control {waiver.control!r}"
            )
    return expectations


def _flat(results: Iterable[Iterable[Any] | None]) -> list[Any]:
    return [item for result in results if result for item in result]
