"""The sections on what surrounds a cluster: its logs, its key, the account's quotas."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.errors import CouldNotRead
from pytest_eksconform.snapshot.sections import Reader, Section, allowed

VCPU_QUOTA = "L-1216C47A"
"""Running On-Demand Standard instances, in vCPUs."""


def _log_groups(reader: Reader) -> Any:
    """The cluster's log group with the newest stream of each kind; empty if there is none."""
    logs, name = reader.aws("logs"), f"/aws/eks/{reader.cluster}/cluster"
    groups = reader.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    return [
        {
            **group,
            "logStreams": logs.describe_log_streams(
                logGroupName=name, orderBy="LastEventTime", descending=True
            )["logStreams"],
        }
        for group in groups
        if group["logGroupName"] == name
    ]


def _secrets_key(reader: Reader) -> Any:
    for config in reader.read("cluster").get("encryptionConfig") or []:
        key = (config.get("provider") or {}).get("keyArn")
        if key and "secrets" in (config.get("resources") or []):
            return reader.aws("kms").describe_key(KeyId=key)["KeyMetadata"]
    return None


def _vcpu_quota(reader: Reader) -> Any:
    answer = reader.aws("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=VCPU_QUOTA)
    value = answer["Quota"].get("Value")
    if value is None:
        raise CouldNotRead("the vCPU quota", "Service Quotas gave no value")
    return value


SECTIONS = (
    Section(
        "log_groups",
        "the control plane's log group",
        _log_groups,
        allowed("logs", "DescribeLogGroups", "DescribeLogStreams"),
    ),
    Section(
        "secrets_key",
        "the KMS key of the Secrets",
        _secrets_key,
        allowed("kms", "DescribeKey"),
        needs=("cluster",),
    ),
    Section(
        "vcpu_quota", "the vCPU quota", _vcpu_quota, allowed("servicequotas", "GetServiceQuota")
    ),
)
