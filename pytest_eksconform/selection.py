"""Which controls run: ids, areas and globs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from pytest_eksconform.catalogue import Control
from pytest_eksconform.errors import SettingsError


def matches(control: Control, patterns: Iterable[str]) -> bool:
    """Whether one of `patterns` is the control's id or area, or a glob over its id."""
    return any(p == control.area or fnmatchcase(control.id, p) for p in patterns)


def check_patterns(option: str, patterns: Iterable[str], catalogue: Mapping[str, Control]) -> None:
    """See that each pattern means something.

    Raises:
        SettingsError: one matches no control.
    """
    for pattern in patterns:
        if not any(matches(control, [pattern]) for control in catalogue.values()):
            near = _nearest(pattern, catalogue)
            hint = f"; did you mean {near}?" if near else ""
            areas = ", ".join(sorted({control.area for control in catalogue.values()}))
            raise SettingsError(f"{option}={pattern}: no such control{hint} (areas: {areas})")


def _nearest(pattern: str, catalogue: Mapping[str, Control]) -> str | None:
    from difflib import get_close_matches

    found = get_close_matches(pattern, catalogue, 1)
    return found[0] if found else None


def chosen(control: Control, select: Iterable[str], ignore: Iterable[str]) -> bool:
    """Whether `control` runs, given what was selected (nothing means all) and what was ignored."""
    wanted = list(select)
    return (not wanted or matches(control, wanted)) and not matches(control, ignore)
