from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pytest_eksconform import CouldNotRead
from pytest_eksconform.clients.aws import missing_action, reading

DENIED = "User: arn:aws:iam::1:user/u is not authorized to perform: eks:ListAddons on resource: *"


def error(code, message=""):
    return ClientError({"Error": {"Code": code, "Message": message}}, "ListAddons")


@pytest.mark.parametrize(
    ("problem", "action"),
    [
        (error("AccessDeniedException", DENIED), "eks:ListAddons"),
        (error("AccessDenied", DENIED.replace(" on resource: *", ".")), "eks:ListAddons"),
        (error("UnauthorizedOperation", "You are not authorized."), "*:ListAddons"),
        (error("Throttling", DENIED), None),
    ],
)
def test_missing_action_is_what_aws_says(problem, action):
    assert missing_action(problem) == action


def test_refusal_becomes_could_not_read_without_aws_text():
    with pytest.raises(CouldNotRead) as problem, reading("the add-ons"):
        raise error("AccessDeniedException", DENIED)
    assert problem.value.permission == "eks:ListAddons"
    assert "arn:aws:iam" not in str(problem.value)


def test_no_answer_becomes_could_not_read_in_one_line():
    said = "could not read the add-ons: Could not connect"
    with pytest.raises(CouldNotRead, match=said), reading("the add-ons"):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
