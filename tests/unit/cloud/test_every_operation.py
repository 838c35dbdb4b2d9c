"""All operations of EKS answer over the wire: by the model, or with one of EKS's errors."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

MODEL = botocore.session.get_session().get_service_model("eks")
SAMPLES = {"string": "a", "integer": 1, "long": 1, "boolean": True, "double": 1.0, "float": 1.0}
NAMES = {
    "name": "conform",
    "clusterName": "conform",
    "roleArn": "arn:aws:iam::111122223333:role/gone",
    "principalArn": "arn:aws:iam::111122223333:role/gone",
}
CODES = {
    "ResourceNotFoundException",
    "InvalidParameterException",
    "InvalidRequestException",
    "ResourceInUseException",
}


def sample(shape: Any, name: str = "") -> Any:
    if shape.type_name == "structure":
        return {m: sample(shape.members[m], m) for m in shape.required_members}
    if shape.type_name == "list":
        return [sample(shape.member)]
    if shape.type_name == "map":
        return {"a": "b"}
    if getattr(shape, "enum", None):
        return shape.enum[0]
    return NAMES.get(name, SAMPLES.get(shape.type_name))


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_operation_answers_by_the_model(shared_cluster: Any, operation: str) -> None:
    model = MODEL.operation_model(operation)
    values = sample(model.input_shape)
    if operation == "DeleteCluster":
        values["name"] = "another"
    call = getattr(shared_cluster.eks(), xform_name(operation))
    assert outcome(call, values) in {"answered", *CODES}


def outcome(call: Any, values: dict[str, Any]) -> str:
    try:
        call(**values)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "answered"
