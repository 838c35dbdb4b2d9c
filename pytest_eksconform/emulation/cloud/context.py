"""What every operation's handler can reach: the account's stores and the machines behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .principals import Principal, PrincipalDirectory
from .providers import AddonWorkloads, ControlPlaneProvider, NodeGroupNodes
from .stores import MotoStores

if TYPE_CHECKING:
    from .eks.state import EksState

KeySets = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True)
class Cloud:
    """The emulated account in one region.

    Attributes:
        account_id: twelve digits.
        region: the region's name.
        stores: moto's backends.
        principals: users' keys and role sessions.
        eks: what EKS holds.
        control_planes: starts and stops control planes.
        workloads: add-ons inside the clusters.
        nodes: counts Ready nodes; None when node groups need not wait for nodes.
        key_sets: gives the JSON Web Key Set of an OIDC issuer.
        clock: the time (UTC); statuses and expiries follow it.
    """

    account_id: str
    region: str
    stores: MotoStores
    principals: PrincipalDirectory
    eks: EksState
    control_planes: ControlPlaneProvider
    workloads: AddonWorkloads
    nodes: NodeGroupNodes | None
    key_sets: KeySets
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Invocation:
    """One authorised call as a handler sees it."""

    cloud: Cloud
    operation: str
    parameters: dict[str, Any]
    principal: Principal | None

    def text(self, name: str) -> str:
        """Return a required string parameter; the model has checked that it is there."""
        return str(self.parameters[name])


# A handler that returns None has checked the call and leaves it to moto.
Handler = Callable[[Invocation], Mapping[str, Any] | None]
Handlers = dict[str, Handler]
