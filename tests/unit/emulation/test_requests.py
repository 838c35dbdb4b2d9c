"""What cannot be started is refused before anything is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_eksconform.emulation import EmulationRequest, TerminalProgress, launcher, start
from pytest_eksconform.errors import EmulationError


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (EmulationRequest(engine="minikube"), "no engine 'minikube'; there is kwok"),
        (EmulationRequest(blueprint="nope"), "no blueprint 'nope'; there is bare, managed-nodes"),
        (EmulationRequest(kubernetes_version="1.12"), "choose one of 1.33, 1.34, 1.35"),
        (EmulationRequest(assets=Path("/no/such")), "/no/such: no such folder (--eks-assets)"),
    ],
)
def test_request_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request_: EmulationRequest, said: str
) -> None:
    monkeypatch.setenv("EKSCONFORM_RUN_DIR", str(tmp_path))
    with (
        TerminalProgress(lambda _text: None, isatty=False) as silent,
        pytest.raises(EmulationError) as refusal,
    ):
        start(request_, silent)
    assert str(refusal.value).endswith(said)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_said_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EKSCONFORM_RUN_DIR", str(tmp_path))
    monkeypatch.setattr(launcher, "NEEDED_BYTES", 10**18)
    with (
        TerminalProgress(lambda _text: None, isatty=False) as silent,
        pytest.raises(EmulationError, match="give another folder with EKSCONFORM_RUN_DIR"),
    ):
        start(EmulationRequest(), silent)
    assert [path.name for path in tmp_path.iterdir() if path.name[0] != "."] == []
