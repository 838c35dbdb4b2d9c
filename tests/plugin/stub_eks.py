"""A stub of the few AWS and Kubernetes answers that the plugin's own tests need.

It is scripted, not emulated: no rule of EKS is in it. What is real about EKS is tested against
the emulation, under ``tests/emulation``.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT = "111122223333"
REGION = "eu-west-1"
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/reader</Arn>
<UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""
ERROR = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Type>Sender</Type><Code>{code}</Code><Message>{code}</Message></Error></ErrorResponse>"""
AWS_ERRORS = {403: "AccessDeniedException", 404: "ResourceNotFoundException"}


@dataclass(frozen=True)
class Request:
    """What the stub was asked: ``METHOD /path``, or ``STS Action``; query and headers."""

    name: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


class StubEks:
    """Listens on loopback; what it answers may be changed at any time.

    Attributes:
        url: where it listens.
        answers: ``METHOD /path`` to (status, body); what is not in it gets 404.
        pages: ``METHOD /path`` to pages of objects, answered with continue tokens.
        seen: all requests so far.
    """

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.pages: dict[str, list[list[Any]]] = {}
        self.seen: list[Request] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.answer("STS GetCallerIdentity", 200, IDENTITY)
        self.answer("GET /clusters/prod", 200, {"cluster": self.cluster("prod")})
        self.answer("GET /clusters", 200, {"clusters": ["prod", "test"]})
        self.answer("GET /version", 200, {"gitVersion": "v1.35.4"})
        self.answer("GET /api/v1/nodes", 200, {"items": [named("ip-10-0-0-1")]})

    @property
    def requests(self) -> list[str]:
        """The names of all requests so far."""
        return [request.name for request in self.seen]

    def answer(self, request: str, status: int, body: Any) -> None:
        """From now on answer `request` so."""
        self.answers[request] = (status, body)

    def refuse_identity(self, code: str) -> None:
        """Let GetCallerIdentity fail with AWS's error `code`."""
        self.answer("STS GetCallerIdentity", 403, ERROR.format(code=code))

    def refuse_action(self, request: str, action: str) -> None:
        """Let the AWS `request` fail for want of the IAM `action`."""
        text = f"User: arn:aws:iam::{ACCOUNT}:user/reader is not authorized to perform: {action}"
        self.answer(request, 403, {"message": f"{text} on resource: *"})

    def cluster(self, name: str, **changes: Any) -> dict[str, Any]:
        """A cluster as DescribeCluster has it, with this stub as its Kubernetes API."""
        facts = {
            "name": name,
            "arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}",
            "version": "1.35",
            "platformVersion": "eks.5",
            "status": "ACTIVE",
            "endpoint": self.url,
            "certificateAuthority": {"data": base64.b64encode(b"stub").decode()},
        }
        return facts | changes

    def respond_to(self, request: Request) -> tuple[int, Any]:
        """Status and body for `request`, which is remembered."""
        self.seen.append(request)
        if request.name in self.pages:
            return 200, self._page(request)
        return self.answers.get(request.name, (404, {"message": f"no {request.name}"}))

    def _page(self, request: Request) -> dict[str, Any]:
        pages, number = self.pages[request.name], int(request.query.get("continue", "0"))
        more = {"continue": str(number + 1)} if number + 1 < len(pages) else {}
        return {"metadata": more, "items": pages[number]}

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def named(name: str, **rest: Any) -> dict[str, Any]:
    """A Kubernetes object of this name."""
    return {"metadata": {"name": name}, "spec": {}, "status": {}} | rest


def _handler(stub: StubEks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond("GET")

        def do_POST(self) -> None:
            self._respond("POST")

        def _respond(self, method: str) -> None:
            status, body = stub.respond_to(self._request(method))
            data = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data.encode())))
            if status in AWS_ERRORS:
                self.send_header("x-amzn-ErrorType", AWS_ERRORS[status])
            self.end_headers()
            self.wfile.write(data.encode())

        def _request(self, method: str) -> Request:
            length = int(self.headers.get("Content-Length") or 0)
            action = parse_qs(self.rfile.read(length).decode()).get("Action", [""])[0]
            url = urlsplit(self.path)
            name = f"STS {action}" if action else f"{method} {url.path}"
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            return Request(name, query, dict(self.headers))

        log_message: Callable[..., None] = lambda *_args: None

    return Handler
