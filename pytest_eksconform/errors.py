"""The errors that the project raises.

EksConformError
├── UsageProblem          the run cannot start; one line, exit code 4
│   ├── SettingsError     an option, ini value or environment variable
│   ├── ExpectationsError the team's expectations file
│   └── TargetError       the cluster, its account, its credentials
├── CouldNotRead          an answer is missing; the verdict is *unknown*
├── NotApplicable         nothing here that the control speaks of
└── EmulationError        the emulated EKS did not start or stopped
"""

from __future__ import annotations


class EksConformError(Exception):
    """The root: whatever the project raises on purpose is one of these."""


class UsageProblem(EksConformError):
    """The run cannot start as asked; the text is one line that says what, where, what to do."""


class SettingsError(UsageProblem):
    """An option, ini value or environment variable that cannot be used."""


class ExpectationsError(UsageProblem):
    """The expectations file cannot be read or says something that has no meaning."""


class TargetError(UsageProblem):
    """The cluster cannot be reached, or is not the one that was asked for."""


class CouldNotRead(EksConformError):
    """Something that a control needs could not be read.

    Args:
        what: what was asked for, for example ``the add-ons of cluster prod``.
        answer: the answer that came instead, one line.
        permission: the IAM action or RBAC rule that is missing, if that is the cause.
    """

    def __init__(self, what: str, answer: str, permission: str | None = None) -> None:
        self.what = what
        self.answer = answer
        self.permission = permission
        missing = f"; missing permission: {permission}" if permission else ""
        super().__init__(f"could not read {what}: {answer}{missing}")


class NotApplicable(EksConformError):
    """The control has nothing to judge on this cluster; the text is the reason."""


class EmulationError(EksConformError):
    """The emulated EKS did not start, or stopped; the text is one line with the way on."""
