"""Every setting, resolved once: command line before environment before ini, with its source."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from pytest_eksconform.catalogue import TIERS
from pytest_eksconform.errors import SettingsError
from pytest_eksconform.findings import SEVERITIES

ENGINES = ("kwok", "kind")
_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


@dataclass(frozen=True)
class Option:
    """One setting: ``--eks-NAME``, the ini value ``eks_NAME``, ``EKSCONFORM_NAME``."""

    name: str
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    bare: str | None = None
    flag: bool = False
    many: bool = False

    @property
    def flagname(self) -> str:
        """As on the command line."""
        return f"--eks-{self.name.replace('_', '-')}"

    @property
    def ini(self) -> str:
        """As in the ini file."""
        return f"eks_{self.name}"

    @property
    def variable(self) -> str:
        """As in the environment."""
        return f"EKSCONFORM_{self.name.upper()}"


OPTIONS = (
    Option("cluster", "Check the EKS cluster of this name", "NAME"),
    Option(
        "emulate",
        "Check an emulated EKS on this machine: kwok (the default) needs no container engine",
        "ENGINE",
        choices=ENGINES,
        bare="kwok",
    ),
    Option("region", "AWS region of the cluster; else what the AWS SDK finds", "REGION"),
    Option("aws_profile", "Profile of the AWS configuration to use", "PROFILE"),
    Option("account", "Refuse to run in any other AWS account than this", "ID"),
    Option("tier", "Most that controls may do to the cluster", choices=TIERS),
    Option(
        "select", "Run only these controls: ids, areas, globs; comma separated", "IDS", many=True
    ),
    Option("ignore", "Leave these controls out: ids, areas, globs", "IDS", many=True),
    Option(
        "fail_on",
        "Least severity that fails the run (default: medium)",
        choices=SEVERITIES,
    ),
    Option("expect", "File with what this team expects; else eksconform.toml", "FILE"),
    Option("report", "Write junit.xml and report.json into this folder", "DIR"),
    Option(
        "suites",
        "With a target and no paths: 'none' leaves the shipped suites out, folders are added",
        "DIRS",
        many=True,
    ),
    Option("blueprint", "Emulated cluster to build (default: managed-nodes)", "NAME"),
    Option("kubernetes_version", "Kubernetes version to emulate, for example 1.35", "VERSION"),
    Option("assets", "Folder with control-plane binaries to use for the emulation", "DIR"),
    Option("keep", "Keep the emulated cluster running for the next run", flag=True),
    Option("no_build", "Never build the emulated control plane from source", flag=True),
)


@dataclass(frozen=True)
class Setting:
    """A value and where it came from: ``command line``, ``environment``, ``ini`` or ``default``."""

    value: Any
    source: str


class Settings:
    """The resolved settings; ``settings.cluster`` is the value, `source` tells its origin."""

    def __init__(self, values: Mapping[str, Setting]) -> None:
        self._values = dict(values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name].value
        except KeyError:
            raise AttributeError(name) from None

    def source(self, name: str) -> str:
        """Where the value of `name` came from."""
        return self._values[name].source

    def path(self, name: str, config: pytest.Config) -> Path:
        """The path that `name` is: below the rootdir if the ini file says it, as pytest does."""
        below = config.rootpath if self.source(name) == "ini" else config.invocation_params.dir
        return below / Path(self._values[name].value)

    def given(self) -> list[tuple[str, Setting]]:
        """The settings that somebody gave, in the order of `OPTIONS`."""
        return [(n, s) for n, s in self._values.items() if s.source != "default"]


def add_options(parser: pytest.Parser) -> None:
    """Register every option and ini value with pytest."""
    group = parser.getgroup("eksconform", "Amazon EKS conformance")
    for option in OPTIONS:
        group.addoption(option.flagname, dest=option.ini, default=None, **_argparse(option))
        parser.addini(option.ini, option.help, type=_ini_type(option))
    parser.addini("eks_strict_waivers", "A waiver that matches nothing fails the run", type="bool")


def _ini_type(option: Option) -> Literal["args", "bool", "string"]:
    if option.flag:
        return "bool"
    return "args" if option.many else "string"


def _argparse(option: Option) -> dict[str, Any]:
    arguments: dict[str, Any] = {"help": option.help}
    if option.flag:
        return {**arguments, "action": "store_true"}
    if option.many:
        arguments["action"] = "append"
    if option.bare:
        arguments.update(nargs="?", const=option.bare)
    # Values are checked in `resolve`, alike for all three sources; argparse only shows them.
    choices = "{" + ",".join(option.choices) + "}" if option.choices else None
    return {**arguments, "metavar": choices or option.metavar}


def resolve(config: pytest.Config, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this run.

    Raises:
        SettingsError: a value that is none of its choices, or two targets at once.
    """
    settings = Settings({o.name: _resolve_one(o, config, environment) for o in OPTIONS})
    if settings.cluster and settings.emulate:
        raise SettingsError(
            "two targets: --eks-cluster and --eks-emulate; give one of them "
            f"(from {settings.source('cluster')} and {settings.source('emulate')})"
        )
    return settings


def _resolve_one(option: Option, config: pytest.Config, environment: Mapping[str, str]) -> Setting:
    given = config.getoption(option.ini)
    if given is not None:
        return _checked(option, given, "command line")
    if environment.get(option.variable):
        return _checked(option, environment[option.variable], "environment")
    ini = config.getini(option.ini)
    if ini:
        return _checked(option, ini, "ini")
    return Setting([] if option.many else (False if option.flag else None), "default")


def _checked(option: Option, value: Any, source: str) -> Setting:
    if option.many:
        parts = value if isinstance(value, list) else [value]
        return Setting([p.strip() for v in parts for p in v.split(",") if p.strip()], source)
    if option.flag:
        return Setting(_boolean(option, value, source), source)
    if option.choices and value not in option.choices:
        raise SettingsError(_not_a_choice(option, value, source))
    return Setting(value, source)


def _boolean(option: Option, value: Any, source: str) -> bool:
    if isinstance(value, bool):
        return value
    if value.lower() in _YES + _NO:
        return value.lower() in _YES
    raise SettingsError(f"{option.variable}={value} (from {source}) is neither yes nor no")


def _not_a_choice(option: Option, value: str, source: str) -> str:
    known = ", ".join(option.choices)
    text = f"{option.flagname}={value} (from {source}) is unknown; one of {known}"
    if option.name == "emulate" and (
        "/" in value or value.endswith(".py") or os.path.exists(value)
    ):
        text += f"; to give a path as well, write {option.flagname}=kwok {value}"
    return text
