"""Between HTTP and operations: which call a request is, and how an answer is written.

moto's request parsers and response serializers, which follow botocore's models, do the work.
"""

from __future__ import annotations

import functools
import io
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from .error_answers import error_body
from .errors import AwsError

BOTOCORE_NAMES = {
    "servicequotas": "service-quotas",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "elasticfilesystem": "efs",
    "aps": "amp",
    "tagging": "resourcegroupstaggingapi",
}
UNSIGNED_SERVICES = {
    "AssumeRoleWithWebIdentity": "sts",
    "AssumeRoleWithSAML": "sts",
}
POD_IDENTITY_PATH = re.compile(r"^/clusters/[^/]+/assume-role-for-pod-identity$")
CREDENTIAL = re.compile(r"Credential=([^,\s]+)")


@dataclass(frozen=True)
class HttpRequest:
    """A request as it arrived.

    Attributes:
        method: the HTTP verb.
        path: percent-encoded, as sent: signatures are computed over it.
        query: without the question mark, as sent.
        headers: names in lower case.
        body: raw bytes.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @functools.cached_property
    def arguments(self) -> dict[str, str]:
        """The query's arguments, decoded; the last of equal names wins."""
        return {name: values[-1] for name, values in parse_qs(self.query, True).items()}


@dataclass(frozen=True)
class CredentialScope:
    """Where a signature says it is valid: key, day, region and service."""

    access_key_id: str
    date: str
    region: str
    service: str


@dataclass(frozen=True)
class ApiCall:
    """A request understood: service by its signing name, operation, parameters."""

    service: str
    operation: str
    parameters: dict[str, Any]
    region: str
    model: ServiceModel
    operation_model: OperationModel
    content_type: str


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def read_request(environ: dict[str, Any]) -> HttpRequest:
    """Take the request out of a WSGI environment, leaving the body readable again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    if environ.get("CONTENT_LENGTH"):
        headers["content-length"] = environ["CONTENT_LENGTH"]
    path, _, query = str(environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")
    return HttpRequest(environ["REQUEST_METHOD"], path, query, headers, body)


def credential_scope(request: HttpRequest) -> CredentialScope | None:
    """Return what the signature claims, None for an unsigned request."""
    found = CREDENTIAL.search(request.headers.get("authorization", ""))
    text = found.group(1) if found else request.arguments.get("X-Amz-Credential", "")
    parts = text.split("/")
    if len(parts) < 5:
        return None
    return CredentialScope("/".join(parts[:-4]), parts[-4], parts[-3], parts[-2])


def unsigned_service(request: HttpRequest) -> str | None:
    """Return the service of an operation that needs no signature, None for all others."""
    if POD_IDENTITY_PATH.match(unquote(request.path)):
        return "eks-auth"
    form = parse_qs(request.body.decode("utf-8", "replace")) if request.body else {}
    action = request.arguments.get("Action") or form.get("Action", [""])[0]
    return UNSIGNED_SERVICES.get(action)


def service_model(service: str, parameters: Mapping[str, str]) -> ServiceModel | None:
    """Return the botocore model behind a signing name, None for an unknown service."""
    name = BOTOCORE_NAMES.get(service, service)
    if service == "elasticloadbalancing" and parameters.get("Version") == "2012-06-01":
        name = "elb"
    try:
        return get_service_model(name)
    except Exception as error:  # botocore's loader raises its own UnknownServiceError
        if type(error).__name__ == "UnknownServiceError":
            return None
        raise


def understand(environ: dict[str, Any], service: str, region: str) -> ApiCall | None:
    """Find the operation and its parameters; None where the model has no such operation."""
    request = Request(dict(environ))
    model = service_model(service, request.values)
    if model is None:
        return None
    operation_name, uri_parameters = _route(request, model)
    if operation_name not in model.operation_names:
        return None
    operation = model.operation_model(operation_name)
    parser = PROTOCOL_PARSERS[determine_request_protocol(model, request.content_type)]
    parameters = parser(operation, map_type=dict).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": uri_parameters,
        }
    )
    environ["wsgi.input"].seek(0)
    return ApiCall(
        service=service,
        operation=operation_name,
        parameters=dict(parameters or {}),
        region=region,
        model=model,
        operation_model=operation,
        content_type=request.content_type or "",
    )


def _route(request: Request, model: ServiceModel) -> tuple[str, dict[str, Any]]:
    target = request.headers.get("X-Amz-Target")
    if target:
        return target.rpartition(".")[2], {}
    action = request.values.get("Action")
    if action:
        return str(action), {}
    try:
        operation, uri_parameters = get_service_router(model.service_name).match(request)
    except (HTTPException, NotImplementedError):
        return "", {}
    return str(operation.name), dict(uri_parameters)


def write_result(call: ApiCall, result: Mapping[str, Any]) -> Answer:
    """Write an operation's result by its model; members the model lacks are dropped."""
    protocol = determine_request_protocol(call.model, call.content_type)
    serializer_class = get_serializer_class(call.model.service_name, protocol)
    written = serializer_class(operation_model=call.operation_model).serialize(result)
    body = written["body"]
    content = body.encode() if isinstance(body, str) else bytes(body)
    headers = [(str(name), str(value)) for name, value in written["headers"].items()]
    return Answer(int(written["status_code"]), headers, content)


def write_error(service: str, error: AwsError, content_type: str = "") -> Answer:
    """Write an error in the service's protocol, or as STS would for an unknown service."""
    model = service_model(service, {}) or get_service_model("sts")
    try:
        protocol = determine_request_protocol(model, content_type)
    except NotImplementedError:
        protocol = str(model.protocol)
    kind, body = error_body(error, protocol, model.metadata)
    status = error.status or _modelled_status(model, error.code)
    request_id = str(uuid.uuid4())
    headers = [
        ("Content-Type", kind),
        ("X-Amzn-Errortype", error.code),
        ("X-Amzn-Requestid", request_id),
    ]
    return Answer(status, headers, body)


def _modelled_status(model: ServiceModel, code: str) -> int:
    for shape in model.error_shapes:
        error = shape.metadata.get("error", {})
        if code in (shape.name, error.get("code")):
            return int(error.get("httpStatusCode", HTTPStatus.BAD_REQUEST))
    return HTTPStatus.BAD_REQUEST
