"""The errors the emulated AWS answers with."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error answer.

    Args:
        code: the code AWS uses, for example ``ResourceNotFoundException``.
        message: AWS's text.
        status: the HTTP status; None: what the service's model says, else 400.
        members: further members of the error's shape, for example ``clusterName``.
    """

    def __init__(self, code: str, message: str, status: int | None = None, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members
