"""Condition operators: one block of a statement against the context of a call."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from .documents import Conditions
from .matching import Context, arn_matches, expand, find, glob

Comparison = Callable[[str, str], bool]


def _number(compare: Callable[[float, float], bool]) -> Comparison:
    def comparison(wanted: str, given: str) -> bool:
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return False

    return comparison


def _moment(text: str) -> float:
    if text.replace(".", "", 1).isdigit():
        return float(text)
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _date(compare: Callable[[float, float], bool]) -> Comparison:
    def comparison(wanted: str, given: str) -> bool:
        try:
            return compare(_moment(given), _moment(wanted))
        except ValueError:
            return False

    return comparison


def _address(wanted: str, given: str) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


COMPARISONS: dict[str, Comparison] = {
    "StringEquals": lambda wanted, given: wanted == given,
    "StringEqualsIgnoreCase": lambda wanted, given: wanted.lower() == given.lower(),
    "StringLike": glob,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": lambda wanted, given: wanted.lower() == given.lower(),
    "BinaryEquals": lambda wanted, given: wanted == given,
    "IpAddress": _address,
    "NumericEquals": _number(lambda a, b: a == b),
    "NumericLessThan": _number(lambda a, b: a < b),
    "NumericLessThanEquals": _number(lambda a, b: a <= b),
    "NumericGreaterThan": _number(lambda a, b: a > b),
    "NumericGreaterThanEquals": _number(lambda a, b: a >= b),
    "DateEquals": _date(lambda a, b: a == b),
    "DateLessThan": _date(lambda a, b: a < b),
    "DateLessThanEquals": _date(lambda a, b: a <= b),
    "DateGreaterThan": _date(lambda a, b: a > b),
    "DateGreaterThanEquals": _date(lambda a, b: a >= b),
}
NEGATIONS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


@dataclass
class ConditionOutcome:
    """Whether all conditions hold, and the keys that had no value though one was needed."""

    holds: bool = True
    missing: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Operator:
    comparison: Comparison
    negated: bool
    if_exists: bool
    quantifier: str


def evaluate(conditions: Conditions, context: Context) -> ConditionOutcome:
    """Evaluate every operator and key of a statement; all have to hold."""
    outcome = ConditionOutcome()
    for name, block in conditions.items():
        for key, wanted in block.items():
            given = find(context, key)
            if given is None and not name.startswith("Null") and not name.endswith("IfExists"):
                outcome.missing.add(key)
            if not _holds(name, wanted, given, context):
                outcome.holds = False
    return outcome


def _holds(
    name: str, wanted: tuple[str, ...], given: tuple[str, ...] | None, context: Context
) -> bool:
    if name == "Null":
        return any((given is None) == (value.lower() == "true") for value in wanted)
    operator = _operator(name)
    if operator is None:
        return False
    if given is None:
        return operator.if_exists or operator.negated or operator.quantifier == "ForAllValues"
    values = tuple(v for v in (expand(text, context) for text in wanted) if v is not None)

    def one(value: str) -> bool:
        matched = any(operator.comparison(candidate, value) for candidate in values)
        return matched != operator.negated

    if operator.quantifier == "ForAllValues" or (operator.negated and not operator.quantifier):
        return all(one(value) for value in given)
    return any(one(value) for value in given)


def _operator(name: str) -> _Operator | None:
    quantifier, _, rest = name.rpartition(":")
    if_exists = rest.endswith("IfExists")
    base = rest.removesuffix("IfExists")
    negated = base in NEGATIONS
    comparison = COMPARISONS.get(NEGATIONS.get(base, base))
    if comparison is None:
        return None
    return _Operator(comparison, negated, if_exists, quantifier)
