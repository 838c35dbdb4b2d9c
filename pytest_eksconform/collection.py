"""What pytest collects: the shipped suites by default, and the controls' ids beforehand."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from pytest_eksconform.catalogue import SHIPPED
from pytest_eksconform.errors import SettingsError
from pytest_eksconform.settings import Settings


def default_paths(settings: Settings, rootdir: Path) -> list[str]:
    """The folders to run when a target but no path was given; empty leaves pytest's own choice.

    Raises:
        SettingsError: a folder of ``--eks-suites`` does not exist.
    """
    own = [_folder(name, rootdir) for name in settings.suites if name != "none"]
    shipped = [] if "none" in settings.suites else [str(SHIPPED)]
    return shipped + own


def _folder(name: str, rootdir: Path) -> str:
    path = rootdir / name
    if not path.exists():
        raise SettingsError(f"--eks-suites={name}: no such file or folder below {rootdir}")
    return str(path)


def paths_given(config: pytest.Config) -> bool:
    """Whether the command line names what to run, as opposed to testpaths or nothing."""
    return config.args_source is pytest.Config.ArgsSource.ARGS


def catalogue_paths(config: pytest.Config, settings: Settings) -> Iterator[Path]:
    """Where controls may be declared: shipped suites, own suites, and what pytest was given."""
    yield SHIPPED
    for name in settings.suites:
        if name != "none":
            yield config.rootpath / name
    for paths in config.hook.pytest_eksconform_catalogues(config=config):
        yield from (Path(path) for path in paths or ())
    yield from argument_paths(config, config.args)


def argument_paths(config: pytest.Config, args: Iterable[str]) -> Iterator[Path]:
    """The files and folders that pytest's arguments name."""
    for arg in args:
        name = str(arg).split("::", 1)[0]
        path = config.invocation_params.dir / name
        if path.exists():
            yield path
        elif config.getoption("pyargs", False) and (found := _package_path(name)):
            yield found


def _package_path(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def names_shipped_suites(config: pytest.Config) -> bool:
    """Whether the command line asks for shipped suites by path or package."""
    if not paths_given(config):
        return False
    paths = [path.resolve() for path in argument_paths(config, config.args)]
    return any(path == SHIPPED or SHIPPED in path.parents for path in paths)
