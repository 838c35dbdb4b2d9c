"""Makes the emulation's control-plane binaries ahead of their first use, with progress.

Needs only the few packages that `ci/environment.py` installs first.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from pytest_eksconform.emulation.control_plane import find_binaries, find_kubectl
from pytest_eksconform.emulation.progress import Progress, TerminalProgress
from pytest_eksconform.errors import EmulationError


def main() -> int:
    """Find, fetch or build the binaries; 1 if they cannot be had."""
    parser = argparse.ArgumentParser("control_plane.py")
    parser.add_argument("--kubectl", type=Path, metavar="LINK", help="link kubectl to here")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Lines, not one line rewritten: pip writes to the same terminal.
    with TerminalProgress(_write, isatty=False) as progress:
        try:
            find_binaries(progress=progress)
            if options.kubectl:
                _link_kubectl(options.kubectl, progress)
        except EmulationError as error:
            _write(f"{error}\n")
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


def _link_kubectl(link: Path, progress: Progress) -> None:
    found = find_kubectl(progress=progress)
    link.unlink(missing_ok=True)
    link.symlink_to(found)


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
