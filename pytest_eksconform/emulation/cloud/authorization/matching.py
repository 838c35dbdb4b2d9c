"""Wildcards, variables and ARNs as policies use them."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

Context = Mapping[str, tuple[str, ...]]
VARIABLE = re.compile(r"\$\{([^}]+)\}")
LITERALS = {"*": "*", "?": "?", "$": "$"}


@functools.lru_cache(maxsize=8192)
def _pattern(text: str, ignore_case: bool) -> re.Pattern[str]:
    pieces = {"*": ".*", "?": "."}
    expression = "".join(pieces.get(char, re.escape(char)) for char in text)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def glob(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Say whether a value fits a pattern with ``*`` and ``?``."""
    if pattern == "*":
        return True
    return _pattern(pattern, ignore_case).fullmatch(value) is not None


def action_matches(pattern: str, action: str) -> bool:
    """Compare actions: wildcards, without regard to case."""
    return glob(pattern, action, ignore_case=True)


def arn_matches(pattern: str, arn: str) -> bool:
    """Compare ARNs part by part, so that a wildcard never reaches over a colon before the name.

    An incomplete pattern means any value in the parts that it lacks.
    """
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    wanted += ["*"] * (len(given) - len(wanted))
    if len(wanted) != len(given):
        return False
    return all(glob(part, value) for part, value in zip(wanted, given, strict=True))


def expand(text: str, context: Context) -> str | None:
    """Replace policy variables; None when one has no value, as then nothing can match."""
    if "${" not in text:
        return text
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = match.group(1).partition(",")
        if name in LITERALS:
            return LITERALS[name]
        found = find(context, name.strip())
        if found:
            return found[0]
        missing = missing or not default
        return default.strip().strip("'")

    expanded = VARIABLE.sub(value, text)
    return None if missing else expanded


def find(context: Context, key: str) -> tuple[str, ...] | None:
    """Look a condition key up; names are compared without case, tag keys too."""
    if key in context:
        return context[key]
    wanted = key.lower()
    return next((values for name, values in context.items() if name.lower() == wanted), None)
