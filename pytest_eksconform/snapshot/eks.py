"""The EKS sections, as boto3 gives them."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.snapshot.sections import Reader, Section, allowed


def _cluster(reader: Reader) -> Any:
    return reader.aws("eks").describe_cluster(name=reader.cluster)["cluster"]


def _cluster_versions(reader: Reader) -> Any:
    return reader.pages("eks", "describe_cluster_versions", "clusterVersions", includeAll=True)


def _node_groups(reader: Reader) -> Any:
    eks, cluster = reader.aws("eks"), reader.cluster
    names = reader.pages("eks", "list_nodegroups", "nodegroups", clusterName=cluster)

    def describe(name: str) -> Any:
        return eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]

    return reader.each(describe, names)


def _fargate_profiles(reader: Reader) -> Any:
    eks, cluster = reader.aws("eks"), reader.cluster
    names = reader.pages("eks", "list_fargate_profiles", "fargateProfileNames", clusterName=cluster)

    def describe(name: str) -> Any:
        answer = eks.describe_fargate_profile(clusterName=cluster, fargateProfileName=name)
        return answer["fargateProfile"]

    return reader.each(describe, names)


def _addons(reader: Reader) -> Any:
    eks, cluster = reader.aws("eks"), reader.cluster
    names = reader.pages("eks", "list_addons", "addons", clusterName=cluster)

    def describe(name: str) -> Any:
        return eks.describe_addon(clusterName=cluster, addonName=name)["addon"]

    return reader.each(describe, names)


def _addon_versions(reader: Reader) -> Any:
    def versions(addon: Any) -> Any:
        return reader.pages(
            "eks", "describe_addon_versions", "addons", addonName=addon["addonName"]
        )

    found = reader.each(versions, reader.read("addons"))
    return {entry["addonName"]: entry["addonVersions"] for answer in found for entry in answer}


def _addon_schemas(reader: Reader) -> Any:
    eks = reader.aws("eks")

    def schema(addon: Any) -> Any:
        answer = eks.describe_addon_configuration(
            addonName=addon["addonName"], addonVersion=addon["addonVersion"]
        )
        return addon["addonName"], answer.get("configurationSchema") or "{}"

    configured = [a for a in reader.read("addons") if a.get("configurationValues")]
    return dict(reader.each(schema, configured))


def _access_entries(reader: Reader) -> Any:
    """The access entries with their policies; none where aws-auth alone gives access."""
    eks, cluster = reader.aws("eks"), reader.cluster
    access = reader.read("cluster").get("accessConfig") or {}
    if access.get("authenticationMode", "CONFIG_MAP") == "CONFIG_MAP":
        return []  # EKS refuses to list them in this mode
    principals = reader.pages("eks", "list_access_entries", "accessEntries", clusterName=cluster)

    def describe(principal: str) -> Any:
        named = {"clusterName": cluster, "principalArn": principal}
        entry = eks.describe_access_entry(**named)["accessEntry"]
        policies = reader.pages(
            "eks", "list_associated_access_policies", "associatedAccessPolicies", **named
        )
        return {**entry, "associatedAccessPolicies": policies}

    return reader.each(describe, principals)


def _access_policies(reader: Reader) -> Any:
    return reader.pages("eks", "list_access_policies", "accessPolicies")


def _pod_identity_associations(reader: Reader) -> Any:
    eks, cluster = reader.aws("eks"), reader.cluster
    found = reader.pages(
        "eks", "list_pod_identity_associations", "associations", clusterName=cluster
    )

    def describe(association: Any) -> Any:
        answer = eks.describe_pod_identity_association(
            clusterName=cluster, associationId=association["associationId"]
        )
        return answer["association"]

    return reader.each(describe, found)


def _insights(reader: Reader) -> Any:
    return reader.pages("eks", "list_insights", "insights", clusterName=reader.cluster)


SECTIONS = (
    Section("cluster", "the cluster", _cluster, allowed("eks", "DescribeCluster")),
    Section(
        "cluster_versions",
        "the Kubernetes versions that EKS offers",
        _cluster_versions,
        allowed("eks", "DescribeClusterVersions"),
    ),
    Section(
        "node_groups",
        "the managed node groups",
        _node_groups,
        allowed("eks", "ListNodegroups", "DescribeNodegroup"),
    ),
    Section(
        "fargate_profiles",
        "the Fargate profiles",
        _fargate_profiles,
        allowed("eks", "ListFargateProfiles", "DescribeFargateProfile"),
    ),
    Section("addons", "the add-ons", _addons, allowed("eks", "ListAddons", "DescribeAddon")),
    Section(
        "addon_versions",
        "the add-on versions on offer",
        _addon_versions,
        allowed("eks", "DescribeAddonVersions"),
        needs=("addons",),
    ),
    Section(
        "addon_schemas",
        "the add-ons' configuration schemas",
        _addon_schemas,
        allowed("eks", "DescribeAddonConfiguration"),
        needs=("addons",),
    ),
    Section(
        "access_entries",
        "the access entries",
        _access_entries,
        allowed("eks", "ListAccessEntries", "DescribeAccessEntry", "ListAssociatedAccessPolicies"),
        needs=("cluster",),
    ),
    Section(
        "access_policies",
        "the access policies of EKS",
        _access_policies,
        allowed("eks", "ListAccessPolicies"),
    ),
    Section(
        "pod_identity_associations",
        "the Pod Identity associations",
        _pod_identity_associations,
        allowed("eks", "ListPodIdentityAssociations", "DescribePodIdentityAssociation"),
    ),
    Section(
        "insights",
        "the upgrade insights",
        _insights,
        allowed("eks", "ListInsights", "DescribeInsight"),
    ),
)
