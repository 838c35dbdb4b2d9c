"""Pages of a list, with tokens that say where the next one begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import AwsError

LARGEST_PAGE = 100


def page(name: str, items: Sequence[Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of ``items`` under ``name``, with ``nextToken`` when more follow."""
    start = _start(parameters.get("nextToken"))
    size = int(parameters.get("maxResults") or LARGEST_PAGE)
    answer: dict[str, Any] = {name: list(items[start : start + size])}
    if start + size < len(items):
        answer["nextToken"] = base64.b64encode(str(start + size).encode()).decode()
    return answer


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except (ValueError, binascii.Error) as error:
        raise AwsError("InvalidParameterException", "nextToken is not valid", 400) from error
