"""The emulated AWS: moto as the store, and in front of it what moto leaves out.

A folder a service; `start_cloud` brings it up.
"""

from __future__ import annotations

from .call_log import Call
from .providers import (
    AddonWorkloads,
    ControlPlaneFacts,
    ControlPlaneProvider,
    Issue,
    NodeGroupNodes,
)
from .server import CloudServer, start_cloud

__all__ = [
    "AddonWorkloads",
    "Call",
    "CloudServer",
    "ControlPlaneFacts",
    "ControlPlaneProvider",
    "Issue",
    "NodeGroupNodes",
    "start_cloud",
]
