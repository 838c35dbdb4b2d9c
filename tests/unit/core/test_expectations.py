from __future__ import annotations

import datetime

import pytest

from pytest_eksconform import Expectation, Expectations
from pytest_eksconform.errors import ExpectationsError
from pytest_eksconform.expectations import load_expectations

TEAM = """
autoscaler = "cluster-autoscaler"

[imds]
pods = "blocked"
hop_limit = 1

[addons.versions]
vpc-cni = "v1.20.0"
coredns = "v1.12.0"

[[waivers]]
control = "imds-hop-limit"
reason = "by choice"
expires = 2027-01-31

[clusters.prod.imds]
hop_limit = 2

[[clusters.prod.waivers]]
control = "nodes-spread"
resource = "node group gpu"
reason = "one zone has them"
expires = 2027-02-28

[clusters.test.imds]
pods = "reachable"
"""


def load(path, cluster="prod", extra=()):
    return load_expectations(path, path.parent, cluster, extra)


def test_without_a_file_nothing_is_expected(tmp_path):
    assert load_expectations(None, tmp_path, "prod") == Expectations()


def test_file_in_rootdir_is_found(write, tmp_path):
    path = write('autoscaler = "karpenter"')
    found = load_expectations(None, tmp_path, "prod")
    assert (found.get("autoscaler"), found.source) == ("karpenter", path)


def test_table_of_the_cluster_overrides_the_rest(write):
    path = write(TEAM)
    assert load(path, "prod").get("imds.hop_limit") == 2
    assert load(path, "test").get("imds.hop_limit") == 1
    assert load(path, "prod").get("imds.pods") == "blocked"
    assert load(path, "test").get("imds.pods") == "reachable"


def test_what_was_not_said_has_the_callers_default(write):
    found = load(write(TEAM))
    assert found.get("nodes.repair") is None
    assert found.get("nodes.repair", True) is True


def test_values_below_a_prefix_come_together(write):
    versions = {"vpc-cni": "v1.20.0", "coredns": "v1.12.0"}
    assert load(write(TEAM)).under("addons.versions") == versions


def test_waivers_of_all_clusters_and_of_this_one_count(write):
    path = write(TEAM)
    assert [w.control for w in load(path, "prod").waivers] == ["imds-hop-limit", "nodes-spread"]
    assert [w.control for w in load(path, "test").waivers] == ["imds-hop-limit"]
    assert load(path).waivers[0].expires == datetime.date(2027, 1, 31)
    assert load(path).waivers[0].resource == "*"


def test_added_keys_are_known(write):
    path = write('[acme]\nowner = "platform"')
    extra = [Expectation("acme.owner", str, "who is called")]
    assert load(path, extra=extra).get("acme.owner") == "platform"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("autoscaler =", "not a readable TOML file"),
        ("autoscaler = 'magic'", "autoscaler = 'magic' is unknown; one of"),
        ("autoscalr = 'karpenter'", "unknown key autoscalr; known: autoscaler"),
        ("imds = 'blocked'", "unknown key imds"),
        ("[imds]\nhop_limit = true", "imds.hop_limit must be a whole number"),
        ("[imds]\nhop_limit = 9", "imds.hop_limit = 9 is unknown; one of 1, 2"),
        ("[nodes]\nrepair = 'yes'", "nodes.repair must be true or false"),
        ("[addons]\nrequired = 'coredns'", "addons.required must be a list of strings"),
        ("[addons]\nrequired = [1]", "addons.required must be a list of strings"),
        ("[addons.versions]\ncoredns = 1.12", "addons.versions.coredns must be a string"),
        ("clusters = 5", r"write what is for one cluster as a \[clusters.NAME\] table"),
        ("[clusters]\nprod = 5", r"write what is for one cluster as a \[clusters.NAME\] table"),
        ("[clusters.other]\nnonsense = 1", r"\[clusters.other\]: unknown key nonsense"),
        ("waivers = 5", r"write each waiver as a \[\[waivers\]\] table"),
        ("waivers = [5]", r"waiver 1: write it as a \[\[waivers\]\] table"),
        ("[[clusters.other.waivers]]\ncontrol = 'x'", "waiver 1: expires is missing"),
    ],
)
def test_what_means_nothing_is_refused_with_the_place(write, text, said):
    path = write(text)
    with pytest.raises(ExpectationsError, match=said) as refusal:
        load(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_file_that_was_asked_for_must_exist(tmp_path):
    with pytest.raises(ExpectationsError, match="no such expectations file"):
        load(tmp_path / "none.toml")
