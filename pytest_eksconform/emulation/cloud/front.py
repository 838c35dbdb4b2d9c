"""The WSGI stack in front of moto: log, signature, authorisation, own handlers."""

from __future__ import annotations

import functools
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from moto.core.exceptions import ServiceException
from moto.moto_server.werkzeug_app import SIGNING_ALIASES

from .authorization.enforcement import authorize
from .call_log import Call, CallLog
from .context import Cloud, Handlers, Invocation
from .errors import AwsError
from .principals import Principal
from .signatures import as_header_signature, authenticate
from .wire import (
    Answer,
    ApiCall,
    HttpRequest,
    credential_scope,
    read_request,
    understand,
    unsigned_service,
    write_error,
    write_result,
)

LOG = logging.getLogger(__name__)
XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
Preparation = Callable[[Cloud], None]


class Front:
    """The application that the server runs.

    Args:
        cloud: the emulated account.
        handlers: operations carried out here, by service and name.
        preparations: what has to be done once before a service's first call.
        moto: the application that carries out everything else.
        calls: where answered calls are noted.
    """

    def __init__(
        self,
        cloud: Cloud,
        handlers: Mapping[str, Handlers],
        preparations: Mapping[str, Preparation],
        moto: Application,
        calls: CallLog,
    ) -> None:
        self._cloud = cloud
        self._handlers = handlers
        self._preparations = dict(preparations)
        self._moto = moto
        self._calls = calls
        self._preparing = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        request = read_request(environ)
        exchange = _Exchange(self._cloud.region, request)
        answer = self._answer(environ, exchange)
        self._note(exchange, answer, time.perf_counter() - started)
        headers = [(n, v) for n, v in answer.headers if n.lower() != "content-length"]
        headers.append(("Content-Length", str(len(answer.body))))
        start_response(_status_line(answer.status), headers)
        return [answer.body] if request.method != "HEAD" else [b""]

    def _answer(self, environ: dict[str, Any], exchange: _Exchange) -> Answer:
        content_type = exchange.request.headers.get("content-type", "")
        try:
            return self._carry_out(environ, exchange)
        except AwsError as error:
            return write_error(exchange.service, error, content_type)
        except ServiceException as error:
            wrapped = AwsError(error.code, str(error.message))
            return write_error(exchange.service, wrapped, content_type)
        except Exception:
            LOG.exception("%s:%s failed", exchange.service, exchange.operation)
            failure = AwsError("InternalFailure", "The emulated AWS failed: see its log", 500)
            return write_error(exchange.service, failure, content_type)

    def _carry_out(self, environ: dict[str, Any], exchange: _Exchange) -> Answer:
        request = exchange.request
        unsigned = unsigned_service(request)
        if unsigned is None:
            now = self._cloud.clock()
            exchange.principal = authenticate(request, self._cloud.principals, now)
        exchange.service = unsigned or exchange.service
        exchange.call = understand(environ, exchange.service, exchange.region)
        call = exchange.call
        if call is None:
            raise AwsError("InvalidAction", "The action or operation requested is invalid.", 400)
        self._prepare(exchange.service)
        _check_required(call)
        if exchange.principal is not None:
            authorize(self._cloud, exchange.principal, call)
            _mark_used(self._cloud, exchange.principal)
        result = self._own_result(call, exchange.principal)
        if result is not None:
            return write_result(call, result)
        return self._from_moto(environ, exchange)

    def _prepare(self, service: str) -> None:
        if service not in self._preparations:
            return
        with self._preparing:
            preparation = self._preparations.get(service)
            if preparation is not None:
                preparation(self._cloud)
                del self._preparations[service]

    def _own_result(self, call: ApiCall, principal: Principal | None) -> Mapping[str, Any] | None:
        handler = self._handlers.get(call.service, {}).get(call.operation)
        if handler is None:
            return None
        return handler(Invocation(self._cloud, call.operation, call.parameters, principal))

    def _from_moto(self, environ: dict[str, Any], exchange: _Exchange) -> Answer:
        if not _moto_knows(exchange.service):
            raise exchange.unsupported()
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self._cloud.account_id
        if "X-Amz-Signature" in exchange.request.arguments:
            environ["HTTP_AUTHORIZATION"] = as_header_signature(exchange.request)
        try:
            answer = _run(self._moto, environ)
        except NotImplementedError as error:
            raise exchange.unsupported() from error
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or _is_page(answer.body):
            raise exchange.unsupported()
        return answer

    def _note(self, exchange: _Exchange, answer: Answer, seconds: float) -> None:
        failed = answer.status >= HTTPStatus.BAD_REQUEST
        self._calls.add(
            Call(
                at=self._cloud.clock(),
                service=exchange.service,
                operation=exchange.operation,
                principal=exchange.principal.arn if exchange.principal else None,
                status=answer.status,
                error_code=_error_code(answer) if failed else None,
                seconds=seconds,
            )
        )


class _Exchange:
    """What becomes known of one request while it is answered."""

    def __init__(self, region: str, request: HttpRequest) -> None:
        scope = credential_scope(request)
        self.request = request
        self.service = scope.service if scope else "sts"
        self.region = scope.region if scope else region
        self.principal: Principal | None = None
        self.call: ApiCall | None = None

    @property
    def operation(self) -> str:
        return self.call.operation if self.call else "?"

    def unsupported(self) -> AwsError:
        name = f"{self.service}:{self.operation}"
        # No 5xx: clients would try again, and nothing would be different then.
        return AwsError("UnsupportedOperation", f"{name} is not part of this emulated AWS", 400)


def _run(application: Application, environ: dict[str, Any]) -> Answer:
    outcome: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        outcome.update(status=int(status.split(" ", 1)[0]), headers=headers)

    chunks = application(environ, start)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return Answer(outcome["status"], outcome["headers"], body)


@functools.cache
def _moto_knows(service: str) -> bool:
    from moto.backend_index import backend_url_patterns

    address = f"http://{SIGNING_ALIASES.get(service, service)}.us-east-1.amazonaws.com"
    return any(pattern.match(address) for _, pattern in backend_url_patterns)


def _check_required(call: ApiCall) -> None:
    shape = call.operation_model.input_shape
    required = list(getattr(shape, "required_members", []) if shape else [])
    missing = [name for name in required if call.parameters.get(name) is None]
    if missing:
        code = "InvalidParameterException" if call.service == "eks" else "ValidationError"
        raise AwsError(code, f"Missing required parameter: {missing[0]}", 400)


def _mark_used(cloud: Cloud, principal: Principal) -> None:
    if principal.is_role:
        role = cloud.stores.role(principal.iam_arn)
        if role is not None:
            role.last_used = cloud.clock()


def _is_page(body: bytes) -> bool:
    # Flask's own pages stand for operations that moto has no address for.
    return body[:15].lower().startswith((b"<!doctype html", b"<html"))


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def _error_code(answer: Answer) -> str | None:
    found = XML_CODE.search(answer.body)
    if found:
        return found.group(1).decode()
    for name, value in answer.headers:
        if name.lower() == "x-amzn-errortype":
            return value.split(":")[0]
    try:
        content = json.loads(answer.body)
    except ValueError:
        return None
    return str(content.get("__type", "")).rpartition("#")[2] or None
