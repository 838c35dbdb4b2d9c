"""The dated data files beside the emulation, read once."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, cast

FOLDER = Path(__file__).parent.parent / "data"


@functools.cache
def load(name: str) -> dict[str, Any]:
    """Return a data file's content; every file says its source and its date."""
    text = (FOLDER / name).read_text("utf-8")
    return cast("dict[str, Any]", json.loads(text))
