"""Asks binaries for their version, and remembers the answers."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from pytest_eksconform.emulation.control_plane.versions import Component

_ANSWER_SECONDS = 20.0


@dataclass
class VersionBook:
    """Versions of binaries, kept in a file by path, size and time of change.

    Args:
        path: the file; it need not exist, and need not be writable.
    """

    path: Path
    _answers: dict[str, str] = field(default_factory=dict)
    _is_read: bool = False

    def version(self, binary: Path, component: Component) -> str | None:
        """The version that a binary tells, ``1.35.4``; None if it cannot be run or tells none."""
        try:
            state = binary.stat()
        except OSError:
            return None
        key = f"{binary.resolve()}:{state.st_size}:{state.st_mtime_ns}"
        self._read()
        if key not in self._answers:
            answer = ask_version(binary, component.version_arguments)
            if answer is None:
                return None
            self._answers[key] = answer
            self._write()
        return self._answers[key]

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        try:
            self._answers.update(json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            self._answers.clear()

    def _write(self) -> None:
        unfinished = self.path.with_suffix(".new")
        try:
            unfinished.write_text(json.dumps(self._answers), encoding="utf-8")
            unfinished.replace(self.path)
        except OSError:
            # only speed is lost: the next run asks again
            return


def ask_version(binary: Path, arguments: tuple[str, ...]) -> str | None:
    """Run a binary with arguments and take the first version number from its first lines."""
    try:
        answer = subprocess.run(
            [str(binary), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\bv?(\d+\.\d+\.\d+)", answer)
    return match[1] if match else None
