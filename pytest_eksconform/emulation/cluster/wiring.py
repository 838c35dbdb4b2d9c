"""The cluster's own services on one server: known by address first, opened when AWS is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_eksconform.emulation.cluster import admission, oidc
from pytest_eksconform.emulation.cluster.access_entries import AccessEntries
from pytest_eksconform.emulation.cluster.admission import PodIdentityWebhook
from pytest_eksconform.emulation.cluster.authenticator import Authenticator
from pytest_eksconform.emulation.cluster.authorizer import Authorizer
from pytest_eksconform.emulation.cluster.server import ClusterServer, Handler
from pytest_eksconform.emulation.control_plane import (
    issue_server_certificate,
    service_account_jwks,
)
from pytest_eksconform.emulation.control_plane.pki import create_authority, write_private
from pytest_eksconform.emulation.kube import Kube

if TYPE_CHECKING:
    from pytest_eksconform.emulation.aws_clients import AwsClients


class ClusterServices:
    """Authentication, authorization, pod identity injection and OIDC discovery of one cluster.

    Args:
        directory: where its certificate is kept.
        cluster_name: the cluster.
        region: the region that injected environments name.
    """

    def __init__(self, directory: Path, cluster_name: str, region: str) -> None:
        directory.mkdir(mode=0o700)
        authority = create_authority("eksconform-cluster-services")
        pair = issue_server_certificate(authority, ["127.0.0.1", "localhost"])
        certificate, key = directory / "server.crt", directory / "server.key"
        write_private(certificate, pair.certificate_pem)
        write_private(key, pair.key_pem)
        self.ca_pem = authority.certificate_pem
        self._cluster_name = cluster_name
        self._region = region
        self._server = ClusterServer(certificate, key)
        self._issuer_path = oidc.issuer_path()
        self._keys: dict[str, Any] = {"keys": []}

    @property
    def port(self) -> int:
        """The port on loopback."""
        return self._server.port

    @property
    def issuer(self) -> str:
        """The cluster's OIDC issuer."""
        return self._server.url + self._issuer_path

    @property
    def jwks_uri(self) -> str:
        """Where the issuer's keys are."""
        return f"{self.issuer}/keys"

    @property
    def authentication_url(self) -> str:
        """Where TokenReviews go."""
        return f"{self._server.url}/authenticate"

    @property
    def authorization_url(self) -> str:
        """Where SubjectAccessReviews go."""
        return f"{self._server.url}/authorize"

    def key_set(self, issuer: str) -> dict[str, Any]:
        """The JSON Web Key Set of an issuer; empty for one that is not ours."""
        return self._keys if issuer == self.issuer else {"keys": []}

    def serve(self, path: str, handler: Handler) -> None:
        """Answer a further path."""
        self._server.serve(path, handler)

    def open(self, aws: AwsClients, kube: Kube, service_account_keys_pem: bytes) -> None:
        """Begin to answer, and register the webhook that injects pod identities.

        Args:
            aws: clients that may read EKS and EC2.
            kube: a client that may do everything.
            service_account_keys_pem: what service account tokens are verified with.
        """
        self._keys = dict(service_account_jwks(service_account_keys_pem))
        entries = AccessEntries(aws("eks"), self._cluster_name)
        authenticator = Authenticator(
            self._cluster_name, aws.endpoint_url, entries, _PrivateDnsNames(aws)
        )
        self.serve("/authenticate", authenticator.review)
        self.serve("/authorize", Authorizer(entries).review)
        self._serve_discovery()
        webhook = PodIdentityWebhook(
            self._region,
            lambda namespace, name: kube.find("v1", "ServiceAccount", name, namespace),
            _Associations(aws, self._cluster_name),
        )
        self.serve(admission.WEBHOOK_PATH, webhook.review)
        url = f"{self._server.url}{admission.WEBHOOK_PATH}"
        kube.apply(admission.configuration(url, self.ca_pem), manager="eks")

    def stop(self) -> None:
        """Stop answering."""
        self._server.stop()

    def _serve_discovery(self) -> None:
        document = oidc.discovery_document(self.issuer)
        path = f"{self._issuer_path}/.well-known/openid-configuration"
        self.serve(path, lambda _: document)
        self.serve(f"{self._issuer_path}/keys", lambda _: self._keys)


class _PrivateDnsNames:
    def __init__(self, aws: AwsClients) -> None:
        self._ec2 = aws("ec2")

    def __call__(self, instance_id: str) -> str:
        found = self._ec2.describe_instances(InstanceIds=[instance_id])
        return str(found["Reservations"][0]["Instances"][0]["PrivateDnsName"])


class _Associations:
    def __init__(self, aws: AwsClients, cluster_name: str) -> None:
        self._eks = aws("eks")
        self._cluster_name = cluster_name

    def __call__(self, namespace: str, service_account: str) -> bool:
        found = self._eks.list_pod_identity_associations(
            clusterName=self._cluster_name, namespace=namespace, serviceAccount=service_account
        )
        return bool(found["associations"])
