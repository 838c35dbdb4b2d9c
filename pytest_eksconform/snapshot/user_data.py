"""The outline of an instance's user data: enough to judge a bootstrap, without its free text."""

from __future__ import annotations

import base64
import binascii
import email
from email.message import Message
from typing import Any

import yaml

NODE_CONFIG_TYPE = "application/node.eks.aws"


def digest_of_user_data(encoded: str) -> dict[str, Any]:
    """What base64 `encoded` user data is made of.

    Returns:
        ``format`` (``mime``, ``script``, ``toml``, ``other``), ``well_formed``,
        ``bootstrap_sh`` (whether it calls AL2's ``/etc/eks/bootstrap.sh``) and
        ``node_configs``: apiVersion and cluster part of each NodeConfig.
    """
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return {"format": "other", "well_formed": False, "bootstrap_sh": False, "node_configs": []}
    message = email.message_from_string(text)
    mime = message.get_content_maintype() == "multipart" and "MIME-Version" in message
    parts = _parts(message) if mime else []
    return {
        "format": "mime" if mime else _plain_format(text),
        "well_formed": not mime or (message.is_multipart() and not message.defects),
        "bootstrap_sh": "/etc/eks/bootstrap.sh" in text,
        "node_configs": [c for p in parts if (c := _node_config(p)) is not None]
        or [c for c in [_node_config_text(text)] if not mime and c is not None],
    }


def _parts(message: Message) -> list[Message]:
    return [part for part in message.walk() if not part.is_multipart()]


def _plain_format(text: str) -> str:
    if text.startswith("#!"):
        return "script"
    return "toml" if text.lstrip().startswith("[settings") else "other"


def _node_config(part: Message) -> dict[str, Any] | None:
    if part.get_content_type() != NODE_CONFIG_TYPE:
        return None
    payload = part.get_payload(decode=True)
    text = payload.decode(errors="replace") if isinstance(payload, bytes) else ""
    return _node_config_text(text) or {"apiVersion": None, "cluster": {}}


def _node_config_text(text: str) -> dict[str, Any] | None:
    try:
        documents = [d for d in yaml.safe_load_all(text) if isinstance(d, dict)]
    except yaml.YAMLError:
        return None
    for document in documents:
        if document.get("kind") == "NodeConfig":
            cluster = (document.get("spec") or {}).get("cluster") or {}
            return {"apiVersion": document.get("apiVersion"), "cluster": cluster}
    return None
