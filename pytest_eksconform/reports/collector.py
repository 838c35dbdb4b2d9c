"""Gathers the results on the controller, with and without xdist, and has them written."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path

import pytest

from pytest_eksconform.errors import SettingsError
from pytest_eksconform.reports import json_report, terminal
from pytest_eksconform.run import Run
from pytest_eksconform.settings import Settings
from pytest_eksconform.state import RUN
from pytest_eksconform.verdicts import Result, Verdict
from pytest_eksconform.waivers import WaiverReview, review_waivers


class Collector:
    """A plugin of the controller: one for each run.

    Args:
        config: pytest's.
        settings: of the run.

    Raises:
        SettingsError: the report folder cannot be made.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._results: dict[tuple[str, str], Result] = {}
        self._started = datetime.datetime.now(datetime.UTC)
        self._folder = _report_folder(settings, config)
        if self._folder and not config.option.xmlpath:
            config.option.xmlpath = str(self._folder / "junit.xml")
        self._others_passed = False

    @property
    def results(self) -> list[Result]:
        """In the order of area and id."""
        return sorted(self._results.values(), key=lambda result: (result.area, result.control))

    @property
    def _run(self) -> Run | None:
        return self._config.stash.get(RUN, None)

    def review(self) -> WaiverReview:
        """What became of the waivers."""
        run = self._run
        if run is None:
            return WaiverReview((), ())
        findings = [finding for result in self.results for finding in result.findings]
        ran = [result.control for result in self.results]
        return review_waivers(run.expectations.waivers, findings, ran, run.judge.today)

    def pytest_report_header(self) -> list[str]:
        """Say which cluster this is, and where each setting came from."""
        return terminal.header(self._settings, self._run)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdict out of a report; a later phase of the same test replaces it."""
        data = getattr(report, "eks_result", None)
        if data is not None:
            self._results[report.nodeid, data["control"]] = Result.from_dict(data)
        elif report.when == "call" and report.passed:
            self._others_passed = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """The verdict in place of pytest's own word."""
        data = getattr(report, "eks_result", None)
        return terminal.status(Result.from_dict(data)) if data is not None else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Correct the exit code, and write the JSON report."""
        if self._run is None:
            return
        session.exitstatus = self._exit_status(int(session.exitstatus))
        if self._folder:
            self._write(self._run, self._folder / "report.json", session)

    def _exit_status(self, status: int) -> int:
        if status != pytest.ExitCode.OK or not self._results:
            return status
        verdicts = {result.verdict for result in self.results}
        if verdicts == {Verdict.NOT_APPLICABLE} and not self._others_passed:
            return pytest.ExitCode.NO_TESTS_COLLECTED
        if self._config.getini("eks_strict_waivers") and self.review().unmatched:
            return pytest.ExitCode.TESTS_FAILED
        return status

    def _write(self, run: Run, path: Path, session: pytest.Session) -> None:
        document = json_report.document(
            run, self.results, self.review(), self._started, int(session.exitstatus)
        )
        try:
            json_report.write(path, document)
        except OSError as error:
            self._say(f"eksconform: {path} could not be written: {error.strerror}")
            session.exitstatus = session.exitstatus or pytest.ExitCode.INTERNAL_ERROR

    def _say(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(line, red=True)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the verdicts by area, the advice, and the waivers that had no effect."""
        if self._results:
            terminal.summary(terminalreporter, self.results, self.review(), self._folder)
            if self._run and any(result.findings for result in self.results):
                terminal.note(terminalreporter, self._run.target.note)


def _report_folder(settings: Settings, config: pytest.Config) -> Path | None:
    if not settings.report:
        return None
    folder = settings.path("report", config)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Found out now, not after the run.
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise SettingsError(f"--eks-report={settings.report}: {error.strerror}") from None
    return folder
