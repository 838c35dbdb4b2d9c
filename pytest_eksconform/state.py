"""Where the plugin keeps what belongs to a run or a test: keys of pytest's stashes."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from pytest_eksconform.catalogue import Control
from pytest_eksconform.findings import Findings
from pytest_eksconform.run import Run
from pytest_eksconform.settings import Settings

SETTINGS = pytest.StashKey[Settings]()
CATALOGUE = pytest.StashKey[dict[str, Control]]()
RUN = pytest.StashKey[Run]()
STACK = pytest.StashKey[ExitStack]()
CONTROL = pytest.StashKey[Control]()
FINDINGS = pytest.StashKey[Findings]()
