"""Who set which fields of an object: a digest of its managed fields, without their bulk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def spec_owners(item: dict[str, Any]) -> dict[str, list[str]]:
    """The fields below ``spec`` of `item` by their manager, as ``replicas``, ``template.spec…``.

    Left out is what is no configuration: status and scale, which controllers write, and the
    template's annotations, where ``kubectl rollout restart`` leaves its time.
    """
    owners: dict[str, list[str]] = {}
    for entry in item["metadata"].get("managedFields") or []:
        fields = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        paths = [path for path in _paths(fields) if not path.startswith("template.metadata")]
        if paths and not entry.get("subresource"):
            owners.setdefault(entry["manager"], []).extend(paths)
    return {manager: sorted(set(paths)) for manager, paths in owners.items()}


def _paths(fields: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, below in fields.items():
        name = _name(key)
        path = f"{above}{name}" if name.startswith("[") or not above else f"{above}.{name}"
        if key == ".":
            continue
        if set(below) - {"."}:
            yield from _paths(below, path)
        else:
            yield path


def _name(key: str) -> str:
    kind, _, name = key.partition(":")
    if kind == "k":
        return f"[{next(iter(json.loads(name).values()), '')}]"
    return name if kind == "f" else f"[{name}]"
