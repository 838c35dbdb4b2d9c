"""Whether a kept emulation still is what was built: asked of its supervisor."""

from __future__ import annotations

import http.client
import json
import ssl

from pytest_eksconform.emulation.run_directory import RunDirectory

_TIMEOUT_SECONDS = 10.0


def is_as_built(directory: RunDirectory) -> bool:
    """Whether the supervisor answers, all it runs is alive, and the state's digest is the same."""
    known = directory.read_json("supervisor.json")
    if known is None:
        return False
    context = ssl.create_default_context(cadata=known["ca"])
    connection = http.client.HTTPSConnection(
        "127.0.0.1", known["port"], timeout=_TIMEOUT_SECONDS, context=context
    )
    try:
        connection.request("GET", "/health")
        answer = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return bool(answer.get("alive")) and answer.get("digest") == known["digest"]
