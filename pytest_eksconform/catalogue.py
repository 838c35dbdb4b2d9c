"""The controls that exist, known before pytest collects one test.

A control is declared once, on its test function, by ``@pytest.mark.eks_control(…)`` with literal
arguments. The files are read as syntax, never imported: so an unknown id is a usage error with
and without xdist, and nothing of a user's code runs before its time.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_eksconform.errors import SettingsError
from pytest_eksconform.findings import SEVERITIES

MARKER = "eks_control"
SHIPPED = Path(__file__).parent / "suites"
"""Where the shipped suites are; only there may an id be without a prefix."""
TIERS = ("observe", "probe", "provision", "disrupt")
"""From the harmless to the harmful."""


@dataclass(frozen=True)
class Control:
    """One property of the platform.

    Attributes:
        id: stable name; a user's own carries a prefix (``acme/…``).
        area: folder of the suite, or the prefix of a user's own id.
        severity: one of `pytest_eksconform.findings.SEVERITIES`.
        tier: one of `TIERS`.
        title: first line of the test function's docstring: the property.
        reads: sections of the snapshot that it reads; the rights needed follow from them.
        sources: the documents that the property comes from.
        applies: when it is not applicable, in words, for the documentation.
        path: file that declares it.
    """

    id: str
    area: str
    severity: str = "medium"
    tier: str = "observe"
    title: str = ""
    reads: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    applies: str = ""
    path: Path = field(default=Path(), compare=False)

    @property
    def shipped(self) -> bool:
        """Whether the project ships it, as opposed to a user's own."""
        return "/" not in self.id


def control_from_marker(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], *, path: Path, doc: str | None
) -> Control:
    """The control that a marker's arguments declare.

    Raises:
        SettingsError: the arguments are not those of ``eks_control``.
    """
    where = f"eks_control in {path.name}"
    if len(args) != 1 or not isinstance(args[0], str):
        raise SettingsError(f'{where}: give the id as the one positional argument, "acme/my-id"')
    known = {"severity", "tier", "reads", "sources", "applies"}
    if unknown := sorted(set(kwargs) - known):
        raise SettingsError(f"{where}: unknown argument {unknown[0]}; known: {sorted(known)}")
    values = dict(kwargs)
    for name in ("reads", "sources"):
        values[name] = _texts(values.get(name, ()), f"{where}: {name}")
    title = (doc or "").strip().split("\n", 1)[0]
    if "/" not in args[0] and SHIPPED not in path.resolve().parents:
        raise SettingsError(f'{where}: id {args[0]!r} needs a prefix of yours: "acme/{args[0]}"')
    control = Control(id=args[0], area=_area(args[0], path), title=title, path=path, **values)
    _check_choice(control.severity, SEVERITIES, f"{where}: severity")
    _check_choice(control.tier, TIERS, f"{where}: tier")
    return control


def _texts(value: Any, what: str) -> tuple[str, ...]:
    # A lone text would be taken apart into its letters.
    if not isinstance(value, (tuple, list)) or not all(isinstance(v, str) for v in value):
        raise SettingsError(f'{what} must be a tuple of texts, like ("nodes",)')
    return tuple(value)


def _area(control_id: str, path: Path) -> str:
    return control_id.split("/", 1)[0] if "/" in control_id else path.parent.name


def _check_choice(value: str, choices: tuple[str, ...], what: str) -> None:
    if value not in choices:
        raise SettingsError(f"{what} {value!r} is unknown; one of {', '.join(choices)}")


def read_catalogue(paths: Iterable[Path]) -> dict[str, Control]:
    """Every control declared in `paths` (files, or folders searched for Python files), by id.

    Raises:
        SettingsError: an id is declared twice, or a marker's arguments are not literals.
    """
    controls: dict[str, Control] = {}
    for path in _python_files(paths):
        for control in controls_in(path):
            other = controls.get(control.id)
            if other is not None:
                raise SettingsError(
                    f"control {control.id} is declared in {other.path} and in {control.path}; "
                    "give one of them another id"
                )
            controls[control.id] = control
    return controls


def _python_files(paths: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in paths:
        for file in _files_below(path) if path.is_dir() else [path]:
            resolved = file.resolve()
            if file.suffix == ".py" and file.is_file() and resolved not in seen:
                seen.add(resolved)
                yield resolved


def _files_below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        # Like pytest itself, past hidden folders and virtual environments.
        kept = [f for f in folders if f[0] != "." and not Path(root, f, "pyvenv.cfg").exists()]
        folders[:] = sorted(kept)
        yield from (Path(root, file) for file in sorted(files))


def controls_in(path: Path) -> Iterator[Control]:
    """The controls that the file at `path` declares; none if it is not Python."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if MARKER not in text:
        return
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return  # pytest itself reports it, with the line
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from _declared_by(node, path)


def _declared_by(function: ast.FunctionDef, path: Path) -> Iterator[Control]:
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Call) or _last_name(decorator.func) != MARKER:
            continue
        try:
            args = tuple(ast.literal_eval(arg) for arg in decorator.args)
            kwargs = {str(k.arg): ast.literal_eval(k.value) for k in decorator.keywords}
        except ValueError:
            raise SettingsError(
                f"{path}:{decorator.lineno}: eks_control takes literal arguments only"
            ) from None
        yield control_from_marker(args, kwargs, path=path, doc=ast.get_docstring(function))


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
