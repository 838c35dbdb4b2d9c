"""The example of an expectations file shows every key, and is one."""

from __future__ import annotations

from pathlib import Path

from pytest_eksconform.catalogue import SHIPPED, read_catalogue
from pytest_eksconform.expectations import KNOWN, load_expectations

EXAMPLE = Path(__file__).parents[2] / "examples" / "eksconform.toml"


def test_example_has_every_key():
    given = load_expectations(EXAMPLE, EXAMPLE.parent, "prod")
    assert {_known(key) for key in given.values} == {key.key for key in KNOWN}


def _known(key: str) -> str:
    return "addons.versions.*" if key.startswith("addons.versions.") else key


def test_example_overrides_for_one_cluster():
    staging = load_expectations(EXAMPLE, EXAMPLE.parent, "staging")
    assert staging.get("access.public_cidrs") == ["0.0.0.0/0"]


def test_example_waives_controls_that_exist():
    waivers = load_expectations(EXAMPLE, EXAMPLE.parent, "prod").waivers
    assert waivers
    assert {waiver.control for waiver in waivers} <= set(read_catalogue([SHIPPED]))
