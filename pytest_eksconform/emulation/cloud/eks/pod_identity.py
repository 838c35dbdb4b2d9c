"""Pod Identity associations: which role a service account gets."""

from __future__ import annotations

import secrets
import string
import uuid
from typing import Any

from pytest_eksconform.emulation.cloud.context import Cloud, Handlers, Invocation
from pytest_eksconform.emulation.cloud.paging import page

from .errors import in_use, invalid, not_found
from .state import Cluster, Description

SUMMARY = (
    "clusterName",
    "namespace",
    "serviceAccount",
    "associationArn",
    "associationId",
    "ownerArn",
)


def add_association(
    cloud: Cloud, cluster: Cluster, values: dict[str, Any], owner_arn: str | None = None
) -> Description:
    """Create an association.

    Raises:
        AwsError: the role does not exist, or the service account has an association already.
    """
    if cloud.stores.role(str(values["roleArn"])) is None:
        raise invalid("Role provided in the request does not exist.")
    taken = find(cluster, str(values["namespace"]), str(values["serviceAccount"]))
    if taken is not None:
        raise in_use(f"Association already exists: {taken['associationId']}")
    alphabet = string.ascii_lowercase + string.digits
    name = "a-" + "".join(secrets.choice(alphabet) for _ in range(17))
    now = cloud.clock()
    association: Description = {
        "clusterName": cluster.name,
        "namespace": values["namespace"],
        "serviceAccount": values["serviceAccount"],
        "roleArn": values["roleArn"],
        "associationArn": (
            f"arn:aws:eks:{cloud.region}:{cloud.account_id}:"
            f"podidentityassociation/{cluster.name}/{name}"
        ),
        "associationId": name,
        "tags": dict(values.get("tags") or {}),
        "createdAt": now,
        "modifiedAt": now,
        "ownerArn": owner_arn,
        "disableSessionTags": bool(values.get("disableSessionTags")),
    }
    _set_target(association, values)
    cluster.associations[name] = association
    return association


def find(cluster: Cluster, namespace: str, service_account: str) -> Description | None:
    """Return the association of a service account, None without one."""
    wanted = (namespace, service_account)
    return next(
        (
            association
            for association in cluster.associations.values()
            if (association["namespace"], association["serviceAccount"]) == wanted
        ),
        None,
    )


def _set_target(association: Description, values: dict[str, Any]) -> None:
    if values.get("targetRoleArn"):
        association["targetRoleArn"] = values["targetRoleArn"]
        association.setdefault("externalId", str(uuid.uuid4()))
    if values.get("policy"):
        association["policy"] = values["policy"]


def _association(call: Invocation) -> Description:
    cluster = call.cloud.eks.cluster(call.text("clusterName"))
    association = cluster.associations.get(call.text("associationId"))
    if association is None:
        raise not_found(f"No association found with associationId: {call.text('associationId')}")
    return association


def create(call: Invocation) -> dict[str, Any]:
    """Create an association."""
    cluster = call.cloud.eks.cluster(call.text("clusterName"))
    with call.cloud.eks.lock:
        return {"association": add_association(call.cloud, cluster, call.parameters)}


def describe(call: Invocation) -> dict[str, Any]:
    """Describe an association."""
    return {"association": _association(call)}


def list_associations(call: Invocation) -> dict[str, Any]:
    """List associations, of one namespace or service account if asked."""
    cluster = call.cloud.eks.cluster(call.text("clusterName"))
    filters = {
        m: call.parameters[m] for m in ("namespace", "serviceAccount") if m in call.parameters
    }
    found = [
        {member: association.get(member) for member in SUMMARY}
        for association in cluster.associations.values()
        if all(association[member] == value for member, value in filters.items())
    ]
    return page("associations", found, call.parameters)


def update(call: Invocation) -> dict[str, Any]:
    """Give an association another role or target role."""
    association = _association(call)
    role = call.parameters.get("roleArn")
    if role and call.cloud.stores.role(str(role)) is None:
        raise invalid("Role provided in the request does not exist.")
    for member in ("roleArn", "disableSessionTags"):
        if member in call.parameters:
            association[member] = call.parameters[member]
    _set_target(association, call.parameters)
    association["modifiedAt"] = call.cloud.clock()
    return {"association": association}


def delete(call: Invocation) -> dict[str, Any]:
    """Delete an association and answer what it was."""
    association = _association(call)
    cluster = call.cloud.eks.cluster(call.text("clusterName"))
    del cluster.associations[association["associationId"]]
    return {"association": association}


HANDLERS: Handlers = {
    "CreatePodIdentityAssociation": create,
    "DescribePodIdentityAssociation": describe,
    "ListPodIdentityAssociations": list_associations,
    "UpdatePodIdentityAssociation": update,
    "DeletePodIdentityAssociation": delete,
}
