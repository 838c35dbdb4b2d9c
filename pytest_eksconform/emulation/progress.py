"""How far a long step has got: on a terminal, in a log, or in a file that another process reads."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TextIO

QUIET_SECONDS = 2.0
LOG_INTERVAL_SECONDS = 10.0
TERMINAL_COLUMNS = 79
FOLLOW_INTERVAL_SECONDS = 0.05


class Progress(Protocol):
    """Told what is being done, and how far it is."""

    def step(self, text: str) -> None:
        """Say that a new thing is being done, in one line."""

    def advance(self, text: str, done: int, total: int, eta_seconds: float | None = None) -> None:
        """Say how far the step is: ``done`` of ``total`` parts, ``eta_seconds`` still to go."""


class TerminalProgress:
    """Shows progress to a person.

    On a terminal one line (at most 79 columns) is rewritten; elsewhere a line is written at most
    every ten seconds. A step that ends in under two seconds is never shown.

    Args:
        write: writes text as it is, for example ``sys.stderr.write``.
        isatty: whether ``write`` reaches a terminal that understands carriage returns.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        isatty: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._isatty = isatty
        self._clock = clock
        self._lock = threading.RLock()
        self._text = ""
        self._started = clock()
        self._written: float | None = None
        self._width = 0
        self._timer: threading.Timer | None = None

    def step(self, text: str) -> None:
        """Begin a step; it is shown once it has lasted two seconds."""
        with self._lock:
            self._stop_timer()
            self._clear()
            self._text, self._started, self._written = text, self._clock(), None
            # a step may be silent for minutes, so the first line cannot wait for `advance`
            self._timer = threading.Timer(QUIET_SECONDS, self._show)
            self._timer.daemon = True
            self._timer.start()

    def advance(self, text: str, done: int, total: int, eta_seconds: float | None = None) -> None:
        """Show how far the step is, if it has lasted two seconds and a line is due."""
        with self._lock:
            gone = self._clock() - self._started
            self._text = progress_line(text, done, total, gone, eta_seconds)
            if gone >= QUIET_SECONDS and self._is_due():
                self._show()

    def close(self) -> None:
        """Clear what stands on the terminal and show nothing more."""
        with self._lock:
            self._stop_timer()
            self._clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _is_due(self) -> bool:
        if self._isatty or self._written is None:
            return True
        return self._clock() - self._written >= LOG_INTERVAL_SECONDS

    def _show(self) -> None:
        with self._lock:
            self._written = self._clock()
            if not self._isatty:
                self._write(f"{self._text}\n")
                return
            line = self._text[:TERMINAL_COLUMNS]
            self._write(f"\r{line.ljust(self._width)}")
            self._width = len(line)

    def _clear(self) -> None:
        if self._isatty and self._width:
            self._write(f"\r{' ' * self._width}\r")
        self._width = 0

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def progress_line(
    text: str, done: int, total: int, gone_seconds: float, eta_seconds: float | None
) -> str:
    """One line: share done, time gone, time left, and what is being done."""
    share = 100 * done // total if total else 0
    left = f", {duration(eta_seconds)} left" if eta_seconds is not None else ""
    return f"{share:3d}% {done}/{total}, {duration(gone_seconds)} gone{left}: {text}"


def duration(seconds: float) -> str:
    """Seconds as minutes and seconds: ``0:42``, ``3:05``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d}"


class FileProgress:
    """Appends progress as JSON lines to a file; :func:`follow` reads them in another process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def step(self, text: str) -> None:
        """Append a step."""
        self._append({"step": text})

    def advance(self, text: str, done: int, total: int, eta_seconds: float | None = None) -> None:
        """Append how far the step is."""
        self._append({"advance": text, "done": done, "total": total, "eta_seconds": eta_seconds})

    def close(self) -> None:
        """Append the end, on which :func:`follow` returns."""
        self._append({"end": True})

    def _append(self, entry: dict[str, object]) -> None:
        # one write of one line, so that a reader never sees two half lines mixed
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def follow(path: Path, progress: Progress, is_alive: Callable[[], bool]) -> None:
    """Pass what a :class:`FileProgress` writes on to ``progress``.

    Returns when the writer has closed its progress, or when ``is_alive`` says that it is gone.
    """
    with path.open(encoding="utf-8") as file:
        for line in _lines(file, is_alive):
            entry = json.loads(line)
            if "end" in entry:
                return
            if "step" in entry:
                progress.step(entry["step"])
            else:
                progress.advance(
                    entry["advance"], entry["done"], entry["total"], entry["eta_seconds"]
                )


def _lines(file: TextIO, is_alive: Callable[[], bool]) -> Iterator[str]:
    partial = ""
    while True:
        # asked before reading: what a writer wrote just before it ended must not be lost
        alive = is_alive()
        partial += file.readline()
        if partial.endswith("\n"):
            yield partial
            partial = ""
        elif not alive:
            return
        else:
            time.sleep(FOLLOW_INTERVAL_SECONDS)
