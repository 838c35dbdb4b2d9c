"""ca-headroom on literal groups, subnets and quotas."""

from __future__ import annotations

import pytest

from pytest_eksconform.suites.autoscaling import test_headroom as suite
from tests.unit.suites.autoscaler_objects import NOT_RUNNING, deployment, group, node_group

TYPES = {
    "m6i.large": {"VCpuInfo": {"DefaultVCpus": 2}, "NetworkInfo": {"Ipv4AddressesPerInterface": 10}}
}


def _run(run_control, one=None, free=100, quota=32.0, **changes):
    one = one or group()
    sections = {
        "deployments": [deployment()],
        "autoscaling_groups": [one],
        "node_groups": [node_group()],
        "subnets": {s: {"AvailableIpAddressCount": free} for s in ("subnet-a", "subnet-b")},
        "instances": [{"InstanceType": "m6i.large"}] * 2,
        "instance_types": TYPES,
        "vcpu_quota": quota,
    } | changes
    return run_control(suite.test_ca_headroom, sections=sections)


def test_room_in_every_respect_passes(run_control):
    outcome = _run(run_control)
    assert outcome.passed
    assert outcome.judged == ["Auto Scaling group eks-general"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"one": group(DesiredCapacity=4)}, ("at-max", "medium")),
        ({"one": group(MinSize=2, MaxSize=2)}, ("at-max", "advice")),
        ({"free": 4}, ("addresses", "medium")),
        ({"free": 6}, ("addresses", "advice")),
        ({"quota": 5.0}, ("vcpu-quota", "medium")),
        ({"quota": 6.0}, ("vcpu-quota", "advice")),
    ],
)
def test_what_stops_growth_is_found(run_control, changes, found):
    outcome = _run(run_control, **changes)
    assert [(f.reason, f.severity) for f in outcome.findings] == [found]
    assert outcome.findings[0].owner == "node group general"


def test_spot_and_other_families_do_not_count_against_the_quota():
    instances = [
        {"InstanceType": "m6i.large"},
        {"InstanceType": "m6i.large", "InstanceLifecycle": "spot"},
        {"InstanceType": "g5.xlarge"},
    ]
    assert suite.standard_vcpus(instances, TYPES) == 2
    assert not suite.is_standard("inf2.xlarge")
    assert suite.is_standard("im4gn.large")


def test_a_type_or_subnet_that_is_not_known_leaves_it_open(run_control):
    assert _run(run_control, instance_types={}).error
    assert _run(run_control, subnets={}).error


def test_without_autoscaler_or_groups_it_is_not_applicable(run_control):
    assert _run(run_control, deployments=[]).not_applicable == NOT_RUNNING
    assert _run(run_control, one=group(tags={})).not_applicable
