"""What users are told to grant is what the controls need, and nothing more."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import yaml

from pytest_eksconform.catalogue import SHIPPED, read_catalogue
from pytest_eksconform.permissions import rights_for
from pytest_eksconform.snapshot import all_sections

DATA = files("pytest_eksconform") / "data"
RIGHTS = rights_for(read_catalogue([SHIPPED]).values(), all_sections())


def _actions_of_commands() -> set[str]:
    """The IAM actions of the `aws eks …` commands that findings give to confirm them."""
    source = "".join(path.read_text("utf-8") for path in Path(SHIPPED).rglob("*.py"))
    commands = re.findall(r'confirm=f?"aws eks ([a-z-]+)', source)
    return {"eks:" + "".join(word.title() for word in name.split("-")) for name in commands}


def test_iam_policy_grants_what_is_read_and_what_confirms_it():
    document = json.loads((DATA / "iam-policy.json").read_text("utf-8"))
    granted = {action for statement in document["Statement"] for action in statement["Action"]}
    assert granted == set(RIGHTS.iam) | _actions_of_commands()


def test_cluster_role_grants_what_is_read():
    role, _ = yaml.safe_load_all((DATA / "cluster-role.yaml").read_text("utf-8"))
    granted = {what for rule in role["rules"] for what in _granted(rule)}
    assert granted == {_without_verb(rule) for rule in RIGHTS.rbac}


def _granted(rule: dict) -> set[str]:
    """Resources in the form ``deployments.apps`` or ``configmaps/aws-auth``."""
    return {
        resource + (f".{group}" if group else "") + (f"/{name}" if name else "")
        for group in rule.get("apiGroups", ())
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
    }


def _without_verb(rule: str) -> str:
    return rule.partition(" ")[2]


def test_cluster_role_only_reads():
    role, _ = yaml.safe_load_all((DATA / "cluster-role.yaml").read_text("utf-8"))
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} <= {"get", "list", "watch"}
