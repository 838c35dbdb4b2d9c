"""moto's backends as the store of what the emulated account holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MotoStores:
    """The backends of one account and region; each service is imported when first asked for."""

    account_id: str
    region: str

    @property
    def iam(self) -> Any:
        """Users, roles, policies, instance profiles and OIDC providers."""
        from moto.iam.models import iam_backends

        return iam_backends[self.account_id]["aws"]

    @property
    def ec2(self) -> Any:
        """Networks, instances, launch templates and images."""
        from moto.ec2.models import ec2_backends

        from .ec2.backend import install

        install()
        return ec2_backends[self.account_id][self.region]

    @property
    def autoscaling(self) -> Any:
        """Auto Scaling groups."""
        from moto.autoscaling.models import autoscaling_backends

        from .autoscaling.backend import install
        from .ec2.backend import install as install_ec2

        install_ec2()
        install()
        return autoscaling_backends[self.account_id][self.region]

    @property
    def logs(self) -> Any:
        """CloudWatch Logs groups and streams."""
        from moto.logs.models import logs_backends

        return logs_backends[self.account_id][self.region]

    @property
    def ssm(self) -> Any:
        """Systems Manager parameters."""
        from moto.ssm.models import ssm_backends

        return ssm_backends[self.account_id][self.region]

    def role(self, arn: str) -> Any | None:
        """Return the role with that ARN, None if there is none."""
        return next((role for role in self.iam.roles.values() if role.arn == arn), None)

    def principal_exists(self, arn: str) -> bool:
        """Say whether an ARN names a role or user of this account."""
        users = (user.arn for user in self.iam.users.values())
        return self.role(arn) is not None or arn in users
