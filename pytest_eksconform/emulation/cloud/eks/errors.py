"""EKS's own errors, in its words."""

from __future__ import annotations

from typing import Any

from pytest_eksconform.emulation.cloud.errors import AwsError


def not_found(message: str, **members: Any) -> AwsError:
    """404: something that was named is not there."""
    return AwsError("ResourceNotFoundException", message, 404, **members)


def in_use(message: str, **members: Any) -> AwsError:
    """409: it is there already, or something still hangs on it."""
    return AwsError("ResourceInUseException", message, 409, **members)


def invalid(message: str, **members: Any) -> AwsError:
    """400: a parameter cannot be used."""
    return AwsError("InvalidParameterException", message, 400, **members)


def invalid_request(message: str, **members: Any) -> AwsError:
    """400: the request does not fit the state of what it names."""
    return AwsError("InvalidRequestException", message, 400, **members)
