"""The command ``eksconform``: what is an action rather than a test run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

import yaml

from pytest_eksconform.catalogue import SHIPPED, Control, read_catalogue
from pytest_eksconform.errors import UsageProblem
from pytest_eksconform.permissions import cluster_role, iam_policy, rights_for
from pytest_eksconform.selection import check_patterns, chosen
from pytest_eksconform.snapshot import all_sections

RBAC_HEADER = """\
# What the controls read in the cluster: no Secret, and only the ConfigMaps that are named.
# The access entry of the identity that runs them carries the group eksconform:readers.
"""
USAGE = 4
"""Exit code for a command that cannot be carried out as asked, as pytest's."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0, or 4 for bad usage."""
    options = _parser().parse_args(arguments)
    try:
        text: str = options.action(options)
    except UsageProblem as problem:
        sys.stderr.write(f"eksconform: {problem}\n")
        return USAGE
    sys.stdout.write(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("eksconform", description="Conformance tests for Amazon EKS")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    permissions = actions.add_parser(
        "permissions", help="print the least rights that the controls need"
    )
    permissions.add_argument("kind", choices=["iam", "rbac"], help="IAM policy, or ClusterRole")
    permissions.add_argument("--select", action="append", default=[], metavar="IDS")
    permissions.add_argument("--ignore", action="append", default=[], metavar="IDS")
    permissions.set_defaults(action=_permissions)
    return parser


def _permissions(options: argparse.Namespace) -> str:
    rights = rights_for(_chosen(options), all_sections())
    if options.kind == "iam":
        return json.dumps(iam_policy(rights), indent=2) + "\n"
    return RBAC_HEADER + yaml.safe_dump_all(cluster_role(rights), sort_keys=False)


def _chosen(options: argparse.Namespace) -> list[Control]:
    catalogue = read_catalogue([SHIPPED])
    select = [p for value in options.select for p in value.split(",")]
    ignore = [p for value in options.ignore for p in value.split(",")]
    check_patterns("--select", select, catalogue)
    check_patterns("--ignore", ignore, catalogue)
    return [control for control in catalogue.values() if chosen(control, select, ignore)]


if __name__ == "__main__":
    sys.exit(main())
