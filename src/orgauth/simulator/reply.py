"""An answer before it is sent: status, headers, body. Plain data, so that faults can bend it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.simulator.errors import OAuthError

__all__ = ["Reply", "json_reply", "oauth_refusal", "rest_refusal"]

JSON_TYPE = "application/json;charset=UTF-8"
HTML_TYPE = "text/html;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to a client; the server adds ``Date`` and ``Content-Length``."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, **headers: str) -> Reply:
        """Return a copy with headers added; ``retry_after`` becomes ``Retry-After``."""
        more = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


def json_reply(value: Any, status: int = HTTPStatus.OK) -> Reply:
    """Return ``value`` as a JSON answer, compact as Salesforce sends it."""
    return Reply(status, json.dumps(value, separators=(",", ":")).encode())


def oauth_refusal(error: OAuthError) -> Reply:
    """Return the token endpoint's answer for ``error``."""
    body = {"error": error.error, "error_description": error.description}
    return json_reply(body, error.status)


def rest_refusal(status: int, code: str, message: str) -> Reply:
    """Return the REST API's answer for an error: a list of one object, not an object.

    Source: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
    """
    return json_reply([{"message": message, "errorCode": code}], status)
