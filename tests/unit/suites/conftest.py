"""Runs one control on literal snapshot sections, without a cluster."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_eksconform import CouldNotRead, EksCluster, Expectations, Findings, NotApplicable
from pytest_eksconform.catalogue import Control, control_from_marker

CLUSTER = EksCluster(
    name="prod",
    arn="arn:aws:eks:eu-west-1:111122223333:cluster/prod",
    region="eu-west-1",
    account="111122223333",
    version="1.35",
    platform_version="eks.5",
    identity="arn:aws:iam::111122223333:role/reader",
)


@dataclass
class Outcome:
    """What a control did."""

    control: Control
    judged: list[str] = field(default_factory=list)
    findings: list[Any] = field(default_factory=list)
    not_applicable: str | None = None
    error: CouldNotRead | None = None

    @property
    def passed(self) -> bool:
        return bool(self.judged) and not self.findings and not self.not_applicable

    @property
    def reasons(self) -> list[str]:
        return [finding.reason for finding in self.findings]


class FakeSnapshot:
    """Sections as literals; one that is an exception is raised; an undeclared one is refused."""

    def __init__(
        self,
        sections: Mapping[str, Any],
        declared: tuple[str, ...],
        simulations: Callable[..., dict[str, str]] | None,
    ) -> None:
        self._sections = sections
        self._declared = declared
        self._simulations = simulations

    def read(self, name: str) -> Any:
        assert name in self._declared, f"section {name!r} is not in reads {self._declared}"
        value = self._sections[name]
        if isinstance(value, Exception):
            raise value
        return value

    def simulate(self, role_arn: str, actions: Any, *args: Any, **kwargs: Any) -> dict[str, str]:
        assert "simulations" in self._declared, "simulations is not in reads"
        if self._simulations is None:
            return dict.fromkeys(actions, "allowed")
        return self._simulations(role_arn, list(actions), *args, **kwargs)


@pytest.fixture
def run_control() -> Callable[..., Outcome]:
    """Run a control's test function on literal sections and give back its `Outcome`."""

    def run(
        function: Callable[..., None],
        *,
        sections: Mapping[str, Any],
        expectations: Mapping[str, Any] | None = None,
        cluster: EksCluster = CLUSTER,
        simulations: Callable[..., dict[str, str]] | None = None,
    ) -> Outcome:
        marker = next(m for m in function.pytestmark if m.name == "eks_control")  # type: ignore[attr-defined]
        path = __import__("pathlib").Path(inspect.getfile(function))
        control = control_from_marker(marker.args, marker.kwargs, path=path, doc=function.__doc__)
        findings = Findings(control.id, control.severity, str)
        fixtures = {
            "eks_snapshot": FakeSnapshot(sections, control.reads, simulations),
            "eks_findings": findings,
            "eks_expectations": Expectations(expectations or {}),
            "eks_cluster": cluster,
        }
        names = inspect.signature(function).parameters
        outcome = Outcome(control, findings.resources, findings.findings)
        try:
            function(**{name: fixtures[name] for name in names})
        except NotApplicable as reason:
            outcome.not_applicable = str(reason)
        except CouldNotRead as error:
            outcome.error = error
        return outcome

    return run
