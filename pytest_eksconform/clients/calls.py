"""Counts of what was asked of AWS and of Kubernetes."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Calls:
    """What reading cost.

    Attributes:
        aws: requests sent to AWS.
        kubernetes: requests sent to the Kubernetes API server; each page is one.
        bytes: size of the Kubernetes answers.
    """

    aws: int = 0
    kubernetes: int = 0
    bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, *, aws: int = 0, kubernetes: int = 0, size: int = 0) -> None:
        """Count requests; safe from any thread."""
        with self._lock:
            self.aws += aws
            self.kubernetes += kubernetes
            self.bytes += size

    def as_dict(self) -> dict[str, int]:
        """The three counts."""
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}


_current: contextvars.ContextVar[Calls | None] = contextvars.ContextVar("calls", default=None)


@contextlib.contextmanager
def counted(calls: Calls) -> Iterator[Calls]:
    """Count the requests made inside the block, in this context, into `calls`."""
    token = _current.set(calls)
    try:
        yield calls
    finally:
        _current.reset(token)


def record(*, aws: int = 0, kubernetes: int = 0, size: int = 0) -> None:
    """Count a request for whoever is counting."""
    calls = _current.get()
    if calls is not None:
        calls.add(aws=aws, kubernetes=kubernetes, size=size)
