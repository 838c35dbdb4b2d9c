from __future__ import annotations

import pytest

from pytest_eksconform.clients.kubernetes import rbac_rule, refused
from pytest_eksconform.snapshot.kubernetes import sanitized


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/api/v1/pods", "list pods"),
        ("/api/v1/namespaces", "list namespaces"),
        ("/api/v1/namespaces/kube-system", "get namespaces/kube-system"),
        ("/api/v1/namespaces/kube-system/pods", "list pods"),
        ("/api/v1/namespaces/kube-system/configmaps/aws-auth", "get configmaps/aws-auth"),
        ("/apis/apps/v1/deployments", "list deployments.apps"),
        ("/apis/apps/v1/namespaces/a/deployments/b", "get deployments.apps/b"),
        ("/apis/storage.k8s.io/v1/storageclasses", "list storageclasses.storage.k8s.io"),
    ],
)
def test_rbac_rule_is_the_one_that_allows_the_path(path, rule):
    assert rbac_rule(path) == rule


def test_only_403_lacks_a_permission():
    assert refused("/api/v1/pods", 403).permission == "list pods"
    assert refused("/api/v1/pods", 500).permission is None
    assert "no access entry" in refused("/api/v1/pods", 401).answer


def test_objects_lose_what_may_be_secret():
    variables = [
        {"name": "PASSWORD", "value": "hunter2"},
        {"name": "AWS_REGION", "value": "eu-west-1"},
        {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "s"}}},
    ]
    pod = {"containers": [{"env": variables}], "initContainers": [{"env": variables}]}
    item = {
        "metadata": {
            "name": "a",
            "managedFields": ["hunter2"],
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "hunter2",
                "kept": "yes",
            },
        },
        "spec": {**pod, "template": {"spec": pod}},
    }
    clean = sanitized(item)
    assert "hunter2" not in str(clean)
    assert clean["metadata"] == {"name": "a", "annotations": {"kept": "yes"}}
    kept = [{"name": "PASSWORD"}, {"name": "AWS_REGION", "value": "eu-west-1"}, {"name": "FROM"}]
    assert clean["spec"]["containers"][0]["env"] == kept
    assert clean["spec"]["template"]["spec"]["initContainers"][0]["env"] == kept
