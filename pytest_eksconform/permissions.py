"""The least rights that a set of controls needs, as an IAM policy and a ClusterRole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_eksconform.catalogue import Control
from pytest_eksconform.snapshot.registry import rights_of
from pytest_eksconform.snapshot.sections import Rights, Section

ALWAYS = Rights(iam=("eks:DescribeCluster", "eks:ListClusters"))
"""What starting a run needs; sts:GetCallerIdentity is allowed to everybody."""
ROLE_NAME = "eksconform-readers"
GROUP = "eksconform:readers"


def rights_for(controls: Iterable[Control], sections: Mapping[str, Section]) -> Rights:
    """Everything that `controls` need."""
    rights = ALWAYS
    for control in controls:
        rights |= rights_of(control.reads, sections)
    return rights


def iam_policy(rights: Rights) -> dict[str, Any]:
    """An IAM policy with the actions of `rights`, one statement a service.

    Most of them are lists and descriptions, for which IAM knows no narrower resource.
    """
    by_service: dict[str, list[str]] = defaultdict(list)
    for action in sorted(rights.iam):
        by_service[action.split(":")[0]].append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": f"Read{service.capitalize()}",
                "Effect": "Allow",
                "Action": actions,
                "Resource": "*",
            }
            for service, actions in sorted(by_service.items())
        ],
    }


def cluster_role(rights: Rights) -> list[dict[str, Any]]:
    """A ClusterRole with the rules of `rights`, and its binding to the group `GROUP`.

    What may be listed may also be got: the confirm commands of findings do so.
    """
    api = "rbac.authorization.k8s.io"
    role = {
        "apiVersion": f"{api}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ROLE_NAME},
        "rules": _rules(rights.rbac),
    }
    binding = {
        "apiVersion": f"{api}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ROLE_NAME},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": ROLE_NAME},
        "subjects": [{"apiGroup": api, "kind": "Group", "name": GROUP}],
    }
    return [role, binding]


def _rules(rbac: Iterable[str]) -> list[dict[str, Any]]:
    lists: dict[str, list[str]] = defaultdict(list)
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for rule in sorted(rbac):
        verb, _, what = rule.partition(" ")
        full, _, name = what.partition("/")
        resource, _, group = full.partition(".")
        if verb == "get" and name:
            names[group, resource].append(name)
        else:
            lists[group].append(resource)
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": resources, "verbs": ["get", "list"]}
        for group, resources in sorted(lists.items())
    ]
    rules += [
        {"apiGroups": [group], "resources": [resource], "resourceNames": some, "verbs": ["get"]}
        for (group, resource), some in sorted(names.items())
    ]
    return rules
