"""Every section there is, and what rights some of them need together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_eksconform.snapshot import ec2, eks, iam, kubernetes, surroundings
from pytest_eksconform.snapshot.sections import Rights, Section


def all_sections(extra: Iterable[Section] = ()) -> dict[str, Section]:
    """Every section by name: AWS, Kubernetes, and those that plugins add."""
    modules = (eks, ec2, surroundings, iam, kubernetes)
    sections = (*(section for module in modules for section in module.SECTIONS), *extra)
    return {section.name: section for section in sections}


def rights_of(names: Iterable[str], sections: Mapping[str, Section]) -> Rights:
    """All rights that reading the sections `names`, and what they need, takes."""
    rights = Rights()
    for name in names:
        section = sections[name]
        rights |= section.rights | rights_of(section.needs, sections)
    return rights
