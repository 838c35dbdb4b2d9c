"""What docs/own-controls.md shows is what the example is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "own-controls.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
EXAMPLE = ROOT / "examples" / "own_control"


@pytest.mark.parametrize(
    ("number", "file"),
    [(0, "test_acme.py"), (1, "test_acme_is_caught.py"), (2, "test_acme_is_caught.py")],
)
def test_page_shows_the_example(number: int, file: str):
    assert BLOCKS[number] in (EXAMPLE / file).read_text(encoding="utf-8")


def test_page_compiles():
    for block in BLOCKS:
        compile(block, "own-controls.md", "exec")
