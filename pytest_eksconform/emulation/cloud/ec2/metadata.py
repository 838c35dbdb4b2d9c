"""The options of the instance metadata service, by API member and by moto's attribute."""

from __future__ import annotations

METADATA_OPTIONS = {
    "HttpTokens": "http_tokens",
    "HttpPutResponseHopLimit": "http_put_response_hop_limit",
    "HttpEndpoint": "http_endpoint",
    "HttpProtocolIpv6": "http_protocol_ipv6",
    "InstanceMetadataTags": "instance_metadata_tags",
}
# What an instance gets when neither launch nor account say anything, by the image's ImdsSupport.
IMAGE_DEFAULTS: dict[str, dict[str, str | int]] = {
    "v2.0": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
    "": {"HttpTokens": "optional", "HttpPutResponseHopLimit": 1},
}
