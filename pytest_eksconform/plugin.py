"""The pytest plugin: thin hooks, each handing on to the module that does the work."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest

from pytest_eksconform import collection, conversion, hookspecs, markers, settings
from pytest_eksconform.catalogue import read_catalogue
from pytest_eksconform.errors import NotApplicable, UsageProblem
from pytest_eksconform.fixtures import (
    NO_TARGET,
    _eks_run,
    eks_aws,
    eks_cluster,
    eks_expectations,
    eks_findings,
    eks_kube,
    eks_snapshot,
)
from pytest_eksconform.opening import HANDED_OVER, join_run, open_run
from pytest_eksconform.reports.collector import Collector
from pytest_eksconform.run import wanted_sections
from pytest_eksconform.selection import check_patterns, chosen
from pytest_eksconform.state import CATALOGUE, CONTROL, FINDINGS, RUN, SETTINGS, STACK

__all__ = [
    "_eks_run",
    "eks_aws",
    "eks_cluster",
    "eks_expectations",
    "eks_findings",
    "eks_kube",
    "eks_snapshot",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    settings.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hooks."""
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Resolve the settings; with a target, choose the suites and prepare the reports."""
    for marker in markers.MARKERS:
        config.addinivalue_line("markers", marker)
    if config.option.help:
        return
    try:
        _configure(config)
    except UsageProblem as problem:
        raise pytest.UsageError(str(problem)) from None


def _configure(config: pytest.Config) -> None:
    resolved = settings.resolve(config)
    config.stash[SETTINGS] = resolved
    stack = config.stash[STACK] = ExitStack()
    config.add_cleanup(stack.close)
    if not _has_target(config):
        return
    if not collection.paths_given(config):  # xdist gives its workers only what the user gave
        config.args[:] = collection.default_paths(resolved, config.rootpath) or config.args
    catalogue = read_catalogue(collection.catalogue_paths(config, resolved))
    config.stash[CATALOGUE] = catalogue
    check_patterns("--eks-select", resolved.select, catalogue)
    check_patterns("--eks-ignore", resolved.ignore, catalogue)
    if not _is_worker(config) and not _only_looks(config):
        config.pluginmanager.register(Collector(config, resolved), "eksconform-collector")


def _has_target(config: pytest.Config) -> bool:
    resolved = config.stash[SETTINGS]
    if resolved.cluster or resolved.emulate or HANDED_OVER in getattr(config, "workerinput", {}):
        return True
    return config.hook.pytest_eksconform_target(config=config) is not None


def _only_looks(config: pytest.Config) -> bool:
    """Whether pytest is asked what there is, not to run it."""
    option = config.option
    shows = option.showfixtures or option.show_fixtures_per_test or option.markers
    return bool(option.collectonly or shows)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Open the run, before any other plugin starts workers or prints its header."""
    config = session.config
    if _only_looks(config):
        return
    if not _has_target(config):
        if collection.names_shipped_suites(config):
            raise pytest.UsageError(NO_TARGET)
        return
    try:
        config.stash[RUN] = _open(config)
    except UsageProblem as problem:
        raise pytest.UsageError(str(problem)) from None


def _open(config: pytest.Config) -> Any:
    known = (config, config.stash[SETTINGS], config.stash[CATALOGUE], config.stash[STACK])
    if _is_worker(config):
        return join_run(*known, config.workerinput[HANDED_OVER])  # type: ignore[attr-defined]
    return open_run(*known, _progress_writer(config))


def _progress_writer(config: pytest.Config) -> Any:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return lambda _text: None

    def write(text: str) -> None:
        reporter.write(text, flush=True)

    return write


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the open run over to an xdist worker."""
    run = node.config.stash.get(RUN, None)
    if run is not None:
        node.workerinput[HANDED_OVER] = run.hand_over()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the controls that were selected."""
    if not _has_target(config):
        return
    resolved = config.stash[SETTINGS]
    left_out = []
    for item in items:
        control = item.stash.get(CONTROL, None)
        if control and not chosen(control, resolved.select, resolved.ignore):
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Refuse a marker that means nothing, at collection and in one line."""
    try:
        markers.check_meaning(metafunc.definition)
    except UsageProblem as problem:
        pytest.fail(str(problem), pytrace=False)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Remember which control a test is."""
    control = markers.control_of(item)
    if control is not None:
        item.stash[CONTROL] = control


def pytest_collection_finish(session: pytest.Session) -> None:
    """Know what the selected controls will read."""
    run = session.config.stash.get(RUN, None)
    if run is not None:
        controls = [c for item in session.items if (c := item.stash.get(CONTROL, None))]
        run.wanted = wanted_sections(controls, run.sections)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """See that the test may run here, and give a control an empty list of findings."""
    control = item.stash.get(CONTROL, None)
    run = item.config.stash.get(RUN, None)
    if run is None:
        if control is not None:
            pytest.skip(NO_TARGET)
        return
    if control is not None:
        item.stash[FINDINGS] = run.findings_for(control)
    try:
        markers.check_applies(item, control, run)
    except NotApplicable as reason:
        pytest.skip(str(reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what a control did into its verdict."""
    report = yield
    control, run = item.stash.get(CONTROL, None), item.config.stash.get(RUN, None)
    if control is not None and run is not None:
        findings = item.stash.setdefault(FINDINGS, run.findings_for(control))
        conversion.judge_report(item, call, report, run, control, findings)
    return report
