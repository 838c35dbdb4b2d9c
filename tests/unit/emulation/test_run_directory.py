"""Run directories: private, owned, reaped when their owner is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_eksconform.emulation import processes, run_directory
from pytest_eksconform.emulation.processes import Process
from pytest_eksconform.emulation.run_directory import RunDirectory


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EKSCONFORM_RUN_DIR", str(tmp_path / "runs"))
    return run_directory.runs_root()


def test_root_is_private(root: Path) -> None:
    assert root.stat().st_mode & 0o777 == 0o700


def test_root_falls_back_to_the_temp_dir_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("EKSCONFORM_RUN_DIR", raising=False)
    monkeypatch.setattr(run_directory, "user_cache_path", lambda _: tmp_path / "file")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    said: list[str] = []
    found = run_directory.runs_root(said.append)
    assert found.is_relative_to(tmp_path)
    assert "cannot be written" in said[0]


def test_two_runs_have_two_directories(root: Path) -> None:
    (first, one), (second, two) = run_directory.create(root), run_directory.create(root)
    assert first.path != second.path
    os.close(one)
    os.close(two)


def test_owned_directory_is_not_reaped(root: Path) -> None:
    directory, owner = run_directory.create(root)
    assert run_directory.reap(root) == []
    os.close(owner)
    assert run_directory.reap(root) == [directory.path]
    assert not directory.path.exists()


def test_kept_directory_lives_with_its_supervisor(root: Path) -> None:
    directory, owner = run_directory.create(root, "kept")
    directory.write_json("request.json", {"keep": True})
    supervisor = run_directory.acquire(directory.supervisor_lock)
    os.close(owner)
    assert run_directory.reap(root) == []
    os.close(supervisor)
    assert run_directory.reap(root) == [directory.path]


def test_reaping_kills_what_carries_the_directory(root: Path) -> None:
    directory, owner = run_directory.create(root)
    os.close(owner)
    code = "import time; time.sleep(60)"
    environment = {**os.environ, processes.MARK: str(directory.path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as left_over:
        if not Path("/proc").exists():
            left_over.kill()
            pytest.skip("no /proc here")
        run_directory.reap(root)
        assert left_over.wait(5) != 0


def test_reused_pid_is_not_the_same_process() -> None:
    assert processes.this_process().is_alive()
    assert not Process(os.getpid(), "another time").is_alive()


def test_recorded_pid_of_another_process_is_no_supervisor(root: Path) -> None:
    directory, owner = run_directory.create(root)
    directory.write_json("supervisor.pid", [os.getpid(), "another time"])
    assert directory.supervisor() is None
    directory.write_pid()
    assert directory.supervisor() == processes.this_process()
    os.close(owner)


def test_unreadable_json_is_none(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text("{")
    assert RunDirectory(tmp_path).read_json("facts.json") is None
