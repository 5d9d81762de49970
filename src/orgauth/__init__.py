"""Authorize many Salesforce orgs at once with the OAuth 2.0 JWT bearer flow.

::

    import orgauth

    async for outcome in orgauth.authorize("orgs.yaml"):
        match outcome:
            case orgauth.Authorized(org=org, credentials=credentials):
                ...  # credentials.instance_url, credentials.access_token.reveal()
            case orgauth.Failed(org=org, failure=failure):
                ...  # failure.kind, failure.description, failure.advice
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from orgauth._version import __version__

if TYPE_CHECKING:
    from orgauth.api import authorize, authorize_all
    from orgauth.errors import (
        KeySourceError,
        ManifestError,
        OrgauthError,
        Problem,
        StoreError,
        UsageError,
    )
    from orgauth.models import (
        Authorized,
        Credentials,
        Failed,
        Failure,
        FailureKind,
        Org,
        OrgFacts,
        OrgKind,
        Outcome,
        Reused,
        Secret,
        Skipped,
        Status,
    )

__all__ = [
    "Authorized",
    "Credentials",
    "Failed",
    "Failure",
    "FailureKind",
    "KeySourceError",
    "ManifestError",
    "Org",
    "OrgFacts",
    "OrgKind",
    "OrgauthError",
    "Outcome",
    "Problem",
    "Reused",
    "Secret",
    "Skipped",
    "Status",
    "StoreError",
    "UsageError",
    "__version__",
    "authorize",
    "authorize_all",
]

_ERRORS = frozenset(
    {"KeySourceError", "ManifestError", "OrgauthError", "Problem", "StoreError", "UsageError"}
)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `orgauth --help` needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "api" if name.startswith("authorize") else "errors" if name in _ERRORS else "models"
    return getattr(import_module(f"orgauth.{module}"), name)
