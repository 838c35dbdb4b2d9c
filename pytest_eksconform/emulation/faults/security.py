"""Ways to break what protects the cluster and its Secrets."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.emulation.world import World

_EXPECTS_PROTECTION = "[security]\ndeletion_protection = true\n"


@fault("secrets-key-disabled", breaks=("security-secrets-encryption",))
def secrets_key_disabled(world: World) -> Iterator[None]:
    """The KMS key that encrypts the Secrets is disabled."""
    cluster = world.aws("eks").describe_cluster(name=world.cluster)["cluster"]
    key = cluster["encryptionConfig"][0]["provider"]["keyArn"].rpartition("/")[2]
    kms = world.aws("kms")
    kms.disable_key(KeyId=key)
    try:
        yield
    finally:
        kms.enable_key(KeyId=key)


@fault(
    "deletion-protection-off",
    breaks=("security-deletion-protection",),
    expects=_EXPECTS_PROTECTION,
)
def deletion_protection_off(world: World) -> Iterator[None]:
    """Someone switches the cluster's deletion protection off."""
    _protect(world, wanted=False)
    try:
        yield
    finally:
        _protect(world, wanted=True)


def _protect(world: World, *, wanted: bool) -> None:
    eks = world.aws("eks")
    update = eks.update_cluster_config(name=world.cluster, deletionProtection=wanted)["update"]
    named = {"name": world.cluster, "updateId": update["id"]}
    world.wait_until(
        "the update of deletion protection is done",
        lambda: eks.describe_update(**named)["update"]["status"] == "Successful",
    )
