"""docs/controls.md is what the controls say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_controls_page_is_up_to_date():
    command = [sys.executable, str(ROOT / "ci" / "controls_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
