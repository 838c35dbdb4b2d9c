"""The command lines that make the control plane look like EKS'."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_eksconform.emulation.control_plane import commands
from pytest_eksconform.emulation.control_plane.binaries import Binaries
from pytest_eksconform.emulation.control_plane.commands import ControlPlaneConfig
from pytest_eksconform.emulation.control_plane.pki import KeyPair, Pki


@pytest.fixture
def pki(tmp_path):
    return Pki(KeyPair(b"", b""), tmp_path / "pki")


def config(directory: Path, webhook: str | None) -> ControlPlaneConfig:
    return ControlPlaneConfig(
        directory=directory,
        binaries=Binaries("1.35", "v1.35.4", *[Path("/bin/true")] * 5),
        cluster_name="test",
        service_account_issuer="https://oidc.example/id/A",
        jwks_uri="https://oidc.example/id/A/keys",
        authentication_webhook_url=webhook,
        authorization_webhook_url=webhook,
        webhook_ca_pem=b"authority",
        extra_environment={"MARK": "run-1", "HOME": "/home/of-the-user"},
    )


def test_without_webhooks_nodes_and_rbac_decide(tmp_path, pki):
    command = commands.apiserver_command(config(tmp_path, None), pki, 6443)
    assert "--authorization-mode=Node,RBAC" in command
    assert not any("webhook-config-file" in str(part) for part in command)


def test_webhooks_are_called_with_their_authority(tmp_path, pki):
    command = commands.apiserver_command(config(tmp_path, "https://127.0.0.1:1/x"), pki, 6443)
    assert "--authorization-mode=Node,RBAC,Webhook" in command
    for name in ("authentication-webhook", "authorization-webhook"):
        document = json.loads((tmp_path / f"{name}.kubeconfig").read_text())
        assert document["clusters"][0]["cluster"] == {
            "server": "https://127.0.0.1:1/x",
            "certificate-authority-data": "YXV0aG9yaXR5",
        }


def test_the_issuer_is_that_of_the_cluster(tmp_path, pki):
    command = commands.apiserver_command(config(tmp_path, None), pki, 6443)
    assert "--service-account-issuer=https://oidc.example/id/A" in command
    assert "--service-account-jwks-uri=https://oidc.example/id/A/keys" in command
    assert "--api-audiences=https://kubernetes.default.svc" in command


def test_processes_carry_the_given_variables_but_their_own_home(tmp_path):
    environment = commands.environment(config(tmp_path, None))
    assert environment["MARK"] == "run-1"
    assert environment["HOME"] == str(tmp_path)
