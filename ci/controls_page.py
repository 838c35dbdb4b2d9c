"""Writes docs/controls.md from the controls' own declarations, so that it cannot be wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from pytest_eksconform.catalogue import SHIPPED, Control, read_catalogue
from pytest_eksconform.snapshot import all_sections
from pytest_eksconform.snapshot.registry import rights_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "controls.md"
INTRODUCTION = """\
# The controls

This page is made by `ci/docs` from the controls themselves; do not edit it.

*Reads* names the sections of the snapshot; the IAM actions and RBAC rules are all that reading
them needs. Without one of them exactly the controls that list it are *unknown*. What each severity
and verdict means is in [report.md](report.md), how to tell a control what you expect in
[configuration.md](configuration.md).
"""
SOURCES = {
    "S0": "field report: the autoscaler that broke in the move to Amazon Linux 2023",
    "S1": "field report: moving nodes to Amazon Linux 2023, IMDSv2 and IRSA",
    "S2": "field notes: where the autoscaler's credentials come from",
    "S3": "field notes: setting EKS up",
    "S4": "field report: an EKS platform in production, with its playbook",
    "H": "hardeneks",
    "I": "EKS cluster insights",
    "K": "kube-bench",
    "O": "Polaris",
    "P": "Popeye",
    "U": "eksup",
    "W": "Prowler",
}
"""What the short names among a control's sources stand for."""


def page() -> str:
    """The whole page."""
    controls = sorted(read_catalogue([SHIPPED]).values(), key=lambda c: (c.area, c.id))
    parts = [INTRODUCTION, f"{len(controls)} controls:\n"]
    for area, some in groupby(controls, key=lambda control: control.area):
        parts += _area(area, list(some))
    return "\n".join(parts)


def _area(area: str, controls: list[Control]) -> Iterator[str]:
    yield f"## {area}\n"
    yield "| control | severity | the property |\n| --- | --- | --- |"
    for control in controls:
        yield f"| [{control.id}](#{control.id}) | {control.severity} | {control.title} |"
    yield ""
    for control in controls:
        yield _entry(control)


def _entry(control: Control) -> str:
    rights = rights_of(control.reads, all_sections())
    lines = [
        f"### {control.id}\n",
        f"{control.title}\n",
        f"- severity {control.severity}, tier {control.tier}",
        f"- applies to: {control.applies or 'every cluster'}",
        f"- reads: {_codes(control.reads)}",
        f"- IAM: {_codes(sorted(rights.iam))}",
        f"- RBAC: {_codes(sorted(rights.rbac))}",
        f"- sources: {', '.join(_source(source) for source in control.sources)}",
    ]
    return "\n".join(lines) + "\n"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def _source(source: str) -> str:
    return f"<{source}>" if source.startswith("https://") else SOURCES[source]


def main() -> int:
    """Write the page, or with ``--check`` say whether it is up to date."""
    parser = argparse.ArgumentParser("ci/docs")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if it is outdated")
    if not parser.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("docs/controls.md is outdated: run ci/docs", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
