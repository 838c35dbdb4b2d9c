"""Measures what the project promises and prints it as a table.

Run it in the project's environment: ``.venv/bin/python ci/bench/bench.py``. ``--cold`` also makes a
first run from nothing, which takes minutes; ``--write`` keeps the table in results.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_eksconform.emulation import Emulation, EmulationRequest, start, stop
from pytest_eksconform.emulation.environment import environment_of
from pytest_eksconform.emulation.run_directory import RunDirectory

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("results.md")
ONE_CONTROL = "imds-v2-required"
Row = tuple[str, str, str]


@dataclass
class Phases:
    """A `Progress` that keeps when each step began, in seconds since `begun`."""

    begun: float = field(default_factory=time.monotonic)
    steps: list[tuple[str, float]] = field(default_factory=list)

    def step(self, text: str) -> None:
        """A step begins."""
        self.steps.append((text, time.monotonic() - self.begun))

    def advance(self, text: str, done: int, total: int, eta_seconds: float | None = None) -> None:
        """Counted steps are of no interest here."""

    def rows(self) -> list[Row]:
        """How long each step took, and all together."""
        total = time.monotonic() - self.begun
        ends = [begun for _, begun in self.steps[1:]] + [total]
        parts = [
            (f"- {text}", f"{end - begun:.1f} s", "")
            for (text, begun), end in zip(self.steps, ends, strict=True)
        ]
        return [("warm start: emulation ready", f"{total:.1f} s", "12 s"), *parts]


def warm_start() -> tuple[Emulation, list[Row]]:
    """Start an emulation that stays, and say how long each phase took."""
    phases = Phases()
    emulation = start(EmulationRequest(keep=True), phases)
    return emulation, phases.rows()


def _let_go(emulation: Emulation) -> Emulation:
    """Let others attach to it."""
    if emulation.owner is not None:
        os.close(emulation.owner)
    return replace(emulation, owner=None)


def attach() -> list[Row]:
    """Attach once more, from another process as the next run would."""
    code = (
        "import time; begun = time.monotonic()\n"
        "from pytest_eksconform.emulation import EmulationRequest, attach\n"
        "assert attach(EmulationRequest(keep=True)); print(time.monotonic() - begun)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [("attach to a kept emulation (--eks-keep)", f"{float(said.stdout):.1f} s", "2 s")]


def observe(emulation: Emulation) -> list[Row]:
    """Run all controls and one control, and count the calls."""
    everything, peak = _run(emulation)
    one, _ = _run(emulation, f"--eks-select={ONE_CONTROL}")
    workers, _ = _run(emulation, "-n2")
    number, sections = len(everything["controls"]), len(everything["read"]["sections"])
    return [
        (f"observe tier, {number} controls", f"{everything['seconds']:.1f} s", "5 s"),
        ("- the same with -n2", f"{workers['seconds']:.1f} s", ""),
        (f"- only {ONE_CONTROL}", f"{one['seconds']:.1f} s", ""),
        (f"calls, {number} controls", _calls(everything), ""),
        ("- the same with -n2", _calls(workers), "the same"),
        (f"- only {ONE_CONTROL}", _calls(one), ""),
        ("- sections of the snapshot, each read once", str(sections), ""),
        ("memory of pytest, peak", f"{peak / 1e6:.0f} MB", "250 MB"),
    ]


def _run(emulation: Emulation, *arguments: str) -> tuple[dict[str, Any], int]:
    """Run the controls in a process of their own; its report, and its peak memory in bytes."""
    changed = {**os.environ, **environment_of(emulation)}
    with tempfile.TemporaryDirectory() as folder:
        named = [f"--eks-cluster={emulation.cluster_name}", f"--eks-report={folder}"]
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *named, *arguments],
            cwd=folder,
            env={name: value for name, value in changed.items() if value is not None},
            stdout=subprocess.DEVNULL,
        )
        # Of this process alone; getrusage would tell the largest child there ever was.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"the controls on the healthy cluster ended with {process.returncode}")
        report: dict[str, Any] = json.loads(Path(folder, "report.json").read_text())
        return report, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _calls(report: dict[str, Any]) -> str:
    totals = report["read"]["totals"]
    return f"{totals['aws']} AWS, {totals['kubernetes']} Kubernetes, {totals['bytes'] / 1e6:.1f} MB"


def memory(emulation: Emulation) -> list[Row]:
    """Proportional memory of the supervisor and of its children, from /proc; Linux only."""
    supervisor = RunDirectory(Path(emulation.run_directory)).supervisor()
    if supervisor is None or not Path("/proc/self/smaps_rollup").exists():
        return []
    sizes = {_name(pid): _proportional(pid) for pid in _family(supervisor.pid)}
    own = _proportional(supervisor.pid)
    rows = [(f"- {name}", f"{size / 1e6:.0f} MB", "") for name, size in sorted(sizes.items())]
    together = own + sum(sizes.values())
    return [
        ("memory of the supervisor", f"{own / 1e6:.0f} MB", "450 MB"),
        ("- with the control plane", f"{together / 1e6:.0f} MB", ""),
        *rows,
    ]


def _family(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            of = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if of == parent:
            found += [int(folder.name), *_family(int(folder.name))]
    return found


def _name(pid: int) -> str:
    program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    return Path(program).name


def _proportional(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    [size] = [line.split()[1] for line in lines if line.startswith("Pss:")]
    return int(size) * 1024


def cold() -> list[Row]:
    """A first run of ci/conform on a copy of the project, with every cache empty."""
    with _copy() as project, tempfile.TemporaryDirectory() as home:
        caches = {"GOCACHE": "go-build", "GOMODCACHE": "go-mod", "XDG_CACHE_HOME": "cache"}
        own = {"VIRTUAL_ENV", "KUBEBUILDER_ASSETS"}
        environment = {
            **{name: value for name, value in os.environ.items() if name not in own},
            **{name: f"{home}/{folder}" for name, folder in caches.items()},
            "EKSCONFORM_CACHE_DIR": f"{home}/eksconform",
            "PIP_NO_CACHE_DIR": "1",
        }
        begun = time.monotonic()
        subprocess.run([project / "ci" / "conform"], env=environment, check=True)
        return [("cold: first verdict of ci/conform", _minutes(time.monotonic() - begun), "9 min")]


@contextmanager
def _copy() -> Iterator[Path]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        for name in filter(lambda name: (ROOT / name).exists(), files.splitlines()):
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        yield Path(folder)


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table under the date and the machine's size."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    head = [
        "# Measured",
        "",
        f"{datetime.datetime.now(datetime.UTC).date()}, {machine}, {gigabytes:.0f} GB, "
        f"Python {platform.python_version()}; made by `ci/bench/bench.py`.",
        "",
        "| what | measured | aim |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def main() -> int:
    """Measure, print, and keep the table if that is asked for."""
    parser = argparse.ArgumentParser("bench.py")
    parser.add_argument("--cold", action="store_true", help="also a first run from nothing")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    options = parser.parse_args()
    rows = cold() if options.cold else []
    emulation, phases = warm_start()
    try:
        rows += phases
        emulation = _let_go(emulation)
        rows += attach()
        measures: tuple[Callable[[Emulation], list[Row]], ...] = (observe, memory)
        for measure in measures:
            rows += measure(emulation)
    finally:
        stop(emulation)
    print(table(rows))
    if options.write:
        RESULTS.write_text(table(rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
