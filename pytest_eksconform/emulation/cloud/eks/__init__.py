"""EKS: every operation of the API has a handler here."""

from __future__ import annotations

from pytest_eksconform.emulation.cloud.context import Handlers

from . import (
    access,
    addons,
    cluster_updates,
    clusters,
    fargate,
    insights_stand_in,
    nodegroup_updates,
    nodegroups,
    not_emulated,
    pod_identity,
    tags,
    updates,
    versions,
)

HANDLERS: Handlers = {
    **not_emulated.HANDLERS,
    **clusters.HANDLERS,
    **cluster_updates.HANDLERS,
    **nodegroups.HANDLERS,
    **nodegroup_updates.HANDLERS,
    **addons.HANDLERS,
    **access.HANDLERS,
    **pod_identity.HANDLERS,
    **fargate.HANDLERS,
    **insights_stand_in.HANDLERS,
    **updates.HANDLERS,
    **versions.HANDLERS,
    **tags.HANDLERS,
}
