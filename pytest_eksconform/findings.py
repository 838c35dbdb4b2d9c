"""What a control found: the findings, and the recorder that tests write them to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from pytest_eksconform.errors import NotApplicable

SEVERITIES = ("advice", "medium", "high", "critical")
"""From the least to the most severe."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, told so that a tired person can act on it.

    Attributes:
        control: id of the control.
        resource: what is wrong, as AWS or kubectl name it (``instance i-0123``).
        owner: the stable thing behind it (``node group general``), so that two runs compare.
        reason: a short stable word for the way in which it is wrong (``tokens-optional``).
        symptom: what one sees.
        cause: why it is so.
        confirm: a command that shows it, ready to paste.
        fix: what to do.
        severity: one of `SEVERITIES`.
    """

    control: str
    resource: str
    owner: str
    reason: str
    symptom: str
    cause: str
    confirm: str
    fix: str
    severity: str

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that stay the same from run to run."""
        identity = "\n".join((self.control, self.owner, self.reason))
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """The finding as the JSON report has it."""
        return {"fingerprint": self.fingerprint, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        """The finding again from `as_dict`."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})


class Findings:
    """What one control judged and found; tests get it as the fixture ``eks_findings``.

    Args:
        control: id of the control.
        severity: the control's severity, for findings that name none.
        commands: makes a pasteable command of ``aws …`` or ``kubectl …``.
    """

    def __init__(self, control: str, severity: str, commands: Callable[[str], str]) -> None:
        self._control = control
        self._severity = severity
        self._commands = commands
        self.resources: list[str] = []
        self.findings: list[Finding] = []

    def judged(self, resource: str) -> str:
        """Say that `resource` was looked at; without this a control can not pass.

        Returns:
            The same text, for use as ``resource=`` of a finding.
        """
        if resource not in self.resources:
            self.resources.append(resource)
        return resource

    def add(
        self,
        resource: str,
        *,
        reason: str,
        symptom: str,
        cause: str,
        confirm: str,
        fix: str,
        owner: str | None = None,
        severity: str | None = None,
    ) -> None:
        """Record what is wrong with `resource`, which counts as judged.

        Args:
            resource: what is wrong, as AWS or kubectl name it.
            reason: short stable word for the way in which it is wrong.
            symptom: what one sees.
            cause: why it is so.
            confirm: an ``aws …`` or ``kubectl …`` command; region, profile and context are added.
            fix: what to do.
            owner: the stable thing behind the resource; the resource itself when not given.
            severity: one of `SEVERITIES`; the control's own when not given.
        """
        self.judged(resource)
        finding = Finding(
            control=self._control,
            resource=resource,
            owner=owner or resource,
            reason=reason,
            symptom=symptom,
            cause=cause,
            confirm=self._commands(confirm),
            fix=fix,
            severity=severity or self._severity,
        )
        if finding not in self.findings:
            self.findings.append(finding)

    def not_applicable(self, reason: str) -> NoReturn:
        """End the control: it has nothing to judge here.

        Raises:
            NotApplicable: always, with `reason`.
        """
        raise NotApplicable(reason)
