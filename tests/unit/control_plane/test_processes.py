"""Children: logs, death of the parent, reaping."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from pytest_eksconform.emulation.control_plane import kwok
from pytest_eksconform.emulation.control_plane.kwok import _raise_if_dead
from pytest_eksconform.emulation.control_plane.processes import Children, reap
from pytest_eksconform.errors import EmulationError


@pytest.fixture
def children(tmp_path):
    made = Children(tmp_path)
    yield made
    made.stop()


def test_children_outlive_the_thread_that_asked_for_them(children):
    started = []
    thread = threading.Thread(
        target=lambda: started.append(children.start("sleeper", ["/bin/sleep", "60"], {}))
    )
    thread.start()
    thread.join()
    with pytest.raises(subprocess.TimeoutExpired):
        started[0].process.wait(0.2)


def test_stopped_children_are_gone_even_if_they_ignore_the_request(children, monkeypatch):
    monkeypatch.setattr(
        "pytest_eksconform.emulation.control_plane.processes.TERMINATION_SECONDS", 0.1
    )
    child = children.start(
        "stubborn", ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"], {}
    )
    children.stop()
    assert not child.is_alive
    assert children.pids() == {}


def test_a_program_that_cannot_be_run_is_one_line(children, tmp_path):
    with pytest.raises(EmulationError, match="nothing cannot be run: No such file"):
        children.start("nothing", [tmp_path / "nothing"], {})


def test_the_error_of_a_dead_child_has_the_end_of_its_log(children):
    child = children.start("etcd", ["/bin/sh", "-c", "echo one; echo two >&2; exit 3"], {})
    child.process.wait()
    with pytest.raises(EmulationError, match=r"etcd ended while starting: one \| two"):
        _raise_if_dead(children)


def test_a_taken_port_is_told_apart_from_other_ends(children):
    child = children.start(
        "kube-apiserver", ["/bin/sh", "-c", "echo bind: address already in use; exit 1"], {}
    )
    child.process.wait()
    with pytest.raises(kwok._PortTakenError):
        _raise_if_dead(children)


def test_reaping_ends_recorded_children_of_this_directory_only(tmp_path):
    ours, other = tmp_path / "ours", tmp_path / "other"
    ours.mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        subprocess.Popen([*command, str(ours)]) as left_over,
        subprocess.Popen([*command, str(other)]) as unrelated,
    ):
        record = f'{{"etcd": {left_over.pid}, "kwok": {unrelated.pid}}}'
        (ours / "processes.json").write_text(record)
        try:
            assert reap(ours) == [left_over.pid]
            assert left_over.wait(10) == -signal.SIGKILL
            assert unrelated.poll() is None
        finally:
            unrelated.kill()
    assert reap(ours) == []


def test_children_do_not_inherit_the_environment(children, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-user")
    child = children.start("env", ["/usr/bin/env"], {"HOME": os.sep})
    child.process.wait()
    assert child.log.read_text() == "HOME=/\n"
