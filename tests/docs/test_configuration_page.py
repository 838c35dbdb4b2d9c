"""Every setting, key, marker, fixture, hook and variable is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_eksconform import fixtures, hookspecs
from pytest_eksconform.expectations import KNOWN, Expectation
from pytest_eksconform.markers import CAPABILITIES, MARKERS
from pytest_eksconform.settings import OPTIONS, Option

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
INTERNAL = {"EKSCONFORM_NAME", "EKSCONFORM_RUN_OF"}
"""A placeholder of a docstring, and the mark that the emulation's processes carry."""


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_setting_is_documented(option: Option):
    [row] = [line for line in PAGE.splitlines() if f"| `{option.variable}` |" in line]
    flag, _, ini = (cell.strip().strip("`") for cell in row.split("|")[1:4])
    assert re.split(r"[=\[]", flag)[0] == option.flagname
    assert ini == option.ini
    for choice in option.choices:
        assert f"`{choice}`" in row


def test_ini_without_an_option_is_documented():
    source = (ROOT / "pytest_eksconform" / "settings.py").read_text(encoding="utf-8")
    for name in re.findall(r'addini\("(\w+)"', source):
        assert f"`{name}`" in PAGE


def test_page_documents_no_setting_that_is_gone():
    documented = set(re.findall(r"--eks-[a-z-]+", PAGE))
    assert documented == {option.flagname for option in OPTIONS}


@pytest.mark.parametrize("key", KNOWN, ids=lambda key: key.key)
def test_expectation_is_documented(key: Expectation):
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{key.key}` |")]
    assert key.about.split(",")[0] in row
    for choice in key.choices:
        assert str(choice) in row


@pytest.mark.parametrize("marker", [text.partition("(")[0] for text in MARKERS])
def test_marker_is_documented(marker: str):
    assert f"| `{marker}(" in PAGE


@pytest.mark.parametrize("capability", sorted(CAPABILITIES))
def test_capability_is_documented(capability: str):
    assert f"`{capability}`" in PAGE


@pytest.mark.parametrize("name", [name for name in dir(fixtures) if name.startswith("eks_")])
def test_fixture_is_documented(name: str):
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("name", [n for n in dir(hookspecs) if n.startswith("pytest_")])
def test_hook_is_documented(name: str):
    assert f"| `{name}(config)` |" in PAGE


def test_every_variable_in_the_code_is_documented():
    code = "".join(p.read_text("utf-8") for p in (ROOT / "pytest_eksconform").rglob("*.py"))
    used = set(re.findall(r"\b(?:EKSCONFORM_[A-Z_]+[A-Z]|KUBEBUILDER_ASSETS)\b", code))
    assert {name for name in used - INTERNAL if f"`{name}`" not in PAGE} == set()
