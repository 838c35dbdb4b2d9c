"""Where binaries come from, in which order, and what is refused."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_eksconform.emulation.control_plane import binaries, builds
from pytest_eksconform.emulation.control_plane.binaries import find_binaries, find_kubectl
from pytest_eksconform.emulation.control_plane.cache import this_platform
from pytest_eksconform.emulation.control_plane.downloads import ReleaseSites
from pytest_eksconform.emulation.control_plane.versions import Component, components
from pytest_eksconform.errors import EmulationError

FakeBinary = Callable[[Path, str], Path]
PLATFORM = this_platform()
KUBECTL = f"/v1.35.4/bin/{PLATFORM.os}/{PLATFORM.arch}/kubectl"


def dead_site() -> ReleaseSites:
    """A site at a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return ReleaseSites(*[f"http://127.0.0.1:{probe.getsockname()[1]}"] * 2)


def write_all(directory: Path, fake_binary: FakeBinary) -> None:
    for component in components("1.35"):
        fake_binary(directory / component.name, f"version v{component.version}")


def test_binaries_of_the_assets_directory_come_first(tmp_path, fake_binary, progress, monkeypatch):
    write_all(tmp_path / "given", fake_binary)
    write_all(tmp_path / "kubebuilder", fake_binary)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "kubebuilder"))
    found = find_binaries("1.35", assets=tmp_path / "given", may_build=False, progress=progress)
    assert found.kube_apiserver == tmp_path / "given" / "kube-apiserver"
    assert found.git_version == "v1.35.4"
    assert found.notices == ()


def test_a_wrong_version_is_said_and_the_next_source_is_tried(
    tmp_path, fake_binary, progress, monkeypatch
):
    write_all(tmp_path / "given", fake_binary)
    wrong = fake_binary(tmp_path / "given" / "etcd", "etcd Version: 3.5.0")
    right = fake_binary(tmp_path / "kubebuilder" / "etcd", "etcd Version: 3.6.5")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "kubebuilder"))
    found = find_binaries("1.35", assets=tmp_path / "given", may_build=False, progress=progress)
    assert found.etcd == right
    assert found.notices == (f"{wrong}: found v3.5.0, wanted v3.6.5; passed over",)


def test_a_missing_assets_directory_is_an_error(tmp_path, progress):
    with pytest.raises(EmulationError, match="nowhere does not exist"):
        find_binaries("1.35", assets=tmp_path / "nowhere", progress=progress)


def test_the_version_is_asked_once_for_an_unchanged_binary(tmp_path, progress):
    binary = tmp_path / "given" / "kubectl"
    binary.parent.mkdir()
    (tmp_path / "cache").mkdir()
    binary.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\necho v1.35.4\n")
    binary.chmod(0o755)
    for _ in range(2):
        find_kubectl("1.35", assets=tmp_path / "given", may_build=False, progress=progress)
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_a_kubernetes_release_is_fetched_with_its_checksum(release_site, progress, cache):
    program = b"#!/bin/sh\necho v1.35.4\n"
    release_site.files[KUBECTL] = program
    release_site.files[f"{KUBECTL}.sha256"] = hashlib.sha256(program).hexdigest().encode()
    sites = ReleaseSites(kubernetes=release_site.url)
    path = find_kubectl("1.35", may_build=False, progress=progress, releases=sites)
    assert path.read_bytes() == program
    assert not list(cache.glob("unfinished-*"))
    release_site.asked.clear()
    assert find_kubectl("1.35", may_build=False, progress=progress, releases=sites) == path
    assert release_site.asked == []


def test_a_release_with_another_checksum_is_not_used(release_site, progress, cache):
    release_site.files[KUBECTL] = b"#!/bin/sh\necho v1.35.4\n"
    release_site.files[f"{KUBECTL}.sha256"] = b"0" * 64
    sites = ReleaseSites(kubernetes=release_site.url)
    with pytest.raises(EmulationError, match="does not have its published SHA-256"):
        find_kubectl("1.35", may_build=False, progress=progress, releases=sites)
    assert not (cache / "bin").exists()


