"""The command lines of the five programs: what makes this control plane look like EKS'."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from pytest_eksconform.emulation.control_plane.binaries import Binaries
from pytest_eksconform.emulation.control_plane.kubeconfig import write_json, write_kubeconfig
from pytest_eksconform.emulation.control_plane.pki import (
    CLIENTS,
    KeyPair,
    Pki,
    write_private,
)

# Unix sockets in the control plane's own directory: no port, and nobody else gets in. They are
# named like ports because etcd takes no other names for addresses that it advertises.
ETCD_ADDRESS = "unix://localhost:2379"
ETCD_PEER_ADDRESS = "unix://localhost:2380"
_ETCD_QUOTA_BYTES = 1 << 30
_WEBHOOK_CACHE = "5s"
# kwok renews leases every ten seconds; a machine that was suspended must not lose its nodes
_NODE_GRACE = "5m"
_KWOK_LEASE_SECONDS = 40
_CLIENT_RATE = ("--kube-api-qps=500", "--kube-api-burst=1000")


@dataclass(frozen=True)
class ControlPlaneConfig:
    """What a control plane is made from.

    Args:
        directory: all its state: etcd's data, keys, logs, kubeconfigs. Started again on the same
            directory, it has the same objects, keys and certificates, but another port.
        binaries: the five programs.
        cluster_name: only for messages and certificates.
        service_account_issuer: the cluster's OIDC issuer, an https URL.
        jwks_uri: the https URL of the issuer's keys.
        authentication_webhook_url: https URL that answers TokenReview (v1), if there is one.
        authorization_webhook_url: https URL that answers SubjectAccessReview (v1) for what RBAC
            did not allow, if there is one.
        webhook_ca_pem: what the webhooks' certificates are verified with.
        service_cidr: addresses of Services.
        pod_cidr: addresses that pods get.
        advertised_address: what the Service ``kubernetes`` leads to. In EKS a network interface
            in the VPC; here nothing connects to it.
        extra_environment: variables that every process carries besides its own, for example so
            that the processes of one run can be found.
    """

    directory: Path
    binaries: Binaries
    cluster_name: str
    service_account_issuer: str
    jwks_uri: str
    authentication_webhook_url: str | None
    authorization_webhook_url: str | None
    webhook_ca_pem: bytes
    service_cidr: str = "172.20.0.0/16"
    pod_cidr: str = "10.0.0.0/16"
    advertised_address: str = "10.0.64.10"
    extra_environment: Mapping[str, str] = field(default_factory=dict)


def environment(config: ControlPlaneConfig) -> dict[str, str]:
    """The environment of all five: nothing of the user's own, so no proxies and no home."""
    home = str(config.directory)
    # collecting garbage twice as often takes 40 MB off the five, and no time that can be measured
    own = {"PATH": os.defpath, "HOME": home, "KWOK_WORKDIR": home, "GOGC": "50"}
    return {**config.extra_environment, **own}


def write_client_configs(config: ControlPlaneConfig, pki: Pki, endpoint: str) -> None:
    """Write a kubeconfig for each client of the API server, and one for the administrator."""
    for name in CLIENTS:
        pair = KeyPair(pki.certificate(name).read_bytes(), pki.key(name).read_bytes())
        path = config.directory / f"{name}.kubeconfig"
        write_kubeconfig(path, endpoint, pki.ca.certificate_pem, pair)


def etcd_command(config: ControlPlaneConfig) -> list[str | Path]:
    """etcd without durability: the data is thrown away with the directory."""
    return [
        config.binaries.etcd,
        f"--data-dir={config.directory / 'etcd'}",
        f"--listen-client-urls={ETCD_ADDRESS}",
        f"--advertise-client-urls={ETCD_ADDRESS}",
        f"--listen-peer-urls={ETCD_PEER_ADDRESS}",
        f"--initial-advertise-peer-urls={ETCD_PEER_ADDRESS}",
        "--name=etcd",
        f"--initial-cluster=etcd={ETCD_PEER_ADDRESS}",
        "--unsafe-no-fsync",
        "--enable-grpc-gateway=false",
        f"--quota-backend-bytes={_ETCD_QUOTA_BYTES}",
        "--auto-compaction-mode=periodic",
        "--auto-compaction-retention=30m",
        "--log-level=warn",
    ]


