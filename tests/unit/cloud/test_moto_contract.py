"""The parts of moto that the emulation leans on: a new moto that changes one is told by name."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from moto.autoscaling import models as autoscaling_models
from moto.core.base_backend import BackendDict
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.ssm.models import Parameter

from pytest_eksconform.emulation.cloud.data_files import load
from pytest_eksconform.emulation.cloud.eks import HANDLERS
from pytest_eksconform.emulation.cloud.iam.managed_policies import document_of

KEYWORDS = {
    EC2Backend.run_instances: {"image_id", "count", "user_data", "security_group_names"},
    EC2Backend.create_security_group: {"name", "description", "vpc_id", "tags"},
    EC2Backend.create_network_interface: {"subnet", "group_ids", "description", "tags"},
    EC2Backend.create_launch_template: {"name", "description", "template_data", "tag_spec"},
    EC2Backend.authorize_security_group_ingress: {"group_name_or_id", "source_groups", "vpc_id"},
    EC2Backend.associate_iam_instance_profile: {"instance_id"},
    autoscaling_models.AutoScalingBackend.create_auto_scaling_group: {
        "name",
        "vpc_zone_identifier",
        "mixed_instances_policy",
        "tags",
    },
    autoscaling_models.AutoScalingBackend.terminate_instance: {"instance_id", "should_decrement"},
    IAMBackend.create_instance_profile: {"name", "path", "role_names"},
    Ami.__init__: {"ami_id", "name", "owner_alias", "root_device_name", "public"},
    AWSManagedPolicy.from_data: {"name", "account_id", "region_name", "data"},
    Parameter.__init__: {"account_id", "name", "value", "parameter_type", "data_type"},
}


@pytest.mark.parametrize("function", KEYWORDS, ids=lambda f: f.__qualname__)
def test_function_still_takes_the_arguments(function: Any) -> None:
    missing = KEYWORDS[function] - set(inspect.signature(function).parameters)
    assert not missing, f"moto's {function.__qualname__} no longer takes {sorted(missing)}"


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (EC2Backend, "_load_amis"),
        (EC2Backend, "_get_template_from_args"),
        (autoscaling_models, "FakeAutoScalingGroup"),
        (autoscaling_models.FakeAutoScalingGroup, "replace_autoscaling_group_instances"),
        (autoscaling_models.FakeAutoScalingGroup, "update"),
        (autoscaling_models.AutoScalingBackend, "delete_auto_scaling_group"),
        (BackendDict, "reset"),
        (DomainDispatcherApplication, "__call__"),
        (MotoRequestHandler, "make_environ"),
    ],
)
def test_name_is_still_there(owner: Any, name: str) -> None:
    assert hasattr(owner, name), f"moto no longer has {owner.__name__}.{name}"


def test_group_is_built_from_the_name_in_the_module() -> None:
    source = inspect.getsource(autoscaling_models.AutoScalingBackend.create_auto_scaling_group)
    assert "FakeAutoScalingGroup(" in source, "moto builds its groups in another way"


def test_models_routers_parsers_and_serializers_are_found() -> None:
    for service in ("eks", "sts", "ec2", "iam", "ssm", "eks-auth", "autoscaling"):
        model = get_service_model(service)
        assert model.operation_names
        assert get_serializer_class(model.service_name, str(model.protocol))
        assert str(model.protocol) in PROTOCOL_PARSERS
    assert get_service_router("eks")
    assert callable(create_backend_app)


def test_every_operation_of_eks_has_a_handler() -> None:
    assert set(get_service_model("eks").operation_names) == set(HANDLERS)


@pytest.mark.parametrize("name", load("iam-managed-policies.json")["policies"])
def test_moto_ships_the_document_of_the_managed_policy(name: str) -> None:
    content = document_of(aws_managed_policies_data, name)
    assert {"CreateDate", "UpdateDate", "DefaultVersionId", "Document", "Path"} <= set(content)