def test_etcd_is_taken_from_its_archive(release_site, progress, monkeypatch):
    etcd = next(c for c in components("1.35") if c.name == "etcd")
    monkeypatch.setattr(binaries, "components", lambda version: (etcd,))
    name = f"etcd-v3.6.5-{PLATFORM.os}-{PLATFORM.arch}"
    content = io.BytesIO()
    program = b"#!/bin/sh\necho etcd Version: 3.6.5\n"
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        entry = tarfile.TarInfo(f"{name}/etcd")
        entry.size = len(program)
        tar.addfile(entry, io.BytesIO(program))
    archive = content.getvalue()
    sums = f"{'1' * 64}  other.zip\n{hashlib.sha256(archive).hexdigest()}  {name}.tar.gz\n"
    release_site.files[f"/v3.6.5/{name}.tar.gz"] = archive
    release_site.files["/v3.6.5/SHA256SUMS"] = sums.encode()
    sites = ReleaseSites("http://127.0.0.1:9", release_site.url)
    search = binaries._Search("1.35", None, False, progress, sites)
    assert search.find((etcd,))["etcd"].read_bytes() == program


def test_after_one_site_out_of_reach_no_other_is_asked(progress, release_site):
    sites = ReleaseSites(dead_site().kubernetes, release_site.url)
    reversed_components = tuple(reversed(components("1.35")))
    search = binaries._Search("1.35", None, False, progress, sites)
    with pytest.raises(EmulationError):
        search.find(reversed_components)
    assert len(search.notices) == 1
    assert "cannot be reached" in search.notices[0]
    assert release_site.asked == []


def test_without_building_the_error_says_what_goes_where(progress):
    with pytest.raises(EmulationError) as caught:
        find_binaries("1.35", may_build=False, progress=progress, releases=dead_site())
    text = str(caught.value)
    assert "kwok 0.8.0" in text
    assert "kube-apiserver 1.35.4" in text
    assert "--eks-assets" in text
    assert "\n" not in text


def test_an_unknown_version_names_those_that_are_known(progress):
    with pytest.raises(EmulationError, match=r"choose one of 1\.33, 1\.34, 1\.35"):
        find_binaries("1.20", progress=progress)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_cache_is_one_line(tmp_path, progress):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(EmulationError, match="set EKSCONFORM_CACHE_DIR"):
            find_kubectl("1.35", progress=progress, releases=dead_site())
    finally:
        tmp_path.chmod(0o700)


def test_a_cache_that_cannot_be_made_is_one_line(tmp_path, progress, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EKSCONFORM_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(EmulationError, match="set EKSCONFORM_CACHE_DIR"):
        find_kubectl("1.35", progress=progress, releases=dead_site())


def test_what_is_missing_is_built_once(fake_go, progress, cache):
    first = find_kubectl("1.35", progress=progress, releases=dead_site())
    again = find_kubectl("1.35", progress=progress, releases=dead_site())
    assert first == again
    assert sum(call.startswith("build") for call in fake_go.calls) == 1
    assert not list(cache.glob("unfinished-*"))
    assert progress.advances[0][:3] == ("building kubectl (once)", 1, 2)


def test_a_build_of_another_version_is_refused(fake_go, progress):
    fake_go.install(builds="1.30.0")
    with pytest.raises(EmulationError, match=r"not version 1\.35\.4"):
        find_kubectl("1.35", progress=progress, releases=dead_site())


def test_a_build_without_room_is_refused_before_it_starts(fake_go, progress, monkeypatch):
    monkeypatch.setattr(builds, "DISK_BYTES", 10**18)
    with pytest.raises(EmulationError, match="GB free; make room"):
        find_kubectl("1.35", progress=progress, releases=dead_site())
    assert not any(call.startswith("build") for call in fake_go.calls)


def test_kwok_has_no_release_to_fetch(progress, release_site):
    kwok = Component("kwok", "0.8.0", "sigs.k8s.io/kwok/cmd/kwok")
    sites = ReleaseSites(release_site.url, release_site.url)
    search = binaries._Search("1.35", None, False, progress, sites)
    with pytest.raises(EmulationError):
        search.find((kwok,))
    assert release_site.asked == []
