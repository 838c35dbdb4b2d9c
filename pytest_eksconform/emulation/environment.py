"""What points every AWS SDK, the AWS CLI and kubectl at the emulation and at nothing else.

The emulation's keys stand in one file of mode 0600 in its directory, as a profile: so neither a
variable nor a command to paste carries them.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from pytest_eksconform.emulation.facts import Credentials, Emulation

PROFILE = "eksconform"
_NOT_THE_USERS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_CA_BUNDLE",
)
_NO_FILE = "/dev/null"
_LOOPBACK = "127.0.0.1,localhost"


def environment_of(emulation: Emulation) -> dict[str, str | None]:
    """What to set, or for None to take away, so that no call can leave for the real AWS.

    Writes the AWS configuration and the kubeconfig that the variables name.

    Raises:
        OSError: the emulation's directory cannot be written to.
    """
    return {
        **dict.fromkeys(_NOT_THE_USERS),
        # An endpoint for one service would win over the one for all.
        **{name: None for name in os.environ if name.startswith("AWS_ENDPOINT_URL_")},
        **command_variables(emulation)["aws"],
        **command_variables(emulation)["kubectl"],
        "AWS_PROFILE": PROFILE,
        "AWS_REGION": emulation.region,
        "AWS_DEFAULT_REGION": emulation.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": _NO_FILE,
        "NO_PROXY": _LOOPBACK,
        "no_proxy": _LOOPBACK,
    }


def command_variables(emulation: Emulation) -> dict[str, dict[str, str]]:
    """What stands in front of a pasted command, by tool."""
    directory = Path(emulation.run_directory)
    config, kubeconfig = directory / "aws-config", directory / "kubeconfig"
    if not kubeconfig.exists():
        _write(config, _aws_config(emulation, emulation.runner))
        _write(kubeconfig, _kubeconfig(emulation, config))
    aws = {"AWS_CONFIG_FILE": str(config), "AWS_ENDPOINT_URL": emulation.endpoint_url}
    return {"aws": aws, "kubectl": {"KUBECONFIG": str(kubeconfig)}}


def _aws_config(emulation: Emulation, who: Credentials) -> str:
    lines = [
        f"[profile {PROFILE}]",
        f"region = {emulation.region}",
        f"endpoint_url = {emulation.endpoint_url}",
        f"aws_access_key_id = {who.access_key_id}",
        f"aws_secret_access_key = {who.secret_access_key}",
    ]
    if who.session_token:
        lines.append(f"aws_session_token = {who.session_token}")
    return "\n".join(lines) + "\n"


def _kubeconfig(emulation: Emulation, config: Path) -> str:
    """As ``aws eks update-kubeconfig`` writes it: the context has the name of the cluster's ARN."""
    arn = f"arn:aws:eks:{emulation.region}:{emulation.account_id}:cluster/{emulation.cluster_name}"
    get_token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": [
            *("--profile", PROFILE, "--region", emulation.region),
            *("eks", "get-token", "--cluster-name", emulation.cluster_name),
        ],
        "env": [
            {"name": "AWS_CONFIG_FILE", "value": str(config)},
            {"name": "AWS_ENDPOINT_URL", "value": emulation.endpoint_url},
        ],
        "interactiveMode": "Never",
    }
    authority = emulation.certificate_authority
    cluster = {"server": emulation.kubernetes_endpoint, "certificate-authority-data": authority}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": arn,
            "clusters": [{"name": arn, "cluster": cluster}],
            "users": [{"name": arn, "user": {"exec": get_token}}],
            "contexts": [{"name": arn, "context": {"cluster": arn, "user": arn}}],
        }
    )


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
