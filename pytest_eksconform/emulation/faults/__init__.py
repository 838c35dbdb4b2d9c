"""Named ways to break a blueprint, with the controls that must then fail."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_eksconform.emulation.blueprints.readiness import is_settled
from pytest_eksconform.emulation.world import World
from pytest_eksconform.errors import EmulationError

Break = Callable[[World], Iterator[None]]

_ATTRIBUTE = "eksconform_fault"
_SETTLE_SECONDS = 60.0
_SHOWN_DIFFERENCES = 3


@dataclass(frozen=True)
class Fault:
    """A way to break a blueprint and to mend it again.

    Args:
        name: stable, in words joined by hyphens.
        blueprint: the blueprint that it breaks.
        breaks: the ids of the controls that must fail while it is applied; no others may.
        description: what is broken, in one line.
        apply: a generator function: it breaks, yields, and mends.
        expects: text of the expectations file under which the controls judge at all.
    """

    name: str
    blueprint: str
    breaks: tuple[str, ...]
    description: str
    apply: Break
    expects: str = ""


def fault(
    name: str,
    blueprint: str = "managed-nodes",
    breaks: Sequence[str] = (),
    expects: str = "",
) -> Callable[[Break], Break]:
    """Declare a generator function as a fault.

    Args:
        name: stable, in words joined by hyphens.
        blueprint: the blueprint that it breaks.
        breaks: the ids of the controls that must then fail.
        expects: text of the expectations file under which they judge at all.

    Raises:
        ValueError: no control is named, or the function has no docstring to say what it breaks.
    """

    def declare(function: Break) -> Break:
        description = (inspect.getdoc(function) or "").partition("\n")[0]
        if not breaks or not description:
            raise ValueError(f"fault {name}: name the controls it breaks and say what is broken")
        declared = Fault(name, blueprint, tuple(breaks), description, function, expects)
        setattr(function, _ATTRIBUTE, declared)
        return function

    return declare


def fault_of(function: Break) -> Fault:
    """The fault that a function was declared as.

    Raises:
        ValueError: it was not declared by `fault`.
    """
    declared = getattr(function, _ATTRIBUTE, None)
    if not isinstance(declared, Fault):
        raise ValueError(f"{function!r} is no fault: declare it with @fault(…)")
    return declared


@functools.cache
def all_faults() -> tuple[Fault, ...]:
    """Every fault of this package's modules, by name.

    Raises:
        ValueError: two have the same name.
    """
    found = [item for module in _modules() for item in declared_in(module)]
    names = [item.name for item in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"faults declared twice: {', '.join(sorted(twice))}")
    return tuple(sorted(found, key=lambda item: item.name))


def declared_in(module: Any) -> list[Fault]:
    """The faults that a module itself declares, not those it imports."""
    return [
        getattr(item, _ATTRIBUTE)
        for item in vars(module).values()
        if hasattr(item, _ATTRIBUTE) and item.__module__ == module.__name__
    ]


def _modules() -> Iterator[Any]:
    for found in pkgutil.iter_modules(__path__):
        yield importlib.import_module(f"{__name__}.{found.name}")


@contextlib.contextmanager
def applied(broken: Fault, world: World) -> Iterator[None]:
    """Apply a fault for the length of the block; afterwards the state is what it was.

    Raises:
        EmulationError: the state's digest did not come back; the text says where it differs.
    """
    before = world.listing()
    with contextlib.contextmanager(broken.apply)(world):
        yield
    _wait_until_back(broken, world, before)


def _wait_until_back(broken: Fault, world: World, before: dict[str, Any]) -> None:
    left: list[str] = []

    def is_back() -> bool:
        left[:] = differences(before, world.listing())
        return not left and is_settled(world)

    try:
        world.wait_until(f"the state before fault {broken.name}", is_back, _SETTLE_SECONDS)
    except EmulationError:
        shown = "; ".join(left[:_SHOWN_DIFFERENCES]) or "a part that is not healthy again"
        raise EmulationError(f"fault {broken.name} left something behind: {shown}") from None


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Where two listings differ, one line for each kind."""
    return [
        f"{kind}: gone {_short(before[kind], after[kind])}, new {_short(after[kind], before[kind])}"
        for kind in before
        if before[kind] != after.get(kind)
    ]


def _short(these: list[Any], others: list[Any]) -> str:
    only = [item for item in these if item not in others]
    return str(only)[:300]
