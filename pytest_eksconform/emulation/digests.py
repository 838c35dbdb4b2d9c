"""What AWS and Kubernetes were told to be, without what they report about themselves.

Two listings are equal when nobody changed anything on purpose: statuses, times, versions of
objects and generated names are left out, and so is what replaces itself (pods, instance ids).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_eksconform.emulation.kube import Kube

if TYPE_CHECKING:
    from pytest_eksconform.emulation.aws_clients import AwsClients

_KINDS = (
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("v1", "PersistentVolume"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "ResourceQuota"),
    ("v1", "LimitRange"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("policy/v1", "PodDisruptionBudget"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
)
_REPORTED = frozenset(
    {
        # Kubernetes
        *("status", "uid", "resourceVersion", "generation", "managedFields", "creationTimestamp"),
        *("clusterIP", "clusterIPs", "nodePort", "renewTime", "ownerReferences", "podCIDR"),
        *("podCIDRs", "providerID", "externalID", "nodeName", "deletionTimestamp"),
        # AWS
        *("ResponseMetadata", "createdAt", "modifiedAt", "associatedAt", "associationId"),
        *("associationArn", "accessEntryArn", "addonArn", "nodegroupArn", "health", "endpoint"),
        *("InstanceId", "Instances", "AvailableIpAddressCount", "RoleLastUsed", "RoleId"),
        *("LaunchTime", "InstanceProfileId", "NextToken", "State", "storedBytes"),
    }
)
_REPORTED_ANNOTATIONS = frozenset(
    {
        "deployment.kubernetes.io/revision",
        "deprecated.daemonset.template.generation",
        "kubectl.kubernetes.io/last-applied-configuration",
        "node.alpha.kubernetes.io/ttl",
    }
)
_OWN_NAME_LABELS = frozenset({"kubernetes.io/hostname"})
_REWRITTEN_CONFIG_MAPS = frozenset(
    {"cluster-autoscaler-status", "kube-apiserver-legacy-service-account-token-tracking"}
)
_TRANSIENT_TAINTS = "node.kubernetes.io/"


def digest(listing_of_state: dict[str, Any]) -> str:
    """A hash of a listing, the same on every machine."""
    text = json.dumps(listing_of_state, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def listing(aws: AwsClients, kube: Kube, cluster: str) -> dict[str, Any]:
    """The normalized state by kind or AWS operation; each value is a sorted list."""
    readers: dict[str, Callable[[], Iterable[Any]]] = {
        **{f"{version}/{kind}": _reader(kube, version, kind) for version, kind in _KINDS},
        **_aws_readers(aws, cluster),
    }
    with ThreadPoolExecutor(4, "digest") as pool:
        pending = {name: pool.submit(_sorted, read) for name, read in readers.items()}
        return {name: found.result() for name, found in pending.items()}


def _sorted(read: Callable[[], Iterable[Any]]) -> list[Any]:
    return sorted(
        (pruned(item) for item in read()),
        key=lambda item: json.dumps(item, sort_keys=True, default=str),
    )


def pruned(value: Any) -> Any:
    """A value without what is reported, times, and what is empty, at any depth."""
    if isinstance(value, dict):
        return {
            key: pruned(item)
            for key, item in value.items()
            if key not in _REPORTED and not isinstance(item, datetime) and item not in (None, [])
        }
    if isinstance(value, list):
        return [pruned(item) for item in value]
    return value


def _reader(kube: Kube, version: str, kind: str) -> Callable[[], list[Any]]:
    def read() -> list[Any]:
        return [_normal(item) for item in kube.list(version, kind) if not _is_volatile(item)]

    return read


def _is_volatile(item: dict[str, Any]) -> bool:
    metadata = item["metadata"]
    if item["kind"] in ("Pod", "Job") and metadata.get("ownerReferences"):
        return True
    return item["kind"] == "ConfigMap" and metadata["name"] in _REWRITTEN_CONFIG_MAPS


def _normal(item: dict[str, Any]) -> dict[str, Any]:
    metadata = item["metadata"]
    annotations = metadata.get("annotations") or {}
    kept = {k: v for k, v in annotations.items() if k not in _REPORTED_ANNOTATIONS}
    item = {**item, "metadata": {**metadata, "annotations": kept}}
    if item["kind"] == "Node":
        return _normal_node(item)
    if item.get("aggregationRule"):
        # The controller manager fills the rules in when it gets to it.
        item.pop("rules", None)
    return item


def _normal_node(node: dict[str, Any]) -> dict[str, Any]:
    labels = node["metadata"].get("labels") or {}
    taints = node["spec"].get("taints") or []
    kept = [taint for taint in taints if not taint["key"].startswith(_TRANSIENT_TAINTS)]
    return {
        "labels": {k: v for k, v in labels.items() if k not in _OWN_NAME_LABELS},
        "annotations": node["metadata"]["annotations"],
        "taints": kept,
        "unschedulable": node["spec"].get("unschedulable", False),
    }


def _aws_readers(aws: AwsClients, cluster: str) -> dict[str, Callable[[], Iterable[Any]]]:
    ec2, iam = aws("ec2"), aws("iam")
    return {
        "eks": lambda: _eks(aws("eks"), cluster),
        "iam": lambda: _iam(iam),
        "oidc": lambda: _oidc_providers(iam),
        "instances": lambda: _instances(ec2),
        "groups": lambda: _pages(aws("autoscaling"), "describe_auto_scaling_groups"),
        "launch-templates": lambda: _launch_templates(ec2),
        "subnets": lambda: _pages(ec2, "describe_subnets"),
        "routes": lambda: _pages(ec2, "describe_route_tables"),
        "security-groups": lambda: _pages(ec2, "describe_security_groups"),
        "endpoints": lambda: _pages(ec2, "describe_vpc_endpoints"),
        "logs": lambda: _pages(aws("logs"), "describe_log_groups"),
        "keys": lambda: _keys(aws("kms")),
    }


def _pages(client: Any, operation: str, **arguments: Any) -> list[Any]:
    paginator = client.get_paginator(operation)
    key = paginator.result_keys[0].expression
    return [item for page in paginator.paginate(**arguments) for item in page.get(key, ())]


def _eks(eks: Any, cluster: str) -> list[Any]:
    name = {"clusterName": cluster}
    found = [eks.describe_cluster(name=cluster)["cluster"]]
    found += [
        eks.describe_nodegroup(**name, nodegroupName=item)["nodegroup"]
        for item in _pages(eks, "list_nodegroups", **name)
    ]
    found += [
        eks.describe_addon(**name, addonName=item)["addon"]
        for item in _pages(eks, "list_addons", **name)
    ]
    for arn in _pages(eks, "list_access_entries", **name):
        found.append(eks.describe_access_entry(**name, principalArn=arn)["accessEntry"])
        policies = _pages(eks, "list_associated_access_policies", **name, principalArn=arn)
        found += [{"principal": arn, **policy} for policy in policies]
    for item in _pages(eks, "list_pod_identity_associations", **name):
        association = {"associationId": item["associationId"]}
        found.append(eks.describe_pod_identity_association(**name, **association)["association"])
    return found


def _iam(iam: Any) -> list[Any]:
    wanted = ["User", "Role", "Group", "LocalManagedPolicy"]
    details = iam.get_account_authorization_details(Filter=wanted, MaxItems=1000)
    lists = ("UserDetailList", "RoleDetailList", "GroupDetailList", "Policies")
    return [item for name in lists for item in details.get(name, ())]


def _oidc_providers(iam: Any) -> list[Any]:
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    arns = [provider["Arn"] for provider in providers]
    return [
        {"arn": arn, **iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)}
        for arn in arns
    ]


def _instances(ec2: Any) -> list[Any]:
    live = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}]
    return [
        {
            "type": instance["InstanceType"],
            "image": instance["ImageId"],
            "metadata": instance.get("MetadataOptions"),
            "profile": instance.get("IamInstanceProfile", {}).get("Arn"),
            "tags": sorted((tag["Key"], tag["Value"]) for tag in instance.get("Tags", ())),
            "groups": sorted(group["GroupId"] for group in instance.get("SecurityGroups", ())),
        }
        for reservation in _pages(ec2, "describe_instances", Filters=live)
        for instance in reservation["Instances"]
    ]


def _launch_templates(ec2: Any) -> list[Any]:
    # Versions cannot be taken back without a trace: what counts is the default and the latest.
    found = []
    for template in _pages(ec2, "describe_launch_templates"):
        versions = ec2.describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=["$Default", "$Latest"]
        )["LaunchTemplateVersions"]
        data = [version["LaunchTemplateData"] for version in versions]
        found.append({"name": template["LaunchTemplateName"], "data": data})
    return found


def _keys(kms: Any) -> list[Any]:
    keys = kms.list_keys()["Keys"]
    described = (kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in keys)
    return [{"arn": key["Arn"], "state": key["KeyState"]} for key in described]
