"""Finds the control plane's binaries, each at exactly the version that is wanted.

Sources, in this order: the assets directory that was given, ``KUBEBUILDER_ASSETS``, the cache,
official releases with published checksums, a build from Go modules.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from pytest_eksconform.emulation.control_plane.builds import build
from pytest_eksconform.emulation.control_plane.cache import (
    CACHE_VARIABLE,
    BinaryCache,
    cache_directory,
    this_platform,
)
from pytest_eksconform.emulation.control_plane.downloads import (
    Downloader,
    NotFetchedError,
    ReleaseSites,
)
from pytest_eksconform.emulation.control_plane.versioncheck import VersionBook
from pytest_eksconform.emulation.control_plane.versions import (
    DEFAULT_KUBERNETES_VERSION,
    Component,
    components,
    kubectl,
    patch_version,
)
from pytest_eksconform.emulation.progress import Progress
from pytest_eksconform.errors import EmulationError

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"
OFFICIAL_RELEASES = ReleaseSites()


@dataclass(frozen=True)
class Binaries:
    """The programs of one control plane.

    Args:
        kubernetes_version: minor version, ``1.35``.
        git_version: the version that the API server tells, ``v1.35.4``.
        notices: one line for each source that had to be passed over.
    """

    kubernetes_version: str
    git_version: str
    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    kwok: Path
    notices: tuple[str, ...] = ()


def find_binaries(
    kubernetes_version: str = DEFAULT_KUBERNETES_VERSION,
    *,
    assets: Path | None = None,
    may_build: bool = True,
    progress: Progress,
    releases: ReleaseSites = OFFICIAL_RELEASES,
) -> Binaries:
    """Find the five binaries; fetch or build those that are missing.

    Args:
        kubernetes_version: minor version.
        assets: directory that may hold binaries, asked before everything else.
        may_build: whether missing binaries may be built, which takes minutes.
        progress: told what is being fetched or built.
        releases: where official releases are.

    Raises:
        EmulationError: unknown version, or a binary cannot be had; the text says what to do.
    """
    search = _Search(kubernetes_version, assets, may_build, progress, releases)
    found = search.find(components(kubernetes_version))
    return Binaries(
        kubernetes_version=kubernetes_version,
        git_version=f"v{patch_version(kubernetes_version)}",
        notices=tuple(search.notices),
        **{name.replace("-", "_"): path for name, path in found.items()},
    )


def find_kubectl(
    kubernetes_version: str = DEFAULT_KUBERNETES_VERSION,
    *,
    assets: Path | None = None,
    may_build: bool = True,
    progress: Progress,
    releases: ReleaseSites = OFFICIAL_RELEASES,
) -> Path:
    """Find kubectl in the same way as :func:`find_binaries` finds the control plane.

    Raises:
        EmulationError: unknown version, or it cannot be had.
    """
    search = _Search(kubernetes_version, assets, may_build, progress, releases)
    return search.find((kubectl(kubernetes_version),))["kubectl"]


@dataclass
class _Search:
    kubernetes_version: str
    assets: Path | None
    may_build: bool
    progress: Progress
    releases: ReleaseSites
    notices: list[str] = field(default_factory=list)
    cache: BinaryCache = field(init=False)
    book: VersionBook = field(init=False)

    def __post_init__(self) -> None:
        self.cache = BinaryCache(cache_directory(), this_platform())
        self.book = VersionBook(self.cache.directory / "versions.json")

    def find(self, wanted: tuple[Component, ...]) -> dict[str, Path]:
        found = self._given(wanted)
        found |= self._cached(_missing(wanted, found))
        if _missing(wanted, found):
            with self.cache.locked(self.progress):
                # another run may have filled the cache while this one waited
                found |= self._cached(_missing(wanted, found))
                found |= self._released(_missing(wanted, found))
                found |= self._built(_missing(wanted, found))
        return found

    def _given(self, wanted: tuple[Component, ...]) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for directory in self._assets_directories():
            for component in _missing(wanted, found):
                path = directory / component.name
                if path.exists() and self._is_right(path, component):
                    found[component.name] = path.absolute()
        return found

    def _assets_directories(self) -> list[Path]:
        if self.assets is not None and not self.assets.is_dir():
            raise EmulationError(
                f"the assets directory {self.assets} does not exist; give the directory that "
                "holds the control plane's binaries"
            )
        of_environment = os.environ.get(ASSETS_VARIABLE)
        chosen = [self.assets] if self.assets is not None else []
        return [*chosen, Path(of_environment)] if of_environment else chosen

    def _is_right(self, path: Path, component: Component) -> bool:
        version = self.book.version(path, component)
        if version != component.version:
            found = f"found v{version}" if version else "it does not tell its version"
            self._notice(f"{path}: {found}, wanted v{component.version}; passed over")
        return version == component.version

    def _cached(self, wanted: tuple[Component, ...]) -> dict[str, Path]:
        paths = {component: self.cache.path(component) for component in wanted}
        return {
            component.name: path
            for component, path in paths.items()
            if path.exists() and self._is_right(path, component)
        }

    def _released(self, wanted: tuple[Component, ...]) -> dict[str, Path]:
        downloader = Downloader(self.cache, self.releases, self.progress)
        found: dict[str, Path] = {}
        for component in wanted:
            try:
                path = downloader.fetch(component)
            except NotFetchedError as error:
                self._notice(f"{component.name} {component.version} was not fetched: {error}")
                continue
            if path is not None and self._is_right(path, component):
                found[component.name] = path
        return found

    def _built(self, wanted: tuple[Component, ...]) -> dict[str, Path]:
        if not wanted:
            return {}
        if not self.may_build:
            raise EmulationError(self._refusal(wanted))
        built = build(wanted, self.kubernetes_version, self.cache, self.progress)
        for component in wanted:
            if not self._is_right(built[component.name], component):
                raise EmulationError(
                    f"the build of {component.name} is not version {component.version}; "
                    f"remove {self.cache.directory} and run again"
                )
        return built

    def _refusal(self, wanted: tuple[Component, ...]) -> str:
        names = ", ".join(f"{component.name} {component.version}" for component in wanted)
        seen = f" ({'; '.join(self.notices)})" if self.notices else ""
        return (
            f"missing {names}, and --eks-no-build forbids building them{seen}: put them into a "
            f"directory given with --eks-assets or {ASSETS_VARIABLE}, or run once without "
            f"--eks-no-build to fill the cache {self.cache.directory} ({CACHE_VARIABLE})"
        )

    def _notice(self, text: str) -> None:
        self.notices.append(text)
        self.progress.step(text)


def _missing(wanted: tuple[Component, ...], found: dict[str, Path]) -> tuple[Component, ...]:
    return tuple(component for component in wanted if component.name not in found)
