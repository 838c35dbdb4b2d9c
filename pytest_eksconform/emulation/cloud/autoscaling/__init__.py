"""Auto Scaling beyond moto: scaling activities."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.context import Handlers, Invocation
from pytest_eksconform.emulation.cloud.paging import LARGEST_PAGE, page


def describe_scaling_activities(call: Invocation) -> dict[str, Any]:
    """List activities, newest first, of one group or of all."""
    backend, parameters = call.cloud.stores.autoscaling, call.parameters
    name = parameters.get("AutoScalingGroupName")
    if name:
        backend.group(name)
    activities = [
        activity
        for group, log in backend.activities.items()
        for activity in log
        if name in (None, group)
    ]
    wanted = parameters.get("ActivityIds")
    if wanted:
        activities = [a for a in activities if a["ActivityId"] in wanted]
    sizes = {"maxResults": parameters.get("MaxRecords") or LARGEST_PAGE}
    answer = page("Activities", activities, {**sizes, "nextToken": parameters.get("NextToken")})
    return {"Activities": answer["Activities"], "NextToken": answer.get("nextToken")}


HANDLERS: Handlers = {"DescribeScalingActivities": describe_scaling_activities}
