"""What users are told to grant: named actions, no wildcards, no secrets."""

from __future__ import annotations

import json
from importlib.resources import files

import yaml

DATA = files("pytest_eksconform") / "data"


def test_policy_names_every_action() -> None:
    document = json.loads((DATA / "iam-policy.json").read_text("utf-8"))
    actions = [action for item in document["Statement"] for action in item["Action"]]
    assert not any("*" in action for action in actions)
    assert len(actions) == len(set(actions))


def test_policy_only_reads() -> None:
    document = json.loads((DATA / "iam-policy.json").read_text("utf-8"))
    verbs = {
        action.partition(":")[2] for item in document["Statement"] for action in item["Action"]
    }
    assert all(verb.startswith(("Describe", "Get", "List", "Simulate")) for verb in verbs)


def test_cluster_role_reads_no_secrets() -> None:
    role, binding = yaml.safe_load_all((DATA / "cluster-role.yaml").read_text("utf-8"))
    resources = {name for rule in role["rules"] for name in rule.get("resources", ())}
    verbs = {verb for rule in role["rules"] for verb in rule["verbs"]}
    assert "secrets" not in resources
    assert "*" not in resources
    assert verbs == {"get", "list"}
    assert binding["subjects"][0]["name"] == "eksconform:readers"
