"""The examples for CI services are YAML, and their pytest options exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pytest_eksconform.settings import OPTIONS

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "ci").glob("*.yml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_ci_example_uses_options_that_exist(path: Path):
    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text)
    used = set(re.findall(r"--eks-[a-z-]+", text))
    assert used
    assert used <= {option.flagname for option in OPTIONS}
