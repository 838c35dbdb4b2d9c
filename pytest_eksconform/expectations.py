"""What the team wants of its clusters: ``eksconform.toml``.

None is needed. Keys are known beforehand, so that a misspelt one is an error, not silence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_eksconform.errors import ExpectationsError
from pytest_eksconform.waivers import Waiver, waiver_from_table

FILE_NAME = "eksconform.toml"


@dataclass(frozen=True)
class Expectation:
    """One key of the file.

    Attributes:
        key: dotted name; ``*`` stands for any one part.
        kind: Python type of the value: `str`, `int`, `bool` or `list` (of strings).
        about: what it says, for the documentation.
        choices: the values allowed; any when empty.
    """

    key: str
    kind: type
    about: str
    choices: tuple[Any, ...] = ()


KNOWN = (
    Expectation(
        "autoscaler",
        str,
        "who adds and removes nodes",
        ("cluster-autoscaler", "karpenter", "auto-mode", "none"),
    ),
    Expectation(
        "access.mode", str, "authentication mode", ("API", "API_AND_CONFIG_MAP", "CONFIG_MAP")
    ),
    Expectation("access.public_cidrs", list, "CIDR blocks that may reach the public endpoint"),
    Expectation("access.admins", list, "principal ARNs (globs) that may be cluster admin"),
    Expectation("access.break_glass", str, "ARN of the emergency admin role"),
    Expectation("imds.pods", str, "whether pods may reach IMDS", ("blocked", "reachable")),
    Expectation("imds.hop_limit", int, "HttpPutResponseHopLimit of every node", (1, 2)),
    Expectation("addons.required", list, "add-ons that must be installed"),
    Expectation("addons.self_managed", list, "core add-ons run without EKS by choice"),
    Expectation("addons.versions.*", str, "least version of an add-on, for example v1.20.0"),
    Expectation("nodes.repair", bool, "node auto-repair is on for each managed node group"),
    Expectation("observability.log_types", list, "control-plane log types that must be on"),
    Expectation("security.secrets_key", bool, "a customer KMS key encrypts Secrets"),
    Expectation("security.deletion_protection", bool, "deletion protection is on"),
)


@dataclass(frozen=True)
class Expectations:
    """The merged expectations for one cluster.

    Attributes:
        values: dotted key to value; only what the team said.
        waivers: in the order of the file.
        source: the file, or None when there is none.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    source: Path | None = None

    def get(self, key: str, default: Any = None) -> Any:
        """What the team said of `key`, or `default` if it said nothing."""
        return self.values.get(key, default)

    def under(self, prefix: str) -> dict[str, Any]:
        """The values below `prefix`: ``under("addons.versions")`` is add-on to version."""
        start = prefix + "."
        return {k[len(start) :]: v for k, v in self.values.items() if k.startswith(start)}


def load_expectations(
    path: Path | None, rootdir: Path, cluster: str, extra: Iterable[Expectation] = ()
) -> Expectations:
    """Read the expectations for `cluster`.

    Args:
        path: the file that was asked for; None takes ``eksconform.toml`` in `rootdir`, if any.
        rootdir: where to look.
        cluster: whose ``[clusters.NAME]`` table overrides the rest.
        extra: keys that plugins and conftests add.

    Raises:
        ExpectationsError: no such file, no TOML, an unknown key, a value of the wrong kind.
    """
    file = path or rootdir / FILE_NAME
    if not file.exists():
        if path is None:
            return Expectations()
        raise ExpectationsError(f"{file}: no such expectations file (--eks-expect)")
    tables = _read(file)
    known = (*KNOWN, *extra)
    overrides = _clusters(tables.pop("clusters", {}), file)
    everywhere = _part(tables, known, str(file))
    # Those of other clusters are looked at too: their mistakes should not wait for their turn.
    parts = {n: _part(t, known, f"{file}: [clusters.{n}]") for n, t in overrides.items()}
    own = parts.get(cluster, Expectations())
    return Expectations({**everywhere.values, **own.values}, everywhere.waivers + own.waivers, file)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExpectationsError(f"{file}: not a readable TOML file: {error}") from None


def _clusters(tables: Any, file: Path) -> dict[str, dict[str, Any]]:
    if isinstance(tables, dict) and all(isinstance(table, dict) for table in tables.values()):
        return tables
    raise ExpectationsError(f"{file}: write what is for one cluster as a [clusters.NAME] table")


def _part(table: dict[str, Any], known: tuple[Expectation, ...], where: str) -> Expectations:
    waivers = table.pop("waivers", [])
    if not isinstance(waivers, list):
        raise ExpectationsError(f"{where}: write each waiver as a [[waivers]] table")
    parsed = [waiver_from_table(w, f"{where}: waiver {n}") for n, w in enumerate(waivers, 1)]
    return Expectations(_flatten(table, known, where), tuple(parsed))


def _flatten(
    table: Mapping[str, Any], known: tuple[Expectation, ...], where: str, prefix: str = ""
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            values.update(_flatten(value, known, where, f"{key}."))
            continue
        values[key] = _checked(_expectation(key, known, where), key, value, where)
    return values


def _expectation(key: str, known: tuple[Expectation, ...], where: str) -> Expectation:
    for expectation in known:
        stem = expectation.key.removesuffix("*")
        if key == expectation.key or (stem != expectation.key and key.startswith(stem)):
            return expectation
    names = ", ".join(e.key for e in known)
    raise ExpectationsError(f"{where}: unknown key {key}; known: {names}")


def _checked(expectation: Expectation, key: str, value: Any, where: str) -> Any:
    kind = expectation.kind
    right = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    if kind is list and right:
        right = all(isinstance(item, str) for item in value)
    if not right:
        word = {str: "a string", int: "a whole number", bool: "true or false"}
        raise ExpectationsError(f"{where}: {key} must be {word.get(kind, 'a list of strings')}")
    if expectation.choices and value not in expectation.choices:
        choices = ", ".join(map(str, expectation.choices))
        raise ExpectationsError(f"{where}: {key} = {value!r} is unknown; one of {choices}")
    return value
