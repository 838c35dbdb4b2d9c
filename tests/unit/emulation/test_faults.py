"""The registry of faults."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from pytest_eksconform.emulation.faults import all_faults, declared_in, differences, fault
from pytest_eksconform.emulation.world import World


@fault("an-example", breaks=("some-control",))
def an_example(world: World) -> Iterator[None]:
    """Break an example."""
    yield


def test_declared_fault_is_found_where_it_is_declared() -> None:
    module = ModuleType(__name__)
    module.__dict__["an_example"] = an_example
    (found,) = declared_in(module)
    assert (found.name, found.breaks) == ("an-example", ("some-control",))
    assert found.description == "Break an example."
    assert not declared_in(ModuleType("elsewhere"))


def test_fault_without_controls_is_refused() -> None:
    def silent(world: World) -> Iterator[None]:
        yield

    with pytest.raises(ValueError, match="say what is broken"):
        fault("silent", breaks=("some-control",))(silent)


def test_shipped_faults_have_unique_names() -> None:
    names = [found.name for found in all_faults()]
    assert len(names) == len(set(names))


def test_differences_tell_what_is_gone_and_new() -> None:
    (line,) = differences({"a": [1, 2], "b": []}, {"a": [2, 3], "b": []})
    assert line == "a: gone [1], new [3]"
