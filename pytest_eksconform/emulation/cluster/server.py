"""One HTTPS server on loopback for everything that the API server and verifiers call."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Handler = Callable[[dict[str, Any]], dict[str, Any]]

_LOG = logging.getLogger(__name__)
_IDLE_SECONDS = 60


class ClusterServer:
    """Answers JSON with JSON; a path that has no handler yet answers 503.

    Args:
        certificate: path of the certificate for ``127.0.0.1``.
        key: path of its key.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._handlers: dict[str, Handler] = {}
        self._http = _LoopbackServer(self._answer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # The handshake is left to the request's own thread: a slow client must not stop others.
        self._http.socket = context.wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=self._http.serve_forever, name="cluster-https", daemon=True).start()

    @property
    def port(self) -> int:
        """The port on loopback."""
        return int(self._http.server_port)

    @property
    def url(self) -> str:
        """``https://127.0.0.1:PORT``."""
        return f"https://127.0.0.1:{self.port}"

    def serve(self, path: str, handler: Handler) -> None:
        """Answer ``path`` with ``handler``, which gets the request's JSON ({} for a GET)."""
        self._handlers[path] = handler

    def stop(self) -> None:
        """Stop listening."""
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        handler = self._handlers.get(path)
        if handler is None:
            return 503, {"error": f"nothing is served at {path}"}
        try:
            return 200, handler(json.loads(body) if body else {})
        except Exception:  # noqa: BLE001 - one bad request must not end the connection
            _LOG.exception("%s could not be answered", path)
            return 500, {"error": "see the supervisor's log"}


class _LoopbackServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Callable[[str, bytes], tuple[int, dict[str, Any]]]) -> None:
        self.answer = answer
        super().__init__(("127.0.0.1", 0), _RequestHandler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        _LOG.debug("a client of the cluster server went away", exc_info=True)


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    # An answer in two packets would wait 40 ms for the acknowledgement of the first.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _LoopbackServer

    def do_GET(self) -> None:
        """Answer a GET."""
        self._respond(b"")

    def do_POST(self) -> None:
        """Answer a POST."""
        self._respond(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _respond(self, body: bytes) -> None:
        status, answer = self.server.answer(self.path.partition("?")[0], body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Log nothing: a request may carry a token."""
