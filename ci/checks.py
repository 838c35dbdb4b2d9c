"""All checks of the project, the quick ones first; the first that fails ends the run."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NO_TESTS_COLLECTED = 5


@dataclass(frozen=True)
class Check:
    """One step: its name, its command, and the exit codes that are good."""

    name: str
    command: tuple[str, ...]
    good: tuple[int, ...] = (0,)


def checks(is_fast: bool, pytest_arguments: Sequence[str]) -> Iterator[Check]:
    """The steps in their order.

    Args:
        is_fast: leave out the tests that start an emulated EKS.
        pytest_arguments: for both runs of pytest.
    """
    # What the arguments choose may lie wholly in one of the two runs.
    good = (0, NO_TESTS_COLLECTED) if pytest_arguments else (0,)
    yield Check("lint", ("ruff", "check", "."))
    yield Check("format", ("ruff", "format", "--check", "."))
    yield Check("types", ("mypy",))
    yield Check("import contract", ("lint-imports",))
    yield Check("docs", ("python", "ci/controls_page.py", "--check"))
    fast = ("pytest", "-n", "auto", "-m", "not emulation")
    yield Check("tests", (*fast, *pytest_arguments), good)
    if not is_fast:
        # Each worker has an emulated cluster of its own, of about 1 GB, to break and to mend.
        emulated = ("pytest", "-n", "2", "-m", "emulation")
        yield Check("tests on the emulated EKS", (*emulated, *pytest_arguments), good)


def main() -> int:
    """Run the checks; the exit code is that of the first that fails, or 0."""
    parser = argparse.ArgumentParser("ci/test", allow_abbrev=False)
    parser.add_argument("--fast", action="store_true", help="start no emulated EKS")
    options, pytest_arguments = parser.parse_known_args()
    times: list[str] = []
    for check in checks(options.fast, pytest_arguments):
        print(f"== {check.name}", flush=True)
        started = time.monotonic()
        status = subprocess.run(check.command, check=False).returncode
        times.append(f"{check.name} {time.monotonic() - started:.0f} s")
        if status not in check.good:
            print(f"ci/test: FAILED at {check.name} ({', '.join(times)})")
            return status
    print(f"ci/test: all passed ({', '.join(times)})")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
