"""The target factory, as far as it goes without a cluster."""

from __future__ import annotations

import importlib.util

import pytest

from pytest_eksconform.errors import TargetError
from pytest_eksconform.settings import OPTIONS, Setting, Settings
from pytest_eksconform.target import applied_environment, opened


def settings(**given):
    values = {option.name: None for option in OPTIONS} | given
    return Settings({name: Setting(value, "default") for name, value in values.items()})


def refusal(**given) -> str:
    with (
        pytest.raises(TargetError) as caught,
        opened(settings(**given), lambda _text: None, tty=False),
    ):
        pass
    return str(caught.value)


def test_real_cluster_has_nothing_of_an_emulation():
    with opened(settings(cluster="prod", region="eu-west-1"), print, tty=False) as target:
        assert (target.cluster, target.region) == ("prod", "eu-west-1")
    assert not any((target.environment, target.variables, target.lacks, target.provenance))


def test_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert refusal(emulate="kwok").endswith("pip install 'pytest-eksconform[emulation]'")


def test_kind_is_refused_in_one_line():
    assert refusal(emulate="kind") == (
        "the engine kind is not in this version; use --eks-emulate=kwok"
    )


def test_environment_is_put_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.delenv("AWS_REGION", raising=False)
    with applied_environment({"AWS_PROFILE": None, "AWS_REGION": "eu-west-1"}):
        import os

        assert "AWS_PROFILE" not in os.environ
        assert os.environ["AWS_REGION"] == "eu-west-1"
    assert os.environ["AWS_PROFILE"] == "mine"
    assert "AWS_REGION" not in os.environ
