from __future__ import annotations

import base64

import pytest

from pytest_eksconform.snapshot.user_data import digest_of_user_data

NODE_CONFIG = """apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: prod
  kubelet:
    flags: [--secret-flag=hunter2]
"""
MIME = f"""MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="BOUNDARY"

--BOUNDARY
Content-Type: application/node.eks.aws

{NODE_CONFIG}
--BOUNDARY
Content-Type: text/x-shellscript

#!/bin/bash
echo hunter2
--BOUNDARY--
"""


def digest(text):
    return digest_of_user_data(base64.b64encode(text.encode()).decode())


def test_mime_with_a_node_config_is_outlined():
    outline = digest(MIME)
    assert (outline["format"], outline["well_formed"]) == ("mime", True)
    assert outline["node_configs"] == [
        {"apiVersion": "node.eks.aws/v1alpha1", "cluster": {"name": "prod"}}
    ]


@pytest.mark.parametrize("text", [MIME, NODE_CONFIG, "#!/bin/bash\nexport PASSWORD=hunter2"])
def test_free_text_never_gets_into_the_outline(text):
    assert "hunter2" not in str(digest(text))


def test_node_config_alone_is_found():
    assert digest(NODE_CONFIG)["node_configs"][0]["cluster"] == {"name": "prod"}


@pytest.mark.parametrize(
    ("text", "kind", "bootstrap"),
    [
        ("#!/bin/bash\n/etc/eks/bootstrap.sh prod", "script", True),
        ("#!/bin/bash\necho", "script", False),
        ("[settings.kubernetes]\ncluster-name = 'prod'", "toml", False),
        ("hello", "other", False),
    ],
)
def test_plain_formats_are_told_apart(text, kind, bootstrap):
    outline = digest(text)
    assert (outline["format"], outline["bootstrap_sh"]) == (kind, bootstrap)
    assert outline["node_configs"] == []


def test_mime_without_its_end_is_not_well_formed():
    assert not digest(MIME.replace("--BOUNDARY--", ""))["well_formed"]


def test_what_is_no_text_is_not_well_formed():
    assert digest_of_user_data("%%%")["well_formed"] is False
    assert digest_of_user_data(base64.b64encode(b"\xff\xfe").decode())["format"] == "other"
