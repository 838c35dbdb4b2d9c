"""The dated data files beside the emulation, and what stands in their place for a while.

Some things only AWS can do: end a version's support, withdraw an add-on's version, find an
insight. They are done by putting a file of the same name into the folder of `REPLACEMENTS`.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any, cast

FOLDER = Path(__file__).parent.parent / "data"
REPLACEMENTS = "EMULATED_EKS_DATA"
"""Environment variable of the supervisor: the folder with files that replace those of `FOLDER`."""


def load(name: str) -> dict[str, Any]:
    """Return a data file's content; every file says its source and its date."""
    folder = os.environ.get(REPLACEMENTS)
    replacement = Path(folder) / name if folder else None
    if replacement is not None and replacement.is_file():
        return cast("dict[str, Any]", json.loads(replacement.read_text("utf-8")))
    return original(name)


@functools.cache
def original(name: str) -> dict[str, Any]:
    """Return a data file's content as it is shipped, read once."""
    return cast("dict[str, Any]", json.loads((FOLDER / name).read_text("utf-8")))
