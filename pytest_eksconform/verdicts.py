"""The five verdicts, and how one is reached from what a control did."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_eksconform.catalogue import Control
from pytest_eksconform.errors import CouldNotRead, NotApplicable
from pytest_eksconform.findings import SEVERITIES, Finding
from pytest_eksconform.waivers import Waiver, waiver_for


class Verdict(StrEnum):
    """What a control says of the cluster."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    WAIVED = "waived"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Result:
    """The verdict of one control, as terminal, JUnit and JSON tell it.

    Attributes:
        control: id; area, severity, tier, title: those of the control.
        verdict: one of the five.
        reason: one line: why; empty for a plain pass.
        gating: whether the run fails for it.
        judged: the resources that were looked at.
        findings: all of them, also those that are waived or only advice.
        permission: the IAM action or RBAC rule that was missing, if that made it unknown.
        seconds: how long the control took, without the reading that others shared.
    """

    control: str
    area: str
    severity: str
    tier: str
    title: str
    verdict: Verdict
    reason: str = ""
    gating: bool = False
    judged: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    permission: str | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The result as the JSON report has it; plain types only."""
        data = dict(self.__dict__)
        data["verdict"] = self.verdict.value
        data["judged"] = list(self.judged)
        data["findings"] = [finding.as_dict() for finding in self.findings]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Result:
        """The result again from `as_dict`."""
        values = dict(data)
        values["verdict"] = Verdict(data["verdict"])
        values["judged"] = tuple(data["judged"])
        values["findings"] = tuple(Finding.from_dict(f) for f in data["findings"])
        return cls(**values)


@dataclass(frozen=True)
class Judge:
    """Turns what a control did into a verdict, by the rules of the run.

    Attributes:
        fail_on: least severity that fails the run.
        waivers: the team's waivers.
        today: the day on which waivers are measured.
    """

    fail_on: str = "medium"
    waivers: tuple[Waiver, ...] = ()
    today: datetime.date = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).date())

    def verdict(
        self,
        control: Control,
        *,
        judged: Sequence[str],
        findings: Sequence[Finding],
        error: BaseException | None,
        seconds: float = 0.0,
    ) -> Result:
        """The result of `control`.

        Args:
            control: what ran.
            judged: the resources it looked at.
            findings: what it found.
            error: the exception that ended it, or None; a skip comes as `NotApplicable`.
            seconds: how long it took.
        """
        how = self._how(control, judged, findings, error)
        return Result(
            control=control.id,
            area=control.area,
            severity=control.severity,
            tier=control.tier,
            title=control.title,
            judged=tuple(judged),
            findings=tuple(findings),
            seconds=round(seconds, 3),
            **how,
        )

    def _how(
        self,
        control: Control,
        judged: Sequence[str],
        findings: Sequence[Finding],
        error: BaseException | None,
    ) -> dict[str, Any]:
        if isinstance(error, NotApplicable):
            return {"verdict": Verdict.NOT_APPLICABLE, "reason": str(error)}
        if isinstance(error, AssertionError) and not control.shipped:
            # Users' own controls may simply assert; a shipped one that does has a bug.
            return {"verdict": Verdict.FAILED, "reason": _first_line(error), "gating": True}
        if error is not None:
            return _unknown(error)
        if findings:
            return self._found(findings)
        if not judged:
            reason = "the control judged no resource and gave no reason"
            return {"verdict": Verdict.UNKNOWN, "reason": reason, "gating": True}
        return {"verdict": Verdict.PASSED}

    def _found(self, findings: Sequence[Finding]) -> dict[str, Any]:
        used = waiver_for(findings, self.waivers, self.today)
        if used:
            reason = "; ".join(f"{w.reason} (until {w.expires})" for w in used)
            return {"verdict": Verdict.WAIVED, "reason": reason}
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        return {
            "verdict": Verdict.FAILED,
            "reason": f"{first.resource}: {first.symptom}{more}",
            "gating": any(self._gates(finding) for finding in findings),
        }

    def _gates(self, finding: Finding) -> bool:
        return SEVERITIES.index(finding.severity) >= SEVERITIES.index(self.fail_on)


def _unknown(error: BaseException) -> dict[str, Any]:
    how: dict[str, Any] = {"verdict": Verdict.UNKNOWN, "gating": True}
    if isinstance(error, CouldNotRead):
        return {**how, "reason": str(error), "permission": error.permission}
    return {**how, "reason": f"{type(error).__name__}: {_first_line(error)}"}


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).split("\n", 1)[0]
