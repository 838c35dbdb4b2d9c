"""Service Quotas of EC2 and EKS, from dated data; other services are left to moto."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.context import Handlers, Invocation
from pytest_eksconform.emulation.cloud.data_files import load
from pytest_eksconform.emulation.cloud.errors import AwsError
from pytest_eksconform.emulation.cloud.paging import LARGEST_PAGE, page


def _quotas(call: Invocation) -> list[dict[str, Any]] | None:
    code = call.text("ServiceCode")
    service = load("service-quotas.json")["services"].get(code)
    if service is None:
        return None
    prefix = f"arn:aws:servicequotas:{call.cloud.region}:{call.cloud.account_id}:{code}"
    return [
        {
            "ServiceCode": code,
            "ServiceName": service["name"],
            "QuotaArn": f"{prefix}/{quota['code']}",
            "QuotaCode": quota["code"],
            "QuotaName": quota["name"],
            "Value": float(quota["value"]),
            "Unit": "None",
            "Adjustable": quota["adjustable"],
            "GlobalQuota": False,
        }
        for quota in service["quotas"]
    ]


def get_service_quota(call: Invocation) -> dict[str, Any] | None:
    """Answer with one quota."""
    quotas = _quotas(call)
    if quotas is None:
        return None
    code = call.text("QuotaCode")
    quota = next((q for q in quotas if q["QuotaCode"] == code), None)
    if quota is None:
        raise AwsError("NoSuchResourceException", f"The quota {code} does not exist.", 400)
    return {"Quota": quota}


def list_service_quotas(call: Invocation) -> dict[str, Any] | None:
    """List the quotas of a service."""
    quotas = _quotas(call)
    if quotas is None:
        return None
    parameters = call.parameters
    sizes = {
        "maxResults": parameters.get("MaxResults") or LARGEST_PAGE,
        "nextToken": parameters.get("NextToken"),
    }
    answer = page("Quotas", quotas, sizes)
    return {"Quotas": answer["Quotas"], "NextToken": answer.get("nextToken")}


HANDLERS: Handlers = {
    "GetServiceQuota": get_service_quota,
    "GetAWSDefaultServiceQuota": get_service_quota,
    "ListServiceQuotas": list_service_quotas,
    "ListAWSDefaultServiceQuotas": list_service_quotas,
}
