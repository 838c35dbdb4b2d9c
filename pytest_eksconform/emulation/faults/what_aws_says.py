"""What only AWS can change: the emulated AWS answers from other data for the length of a block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from pytest_eksconform.emulation.world import World
from pytest_eksconform.errors import EmulationError

VERSIONS, ADDONS, INSIGHTS = "cluster-versions.json", "addon-versions.json", "insights.json"


@contextmanager
def aws_says(world: World, name: str, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """The data file `name` as `change` leaves it, for as long as the block lasts.

    Raises:
        EmulationError: no emulation is behind `world`.
    """
    if world.data is None:
        raise EmulationError(f"{name} cannot be replaced: this world is no emulation")
    shipped = files("pytest_eksconform.emulation").joinpath("data", name)
    content = json.loads(shipped.read_text("utf-8"))
    change(content)
    world.data.mkdir(exist_ok=True)
    # Written aside and moved, so that no request reads half of it.
    unfinished = world.data / f".{name}"
    unfinished.write_text(json.dumps(content), encoding="utf-8")
    unfinished.replace(world.data / name)
    try:
        yield
    finally:
        (world.data / name).unlink()
