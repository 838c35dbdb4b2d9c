"""Fetches official release binaries, each checked against its published checksum."""

from __future__ import annotations

import hashlib
import http.client
import re
import tarfile
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pytest_eksconform.emulation.control_plane.cache import BinaryCache, Platform
from pytest_eksconform.emulation.control_plane.versions import Component
from pytest_eksconform.emulation.progress import Progress

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
_CHUNK_BYTES = 1 << 20
_MEGABYTE = 1_000_000


class NotFetchedError(Exception):
    """A binary could not be had from its release; the text is one line."""


class UnreachableError(NotFetchedError):
    """The release site does not answer: asking it for more would only cost time."""


@dataclass(frozen=True)
class ReleaseSites:
    """Base addresses of the releases, without a slash at the end."""

    kubernetes: str = "https://dl.k8s.io"
    etcd: str = "https://github.com/etcd-io/etcd/releases/download"


@dataclass(frozen=True)
class Release:
    """Where a binary is published.

    Args:
        url: the binary, or the archive that holds it.
        checksum_url: its SHA-256: a bare one, or lines of ``<checksum>  <file name>``.
    """

    url: str
    checksum_url: str

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return self.url.rsplit("/", 1)[-1]


def release_of(component: Component, platform: Platform, sites: ReleaseSites) -> Release | None:
    """The release of a component; None where there is none with a checksum, as of kwok."""
    version = component.version
    if component.is_kubernetes:
        folder = f"{sites.kubernetes}/v{version}/bin/{platform.os}/{platform.arch}"
        return Release(f"{folder}/{component.name}", f"{folder}/{component.name}.sha256")
    if component.name == "etcd":
        suffix = "zip" if platform.os == "darwin" else "tar.gz"
        file_name = f"etcd-v{version}-{platform.os}-{platform.arch}.{suffix}"
        folder = f"{sites.etcd}/v{version}"
        return Release(f"{folder}/{file_name}", f"{folder}/SHA256SUMS")
    return None


@dataclass
class Downloader:
    """Fetches components into the cache until a site turns out to be out of reach.

    Args:
        cache: where binaries go; the caller holds its lock.
        sites: base addresses.
        progress: told how far each download is.
    """

    cache: BinaryCache
    sites: ReleaseSites
    progress: Progress
    is_unreachable: bool = field(default=False, init=False)

    def fetch(self, component: Component) -> Path | None:
        """Fetch one component; None if it has no release or no site can be reached.

        Raises:
            NotFetchedError: this binary is not there or does not have its published checksum.
            EmulationError: the cache cannot be written.
        """
        release = release_of(component, self.cache.platform, self.sites)
        if release is None or self.is_unreachable:
            return None
        self.progress.step(f"fetching {component.name} {component.version}")
        try:
            checksum = published_checksum(release)
        except UnreachableError:
            self.is_unreachable = True
            raise
        with self.cache.staging() as directory:
            archive = directory / release.file_name
            self._download(release, archive, checksum, component.name)
            binary = directory / f"{component.name}.binary"
            _extract(archive, component.name, binary)
            return self.cache.install(component, binary)

    def _download(self, release: Release, target: Path, checksum: str, name: str) -> None:
        digest = hashlib.sha256()
        with _open(release.url, READ_SECONDS) as response, target.open("wb") as file:
            total = int(response.headers.get("Content-Length") or 0)
            while chunk := _read(response, release.url):
                digest.update(chunk)
                file.write(chunk)
                self.progress.advance(
                    f"fetching {name} (once), MB", file.tell() // _MEGABYTE, total // _MEGABYTE
                )
        if digest.hexdigest() != checksum:
            raise NotFetchedError(f"{release.url} does not have its published SHA-256 {checksum}")


def published_checksum(release: Release) -> str:
    """The SHA-256 that the project publishes for a release, 64 hexadecimal digits.

    Raises:
        UnreachableError: the site does not answer in time.
        NotFetchedError: there is no checksum for this file.
    """
    text = _within(2 * CONNECT_SECONDS, lambda: _text(release.checksum_url), release.checksum_url)
    for line in text.splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})(?:\s+\*?(\S+))?", line.strip())
        if match and match[2] in (None, release.file_name):
            return match[1]
    raise NotFetchedError(f"{release.checksum_url} has no SHA-256 for {release.file_name}")


def _text(url: str) -> str:
    with _open(url, CONNECT_SECONDS) as response:
        return response.read(_CHUNK_BYTES).decode("ascii", "replace")


def _within(seconds: float, answer: Callable[[], str], url: str) -> str:
    # a socket's time-out does not cover the look-up of its name, which can hang for a minute
    answers: list[str | Exception] = []

    def ask() -> None:
        try:
            answers.append(answer())
        except (NotFetchedError, OSError, http.client.HTTPException) as error:
            answers.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answers:
        raise UnreachableError(f"{url} did not answer in {seconds:.0f} s")
    if isinstance(answers[0], NotFetchedError):
        raise answers[0]
    if isinstance(answers[0], Exception):
        raise UnreachableError(f"{url} broke off: {answers[0]}") from answers[0]
    return answers[0]


def _open(url: str, seconds: float) -> http.client.HTTPResponse:
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(  # noqa: S310 - the sites are ours
            url, timeout=seconds
        )
    except urllib.error.HTTPError as error:
        error.close()
        raise NotFetchedError(f"{url} answered {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"{url} cannot be reached: {reason}") from error
    return response


def _read(response: http.client.HTTPResponse, url: str) -> bytes:
    try:
        return response.read(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise NotFetchedError(f"{url} broke off: {error}") from error


def _extract(archive: Path, name: str, target: Path) -> None:
    try:
        if archive.name.endswith(".tar.gz"):
            with tarfile.open(archive) as tar:
                member = next(m for m in tar if m.isfile() and Path(m.name).name == name)
                content = tar.extractfile(member)
                if content is not None:
                    _copy(content, target)
        elif archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as packed:
                entry = next(n for n in packed.namelist() if Path(n).name == name)
                with packed.open(entry) as content:
                    _copy(content, target)
        else:
            archive.rename(target)
    except (StopIteration, tarfile.TarError, zipfile.BadZipFile) as error:
        raise NotFetchedError(f"{archive.name} does not hold {name}") from error


def _copy(content: IO[bytes], target: Path) -> None:
    with target.open("wb") as file:
        while chunk := content.read(_CHUNK_BYTES):
            file.write(chunk)
