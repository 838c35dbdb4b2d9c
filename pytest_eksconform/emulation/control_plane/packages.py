"""Which Go packages a build compiles, and for which of its programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class PackageGraph:
    """The packages of a build, as ``go list -deps`` tells them.

    Args:
        imports: for each package, those that it imports.
        stale: those that are not compiled yet.
    """

    TEMPLATE: ClassVar[str] = '{{.ImportPath}}\t{{.Stale}}\t{{join .Imports ","}}'

    imports: Mapping[str, tuple[str, ...]]
    stale: frozenset[str]

    @classmethod
    def parse(cls, lines: Iterable[str]) -> PackageGraph:
        """Read the lines that ``go list -deps -f TEMPLATE`` printed, among others."""
        imports: dict[str, tuple[str, ...]] = {}
        stale: set[str] = set()
        for line in lines:
            if line.count("\t") == 2:
                package, is_stale, imported = line.rstrip("\n").split("\t")
                imports[package] = tuple(imported.split(",")) if imported else ()
                if is_stale == "true":
                    stale.add(package)
        return cls(imports, frozenset(stale))

    def owners(self, roots: Mapping[str, str]) -> dict[str, str]:
        """For each package the program that it is compiled for; the first, if there are more.

        Args:
            roots: name of the program by its main package.
        """
        owners: dict[str, str] = {}
        for root, name in roots.items():
            waiting = [root]
            while waiting:
                package = waiting.pop()
                if package not in owners and package in self.imports:
                    owners[package] = name
                    waiting.extend(self.imports[package])
        return owners
