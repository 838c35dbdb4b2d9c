from __future__ import annotations

import shlex

import pytest

from pytest_eksconform.commands import Commands

ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/prod"


@pytest.mark.parametrize(
    ("command", "completed"),
    [
        ("aws eks list-clusters", "aws eks list-clusters --region eu-west-1"),
        ("kubectl get nodes", f"kubectl --context {ARN} get nodes"),
        ("curl https://example.com", "curl https://example.com"),
    ],
)
def test_command_names_its_cluster(command, completed):
    assert Commands("eu-west-1", ARN)(command) == completed


def test_profile_is_named_and_quoted():
    command = Commands("eu-west-1", ARN, "my team")("aws eks list-clusters")
    assert shlex.split(command)[-2:] == ["--profile", "my team"]


def test_variables_stand_in_front_of_their_tool_only():
    commands = Commands("r", "c", variables={"aws": {"AWS_ENDPOINT_URL": "http://a b"}})
    assert commands("aws x").startswith("AWS_ENDPOINT_URL='http://a b' aws x ")
    assert commands("kubectl x") == "kubectl --context c x"
