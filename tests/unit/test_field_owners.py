"""The digest of managed fields, without a cluster."""

from __future__ import annotations

from pytest_eksconform.snapshot.field_owners import spec_owners

EKS = {
    "f:spec": {
        "f:replicas": {},
        "f:template": {
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {"f:containers": {'k:{"name":"coredns"}': {".": {}, "f:image": {}}}},
        },
    }
}


def _item(*entries):
    return {"metadata": {"managedFields": list(entries)}}


def test_fields_are_told_by_manager():
    item = _item({"manager": "eks", "fieldsV1": EKS})
    assert spec_owners(item) == {"eks": ["replicas", "template.spec.containers[coredns].image"]}


def test_status_scale_and_restarts_are_no_configuration():
    restarted = {"f:template": {"f:metadata": {"f:annotations": {"f:restartedAt": {}}}}}
    item = _item(
        {"manager": "kube-controller-manager", "subresource": "status", "fieldsV1": {}},
        {"manager": "hpa", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"manager": "kubectl-rollout", "fieldsV1": {"f:spec": restarted}},
        {"manager": "labeller", "fieldsV1": {"f:metadata": {"f:labels": {"f:x": {}}}}},
    )
    assert spec_owners(item) == {}


def test_an_object_without_managed_fields_has_no_owners():
    assert spec_owners(_item()) == {}
