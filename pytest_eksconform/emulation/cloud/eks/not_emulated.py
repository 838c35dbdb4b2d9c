"""Operations without behaviour here: an empty list where EKS would list, else its refusal."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.context import Handler, Handlers, Invocation

from .errors import invalid_request, not_found

EMPTY_LISTS = {
    "ListIdentityProviderConfigs": "identityProviderConfigs",
    "ListCapabilities": "capabilities",
    "ListCertificateAuthorities": "certificateAuthorities",
    "ListEksAnywhereSubscriptions": "subscriptions",
}
NAMED_THINGS = {
    "DescribeCapability": ("capability", "capabilityName"),
    "UpdateCapability": ("capability", "capabilityName"),
    "DeleteCapability": ("capability", "capabilityName"),
    "DescribeCertificateAuthority": ("certificate authority", "certificateAuthorityId"),
    "ActivateCertificateAuthority": ("certificate authority", "certificateAuthorityId"),
    "DeleteCertificateAuthority": ("certificate authority", "certificateAuthorityId"),
    "DescribeIdentityProviderConfig": ("identity provider config", "identityProviderConfig"),
    "DisassociateIdentityProviderConfig": ("identity provider config", "identityProviderConfig"),
    "DescribeEksAnywhereSubscription": ("subscription", "id"),
    "UpdateEksAnywhereSubscription": ("subscription", "id"),
    "DeleteEksAnywhereSubscription": ("subscription", "id"),
    "DeregisterCluster": ("registered cluster", "name"),
    "DescribeInsightsRefresh": ("insights refresh of cluster", "clusterName"),
}
REFUSED = (
    "UpdateClusterVersion",
    "UpdateNodegroupVersion",
    "CancelUpdate",
    "StartInsightsRefresh",
    "AssociateIdentityProviderConfig",
    "CreateCapability",
    "CreateCertificateAuthority",
    "CreateEksAnywhereSubscription",
    "RegisterCluster",
)


def _check_cluster(call: Invocation) -> None:
    name = call.parameters.get("clusterName")
    if name:
        call.cloud.eks.cluster(str(name))


def _empty(member: str) -> Handler:
    def handler(call: Invocation) -> dict[str, Any]:
        _check_cluster(call)
        return {member: []}

    return handler


def _missing(kind: str, member: str) -> Handler:
    def handler(call: Invocation) -> dict[str, Any]:
        _check_cluster(call)
        raise not_found(f"No {kind} found for: {call.parameters.get(member)}")

    return handler


def _refuse(call: Invocation) -> dict[str, Any]:
    _check_cluster(call)
    raise invalid_request(f"{call.operation} is not supported by this emulated EKS")


HANDLERS: Handlers = {
    **{name: _empty(member) for name, member in EMPTY_LISTS.items()},
    **{name: _missing(kind, member) for name, (kind, member) in NAMED_THINGS.items()},
    **dict.fromkeys(REFUSED, _refuse),
}
