"""Starts the emulated AWS: one threaded server on loopback."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server

from pytest_eksconform.emulation.facts import Credentials

from . import autoscaling, ec2, eks, eks_auth, iam, quotas, sts
from .call_log import Call, CallLog
from .context import Cloud, Handlers, KeySets
from .ec2.eks_images import seed_parameters
from .eks.state import EksState
from .front import Front, Preparation
from .iam.managed_policies import seed
from .principals import PrincipalDirectory
from .providers import AddonWorkloads, ControlPlaneProvider, NodeGroupNodes
from .stores import MotoStores
from .sts.web_identity import fetching_key_sets

ACCOUNT_ID = "111122223333"
ADMINISTRATOR = "emulation-administrator"
HOST = "127.0.0.1"
HANDLERS: dict[str, Handlers] = {
    "eks": eks.HANDLERS,
    "eks-auth": eks_auth.HANDLERS,
    "sts": sts.HANDLERS,
    "iam": iam.HANDLERS,
    "ec2": ec2.HANDLERS,
    "autoscaling": autoscaling.HANDLERS,
    "servicequotas": quotas.HANDLERS,
}


def _prepare_ssm(cloud: Cloud) -> None:
    seed_parameters(cloud.stores)


def _prepare_ec2(cloud: Cloud) -> None:
    # Reading the store puts our EC2 and Auto Scaling in moto's place, before moto builds its own.
    _ = cloud.stores.autoscaling


EC2_SERVICES = ("ec2", "autoscaling", "elasticloadbalancing", "elasticfilesystem", "tagging")
PREPARATIONS: dict[str, Preparation] = {
    "ssm": _prepare_ssm,
    **dict.fromkeys(EC2_SERVICES, _prepare_ec2),
}


class CloudServer:
    """The running cloud.

    Attributes:
        url: ``http://127.0.0.1:PORT``, the endpoint of every service.
        region: the region the account works in.
        account_id: twelve digits.
        root_credentials: keys of the administrator, whom no policy binds.
    """

    def __init__(
        self, server: BaseWSGIServer, cloud: Cloud, credentials: Credentials, calls: CallLog
    ) -> None:
        self.url = f"http://{HOST}:{server.server_port}"
        self.region = cloud.region
        self.account_id = cloud.account_id
        self.root_credentials = credentials
        self._server = server
        self._calls = calls
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def calls(self) -> list[Call]:
        """Return the calls answered so far, oldest first."""
        return self._calls.calls()

    def stop(self) -> None:
        """Stop answering and close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def start_cloud(
    region: str,
    control_planes: ControlPlaneProvider,
    workloads: AddonWorkloads,
    port: int = 0,
    *,
    nodes: NodeGroupNodes | None = None,
    jwks: KeySets | None = None,
    issuer_ca_pem: str | None = None,
    clock: Callable[[], datetime] | None = None,
) -> CloudServer:
    """Start the emulated AWS with an empty account. One a process, as moto's store is global.

    Args:
        region: for example ``eu-west-1``.
        control_planes: starts the control planes of clusters.
        workloads: installs add-ons; may implement `NodeGroupNodes` as well.
        port: the port on loopback, 0 for a free one.
        nodes: counts Ready nodes; without it node groups are ACTIVE at once, unless
            ``workloads`` or ``control_planes`` can count them.
        jwks: gives an issuer's JSON Web Key Set; default: from its discovery document.
        issuer_ca_pem: the CA for fetching discovery documents, PEM.
        clock: the time (UTC), for tests that move it.

    Raises:
        OSError: the port is taken.
    """
    _quiet()
    stores = _fresh_stores(region)
    counter = nodes or next(
        (part for part in (workloads, control_planes) if isinstance(part, NodeGroupNodes)), None
    )
    cloud = Cloud(
        account_id=ACCOUNT_ID,
        region=region,
        stores=stores,
        principals=PrincipalDirectory(stores, ADMINISTRATOR),
        eks=EksState(),
        control_planes=control_planes,
        workloads=workloads,
        nodes=counter,
        key_sets=jwks or fetching_key_sets(issuer_ca_pem),
        clock=clock or (lambda: datetime.now(UTC)),
    )
    credentials = _make_administrator(stores)
    calls = CallLog()
    front = Front(cloud, HANDLERS, PREPARATIONS, _moto_application(), calls)
    server = _listen(port, front)
    threading.Thread(target=lambda: stores.autoscaling, daemon=True).start()
    return CloudServer(server, cloud, credentials, calls)


def _quiet() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)


def _fresh_stores(region: str) -> MotoStores:
    from moto.core.base_backend import BackendDict

    BackendDict.reset()
    stores = MotoStores(ACCOUNT_ID, region)
    seed(stores)
    return stores


def _make_administrator(stores: MotoStores) -> Credentials:
    iam_store = stores.iam
    iam_store.create_user("aws", ADMINISTRATOR)
    iam_store.attach_user_policy("arn:aws:iam::aws:policy/AdministratorAccess", ADMINISTRATOR)
    key = iam_store.create_access_key(ADMINISTRATOR)
    return Credentials(key.access_key_id, key.secret_access_key)


def _moto_application() -> Any:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def _listen(port: int, front: Front) -> BaseWSGIServer:
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Handler(MotoRequestHandler):
        """Keeps connections open: clients make many calls a second."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing: the call log has it."""

    return make_server(HOST, port, front, threaded=True, request_handler=Handler)
