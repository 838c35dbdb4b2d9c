"""A record of the calls that the cloud answered."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

KEPT_CALLS = 20_000


@dataclass(frozen=True)
class Call:
    """One answered call.

    Attributes:
        at: when it was answered (UTC).
        service: the signing name, for example ``ec2``.
        operation: the operation's name, or ``?`` when the call could not be understood.
        principal: ARN of the caller, None for unsigned calls and refused signatures.
        status: HTTP status of the answer.
        error_code: AWS's error code, None when the call succeeded.
        seconds: how long the answer took.
    """

    at: datetime
    service: str
    operation: str
    principal: str | None
    status: int
    error_code: str | None
    seconds: float


class CallLog:
    """The latest calls, oldest first; safe for many threads."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)
        self._lock = threading.Lock()

    def add(self, call: Call) -> None:
        """Remember one call, forgetting the oldest beyond the limit."""
        with self._lock:
            self._calls.append(call)

    def calls(self) -> list[Call]:
        """Return the remembered calls, oldest first."""
        with self._lock:
            return list(self._calls)
