"""Small builders for the core's own things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_eksconform import Finding


@pytest.fixture
def finding() -> Callable[..., Finding]:
    """Make a finding; what a test does not care about is filled in."""

    def make(**values: str) -> Finding:
        usual = {name: name for name in Finding.__dataclass_fields__}
        return Finding(**{**usual, "severity": "medium", **values})

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file into the test's folder."""

    def write_file(text: str, name: str = "eksconform.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file
