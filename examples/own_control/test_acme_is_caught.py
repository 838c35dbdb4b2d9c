"""Acme's control has been seen to fail: `pytest test_acme_is_caught.py`."""

from pathlib import Path

import pytest

from pytest_eksconform.emulation.faults import fault
from pytest_eksconform.testing import assert_caught, emulated

ACME = Path(__file__).with_name("test_acme.py")


@fault("acme-one-replica", breaks=("acme/two-replicas",))
def one_replica(world):
    """Somebody scaled the orders down to one replica."""
    _scale_orders(world, 1)
    try:
        yield
    finally:
        _scale_orders(world, 2)


def _scale_orders(world, replicas):
    world.kube.patch("apps/v1", "Deployment", "orders", {"spec": {"replicas": replicas}}, "shop")


@pytest.fixture(scope="module")
def eks():
    with emulated() as eks:
        yield eks


def test_one_replica_is_caught(eks):
    result = assert_caught("acme/two-replicas", one_replica, eks, paths=[ACME])
    assert [finding.resource for finding in result.findings] == ["deployment shop/orders"]
