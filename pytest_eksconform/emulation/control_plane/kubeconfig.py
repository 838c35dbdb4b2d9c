"""Configuration files that Kubernetes programs read, written as JSON, which is YAML."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from pytest_eksconform.emulation.control_plane.pki import KeyPair, write_private


def write_kubeconfig(path: Path, server: str, ca_pem: bytes, client: KeyPair | None) -> None:
    """Write a kubeconfig with everything in it, readable by its owner only.

    Args:
        server: https URL.
        ca_pem: what the server's certificate is verified with.
        client: the client's certificate; None where the server does not ask for one.
    """
    user = {} if client is None else _client_data(client)
    document: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "emulated",
                "cluster": {"server": server, "certificate-authority-data": _data(ca_pem)},
            }
        ],
        "users": [{"name": "emulated", "user": user}],
        "contexts": [{"name": "emulated", "context": {"cluster": "emulated", "user": "emulated"}}],
        "current-context": "emulated",
    }
    write_json(path, document)


def write_json(path: Path, document: dict[str, object]) -> None:
    """Write a document, readable by its owner only."""
    write_private(path, json.dumps(document, indent=1).encode("utf-8"))


def _client_data(client: KeyPair) -> dict[str, str]:
    return {
        "client-certificate-data": _data(client.certificate_pem),
        "client-key-data": _data(client.key_pem),
    }


def _data(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
