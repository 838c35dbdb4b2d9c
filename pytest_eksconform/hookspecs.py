"""Hooks by which a team or a plugin adds to the project."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pytest_eksconform.expectations import Expectation
from pytest_eksconform.snapshot import Section


@pytest.hookspec
def pytest_eksconform_catalogues(config: pytest.Config) -> Iterable[Path]:  # type: ignore[empty-body]
    """Give folders or files with more controls, so that their ids are known beforehand."""


@pytest.hookspec
def pytest_eksconform_expectations(config: pytest.Config) -> Iterable[Expectation]:  # type: ignore[empty-body]
    """Give more keys that the expectations file may have."""


@pytest.hookspec
def pytest_eksconform_sections(config: pytest.Config) -> Iterable[Section]:  # type: ignore[empty-body]
    """Give more sections for the snapshot."""


@pytest.hookspec
def pytest_eksconform_faults(config: pytest.Config) -> Iterable[Any]:  # type: ignore[empty-body]
    """Give more faults for `pytest_eksconform.testing`."""


@pytest.hookspec(firstresult=True)
def pytest_eksconform_target(config: pytest.Config) -> Any:
    """Give the `pytest_eksconform.target.Target` to check, in place of the options.

    Stops at the first result that is not None.
    """