def apiserver_command(config: ControlPlaneConfig, pki: Pki, port: int) -> list[str | Path]:
    """kube-apiserver with EKS' issuer, authentication, authorization and admission."""
    return [
        config.binaries.kube_apiserver,
        f"--etcd-servers={ETCD_ADDRESS}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--advertise-address={config.advertised_address}",
        f"--service-cluster-ip-range={config.service_cidr}",
        f"--tls-cert-file={pki.certificate('apiserver')}",
        f"--tls-private-key-file={pki.key('apiserver')}",
        f"--client-ca-file={pki.certificate('ca')}",
        "--allow-privileged=true",
        "--enable-admission-plugins=NodeRestriction,ExtendedResourceToleration",
        "--event-ttl=1h",
        "--profiling=false",
        "--shutdown-delay-duration=0s",
        *_service_account_flags(config, pki),
        *_authentication_flags(config),
        *_authorization_flags(config),
    ]


def controller_manager_command(config: ControlPlaneConfig, pki: Pki) -> list[str | Path]:
    """kube-controller-manager with all controllers, without a port of its own."""
    return [
        config.binaries.kube_controller_manager,
        f"--kubeconfig={config.directory / 'controller-manager.kubeconfig'}",
        "--controllers=*",
        f"--cluster-name={config.cluster_name}",
        "--secure-port=0",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki.key('service-account')}",
        f"--root-ca-file={pki.certificate('ca')}",
        f"--cluster-signing-cert-file={pki.certificate('ca')}",
        f"--cluster-signing-key-file={pki.key('ca')}",
        f"--service-cluster-ip-range={config.service_cidr}",
        f"--node-monitor-grace-period={_NODE_GRACE}",
        "--profiling=false",
        *_CLIENT_RATE,
    ]


def scheduler_command(config: ControlPlaneConfig) -> list[str | Path]:
    """kube-scheduler without a port of its own."""
    return [
        config.binaries.kube_scheduler,
        f"--kubeconfig={config.directory / 'scheduler.kubeconfig'}",
        "--secure-port=0",
        "--leader-elect=false",
        "--profiling=false",
        *_CLIENT_RATE,
    ]


def kwok_command(config: ControlPlaneConfig) -> list[str | Path]:
    """kwok as the kubelet of the nodes that carry its annotation, without a port of its own."""
    data = resources.files("pytest_eksconform.emulation") / "data" / "control-plane"
    stages = config.directory / "kwok-stages.yaml"
    write_private(stages, (data / "kwok-stages.yaml").read_bytes())
    return [
        config.binaries.kwok,
        f"--config={stages}",
        f"--kubeconfig={config.directory / 'kwok.kubeconfig'}",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        f"--node-lease-duration-seconds={_KWOK_LEASE_SECONDS}",
        f"--cidr={config.pod_cidr}",
        "--v=WARN",
    ]


def _service_account_flags(config: ControlPlaneConfig, pki: Pki) -> list[str]:
    return [
        f"--service-account-issuer={config.service_account_issuer}",
        f"--service-account-jwks-uri={config.jwks_uri}",
        f"--service-account-key-file={pki.service_account_public_key}",
        f"--service-account-signing-key-file={pki.key('service-account')}",
        "--api-audiences=https://kubernetes.default.svc",
    ]


def _authentication_flags(config: ControlPlaneConfig) -> list[str]:
    settings = config.directory / "authentication.json"
    # EKS lets anonymous requests reach the health checks only, since 1.32
    conditions = [{"path": path} for path in ("/healthz", "/livez", "/readyz")]
    document: dict[str, object] = {
        "apiVersion": "apiserver.config.k8s.io/v1beta1",
        "kind": "AuthenticationConfiguration",
        "anonymous": {"enabled": True, "conditions": conditions},
    }
    write_json(settings, document)
    flags = [f"--authentication-config={settings}"]
    if config.authentication_webhook_url is None:
        return flags
    webhook = config.directory / "authentication-webhook.kubeconfig"
    write_kubeconfig(webhook, config.authentication_webhook_url, config.webhook_ca_pem, None)
    return [
        *flags,
        f"--authentication-token-webhook-config-file={webhook}",
        "--authentication-token-webhook-version=v1",
        f"--authentication-token-webhook-cache-ttl={_WEBHOOK_CACHE}",
    ]


def _authorization_flags(config: ControlPlaneConfig) -> list[str]:
    if config.authorization_webhook_url is None:
        return ["--authorization-mode=Node,RBAC"]
    webhook = config.directory / "authorization-webhook.kubeconfig"
    write_kubeconfig(webhook, config.authorization_webhook_url, config.webhook_ca_pem, None)
    return [
        "--authorization-mode=Node,RBAC,Webhook",
        f"--authorization-webhook-config-file={webhook}",
        "--authorization-webhook-version=v1",
        f"--authorization-webhook-cache-authorized-ttl={_WEBHOOK_CACHE}",
        f"--authorization-webhook-cache-unauthorized-ttl={_WEBHOOK_CACHE}",
    ]
