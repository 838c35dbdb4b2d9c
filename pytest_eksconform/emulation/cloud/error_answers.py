"""Errors as each protocol writes them."""

from __future__ import annotations

import json
import uuid
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from .errors import AwsError

JSON_PROTOCOLS = ("json", "rest-json", "smithy-rpc-v2-cbor")


def error_body(error: AwsError, protocol: str, metadata: dict[str, Any]) -> tuple[str, bytes]:
    """Return content type and body of an error.

    Args:
        error: what went wrong.
        protocol: botocore's name of the protocol: ``json``, ``rest-json``, ``query``, ``ec2`` …
        metadata: the service model's metadata.
    """
    if protocol in JSON_PROTOCOLS:
        content = {"__type": error.code, "message": error.message, **error.members}
        version = metadata.get("jsonVersion")
        kind = f"application/x-amz-json-{version}" if protocol == "json" else "application/json"
        return kind, json.dumps(content).encode()
    if protocol == "ec2":
        return "text/xml;charset=UTF-8", _ec2(error).encode()
    return "text/xml", _query(error, str(metadata.get("xmlNamespace", ""))).encode()


def _ec2(error: AwsError) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>'
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        f"</Error></Errors><RequestID>{uuid.uuid4()}</RequestID></Response>"
    )


def _query(error: AwsError, namespace: str) -> str:
    server = (error.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error>'
        f"<Type>{'Receiver' if server else 'Sender'}</Type>"
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        f"</Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
