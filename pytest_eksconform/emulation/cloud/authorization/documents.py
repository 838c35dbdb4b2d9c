"""Policy documents, parsed once and kept by their text."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Statement:
    """One statement; ``not_*`` members are the negated forms, None where absent.

    ``principals`` maps a kind (``AWS``, ``Service``, ``Federated``) to values, ``{"*": ("*",)}``
    for everyone, and is None in identity policies.
    """

    sid: str
    effect: str
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principals: Mapping[str, tuple[str, ...]] | None
    not_principals: Mapping[str, tuple[str, ...]] | None
    conditions: Conditions


class MalformedPolicy(ValueError):
    """The document is not a policy; the text says what is wrong."""


@functools.lru_cache(maxsize=2048)
def parse(document: str) -> tuple[Statement, ...]:
    """Parse a policy document.

    Raises:
        MalformedPolicy: when it is no JSON, or has no usable statements.
    """
    try:
        content = json.loads(document)
    except ValueError as error:
        raise MalformedPolicy("This policy contains invalid Json") from error
    if not isinstance(content, dict) or not content.get("Statement"):
        raise MalformedPolicy("Syntax errors in policy.")
    statements = content["Statement"]
    return tuple(_statement(item) for item in _listed(statements))


def _statement(item: Any) -> Statement:
    if not isinstance(item, dict) or item.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy("Syntax errors in policy.")
    if "Action" not in item and "NotAction" not in item:
        raise MalformedPolicy("Policy statement must contain actions.")
    return Statement(
        sid=str(item.get("Sid", "")),
        effect=item["Effect"],
        actions=_strings(item, "Action"),
        not_actions=_strings(item, "NotAction"),
        resources=_strings(item, "Resource"),
        not_resources=_strings(item, "NotResource"),
        principals=_principals(item.get("Principal")),
        not_principals=_principals(item.get("NotPrincipal")),
        conditions=_conditions(item.get("Condition") or {}),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _strings(item: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    if name not in item:
        return None
    return tuple(str(value) for value in _listed(item[name]))


def _principals(value: Any) -> Mapping[str, tuple[str, ...]] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return {value: (value,)}
    return {str(kind): tuple(str(v) for v in _listed(values)) for kind, values in value.items()}


def _conditions(value: Mapping[str, Any]) -> Conditions:
    return {
        operator: {key: tuple(_text(v) for v in _listed(values)) for key, values in block.items()}
        for operator, block in value.items()
    }


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
