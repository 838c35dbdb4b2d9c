"""Commands to paste: each names its cluster, so that it can never ask another one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Commands:
    """Completes ``aws …`` and ``kubectl …`` commands for one cluster.

    Attributes:
        region: of the cluster.
        context: kubectl context: the cluster's ARN, as ``aws eks update-kubeconfig`` names it.
        profile: AWS profile, if one was asked for.
        variables: what a command needs in front, by tool; none on AWS.
    """

    region: str
    context: str
    profile: str | None = None
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __call__(self, command: str) -> str:
        """`command` with region and profile, or context, and the variables it needs."""
        tool, _, rest = command.partition(" ")
        if tool == "aws":
            profile = f" --profile {shlex.quote(self.profile)}" if self.profile else ""
            command = f"{command} --region {self.region}{profile}"
        elif tool == "kubectl":
            command = f"kubectl --context {shlex.quote(self.context)} {rest}"
        needed = self.variables.get(tool, {})
        prefix = [f"{name}={shlex.quote(value)}" for name, value in needed.items()]
        return " ".join([*prefix, command])
