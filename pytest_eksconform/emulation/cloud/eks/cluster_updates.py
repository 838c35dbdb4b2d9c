"""UpdateClusterConfig and encryption: one kind of change a request, recorded as an update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_eksconform.emulation.cloud.context import Handlers, Invocation

from . import networks
from .clusters import enabled_logs, log_setup
from .errors import invalid, invalid_request
from .state import Cluster
from .updates import record

Change = Callable[[Invocation, Cluster], tuple[str, dict[str, Any]]]
MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")


def update_cluster_config(call: Invocation) -> dict[str, Any]:
    """Change one aspect of a cluster's configuration.

    Raises:
        AwsError: nothing or more than one aspect is given, or nothing would change.
    """
    cluster = call.cloud.eks.cluster(call.text("name"))
    changes = [change for member, change in CHANGES.items() if member in call.parameters]
    if len(changes) != 1 and not set(call.parameters) >= AUTO_MODE:
        raise invalid("Exactly one type of update can be made in a request.")
    with call.cloud.eks.lock:
        kind, parameters = changes[0](call, cluster)
        return {"update": record(call, cluster, kind, parameters)}


def _vpc(call: Invocation, cluster: Cluster) -> tuple[str, dict[str, Any]]:
    given, config = call.parameters["resourcesVpcConfig"], cluster.description["resourcesVpcConfig"]
    if given.get("subnetIds"):
        networks.checked_subnets(call.cloud, list(given["subnetIds"]))
    wanted = {**config, **given}
    if wanted == config:
        raise invalid("Cluster is already at the desired configuration")
    if not (wanted["endpointPublicAccess"] or wanted["endpointPrivateAccess"]):
        raise invalid("Private and public endpoint access cannot be disabled at once.")
    cluster.description["resourcesVpcConfig"] = wanted
    names = {
        "endpointPublicAccess": "EndpointPublicAccess",
        "endpointPrivateAccess": "EndpointPrivateAccess",
        "publicAccessCidrs": "PublicAccessCidrs",
        "subnetIds": "Subnets",
        "securityGroupIds": "SecurityGroups",
    }
    moved = {"subnetIds", "securityGroupIds"} & set(given)
    kind = "VpcConfigUpdate" if moved else "EndpointAccessUpdate"
    return kind, {names[m]: v for m, v in given.items() if m in names}


def _logs(call: Invocation, cluster: Cluster) -> tuple[str, dict[str, Any]]:
    before = tuple(enabled_logs(cluster.description))
    logging = log_setup(call.parameters["logging"], before)
    if logging == cluster.description["logging"]:
        raise invalid("No changes needed for the logging config provided")
    cluster.description["logging"] = logging
    new = set(enabled_logs(cluster.description)) - set(before)
    networks.ensure_log_streams(call.cloud, cluster.name, sorted(new))
    return "LoggingUpdate", {"ClusterLogging": logging["clusterLogging"]}


def _access(call: Invocation, cluster: Cluster) -> tuple[str, dict[str, Any]]:
    wanted = str(call.parameters["accessConfig"].get("authenticationMode"))
    config = cluster.description["accessConfig"]
    if wanted == config["authenticationMode"]:
        raise invalid_request(f"Cluster is already at the desired mode: {wanted}")
    if MODES.index(wanted) < MODES.index(config["authenticationMode"]):
        raise invalid(
            f"Unsupported authentication mode update from {config['authenticationMode']} "
            f"to {wanted}"
        )
    config["authenticationMode"] = wanted
    return "AccessConfigUpdate", {"AuthenticationMode": wanted}


def _replaced(member: str, kind: str, parameter: str) -> Change:
    def change(call: Invocation, cluster: Cluster) -> tuple[str, dict[str, Any]]:
        value = call.parameters[member]
        cluster.description[member] = value
        return kind, {parameter: value}

    return change


AUTO_MODE = {"computeConfig", "storageConfig", "kubernetesNetworkConfig"}
CHANGES: dict[str, Change] = {
    "resourcesVpcConfig": _vpc,
    "logging": _logs,
    "accessConfig": _access,
    "upgradePolicy": _replaced("upgradePolicy", "UpgradePolicyUpdate", "UpgradePolicy"),
    "zonalShiftConfig": _replaced("zonalShiftConfig", "ZonalShiftConfigUpdate", "ZonalShiftConfig"),
    "deletionProtection": _replaced(
        "deletionProtection", "DeletionProtectionUpdate", "DeletionProtection"
    ),
    "remoteNetworkConfig": _replaced(
        "remoteNetworkConfig", "RemoteNetworkConfigUpdate", "RemoteNetworkConfig"
    ),
    "computeConfig": _replaced("computeConfig", "AutoModeUpdate", "ComputeConfig"),
    "storageConfig": _replaced("storageConfig", "AutoModeUpdate", "StorageConfig"),
    "kubernetesNetworkConfig": _replaced(
        "kubernetesNetworkConfig", "AutoModeUpdate", "KubernetesNetworkConfig"
    ),
    "controlPlaneScalingConfig": _replaced(
        "controlPlaneScalingConfig", "ControlPlaneScalingConfigUpdate", "UpdatedTier"
    ),
}


def associate_encryption_config(call: Invocation) -> dict[str, Any]:
    """Encrypt the cluster's Secrets with a KMS key, once and for good."""
    cluster = call.cloud.eks.cluster(call.text("clusterName"))
    if cluster.description.get("encryptionConfig"):
        raise invalid("Cluster already has an encryptionConfig")
    config = call.parameters["encryptionConfig"]
    cluster.description["encryptionConfig"] = config
    parameters = {"EncryptionConfig": config}
    return {"update": record(call, cluster, "AssociateEncryptionConfig", parameters)}


HANDLERS: Handlers = {
    "UpdateClusterConfig": update_cluster_config,
    "AssociateEncryptionConfig": associate_encryption_config,
}
