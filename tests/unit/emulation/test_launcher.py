"""The launcher's refusals and the facts that it passes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_eksconform.emulation import EmulationRequest, launcher, start
from pytest_eksconform.errors import EmulationError


class Steps:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def step(self, text: str) -> None:
        self.texts.append(text)

    def advance(self, text: str, done: int, total: int, eta_seconds: float | None = None) -> None:
        self.texts.append(text)


def test_unknown_engine_is_refused() -> None:
    with pytest.raises(EmulationError, match="no engine 'docker'; there is kwok"):
        start(EmulationRequest(engine="docker"), Steps())


def test_request_survives_json() -> None:
    request = EmulationRequest(assets=Path("/assets"), keep=True)
    assert EmulationRequest.from_json(request.to_json()) == request


def test_failed_start_says_why_and_leaves_only_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EKSCONFORM_RUN_DIR", str(tmp_path))
    monkeypatch.setenv("EKSCONFORM_CACHE_DIR", str(tmp_path / ".cache"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")  # nothing is to be downloaded
    request = EmulationRequest(kubernetes_version="1.33", may_build=False)
    with pytest.raises(EmulationError, match=r"--eks-no-build forbids building") as caught:
        start(request, Steps())
    assert "\n" not in str(caught.value)
    left = [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert len(left) == 1
    assert left[0].endswith(".log")


def test_kept_emulations_are_told_apart() -> None:
    names = {
        launcher.kept_name(request)
        for request in (
            EmulationRequest(),
            EmulationRequest(kubernetes_version="1.34"),
            EmulationRequest(region="eu-west-1"),
            EmulationRequest(cluster_name="other"),
        )
    }
    assert len(names) == 4
