"""One org's authorization as the Salesforce CLI keeps it: ``~/.sfdx/<username>.json``.

Field names, and what the CLI makes of them, are those of ``@salesforce/core`` 9.4.0
(``lib/org/authInfo.js``, ``determineOrg.js``, ``connection.js``).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from orgauth.errors import StoreError
from orgauth.models import OrgKind, Secret
from orgauth.stores.salesforce_cli.crypto import is_encrypted
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.models import Authorized, OrgFacts
    from orgauth.stores.salesforce_cli.crypto import Cipher

__all__ = [
    "StoredAuthorization",
    "check_username",
    "is_auth_file",
    "merge",
    "own_fields",
    "parse_authorization",
]

# What the CLI lists; a file by any other name is invisible to it.
_LISTED = re.compile(r"[^.][^@]*@[^.]+(\.[^.\s]+)+\.json")
_ENCRYPTED_NAMES = re.compile("token|password|secret", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_API_VERSION = re.compile(r"[1-9][0-9]\.0")
# What a web login leaves behind. With a refreshToken in it, the CLI would never use privateKey.
_WEB_LOGIN = ("refreshToken", "clientSecret", "authCode")
# What is true of an org for as long as it is the same org.
_OF_THE_ORG = (
    "name",
    "instanceName",
    "namespacePrefix",
    "trailExpirationDate",
    "orgEdition",
    "instanceApiVersion",
    "instanceApiVersionLastRetrieved",
    "devHubUsername",
    "expirationDate",
)
_OF_A_SCRATCH_ORG = ("devHubUsername", "expirationDate")


@dataclass(frozen=True, slots=True)
class StoredAuthorization:
    """One authorization read back, whoever wrote it."""

    username: str
    org_id: str | None
    access_token: Secret
    instance_url: str
    login_url: str | None
    client_id: str | None
    private_key: str | None
    """The path of the key file with which the CLI renews the token."""
    has_refresh_token: bool
    """It came from a web login."""
    is_dev_hub: bool
    is_sandbox: bool
    is_scratch: bool
    dev_hub_username: str | None
    expiration_date: str | None
    """A scratch org's last day, ``YYYY-MM-DD``."""


def is_auth_file(name: str) -> bool:
    """Whether the CLI takes a file of this name for an authorization."""
    return _LISTED.fullmatch(name) is not None


def check_username(username: str) -> None:
    """Raise ``StoreError`` for a username that makes no file name that the CLI lists."""
    is_name = "/" not in username and "\\" not in username and username.isprintable()
    if not (is_name and is_auth_file(f"{username}.json")):
        raise StoreError(
            f"the Salesforce CLI cannot keep an org under the username {printable(username)!r}",
            advice="A username looks like name@example.com.",
        )
    try:
        os.fsencode(username)
    except UnicodeEncodeError as error:
        raise StoreError(
            f"{printable(username)!r} cannot be a file name in this environment's encoding",
            advice="Set LANG=C.UTF-8.",
        ) from error


def own_fields(
    authorized: Authorized, *, cipher: Cipher, key_file: str | None, now: float
) -> dict[str, Any]:
    """Return what this login tells of the org, secrets encrypted.

    ``key_file`` is the absolute path of the key with which the CLI can renew the token.
    ``now`` is in seconds since 1970. Raises ``StoreError``.
    """
    org, credentials, facts = authorized.org, authorized.credentials, authorized.facts
    fields: dict[str, Any] = {
        "accessToken": credentials.access_token.reveal(),
        "orgId": credentials.org_id,
        "loginUrl": org.login_url,
        "clientId": org.client_id,
        "instanceUrl": credentials.instance_url,
        "username": org.username,
    }
    if key_file is not None:
        fields["privateKey"] = key_file
    if facts is None:
        fields["isDevHub"] = org.kind is OrgKind.DEV_HUB
        fields["isSandbox"] = org.kind is OrgKind.SANDBOX
        fields["isScratch"] = org.kind is OrgKind.SCRATCH
    else:
        fields |= _facts(facts, now)
    if fields["isScratch"]:
        fields |= _scratch_org(authorized)
    return {
        name: _encrypt(value, cipher) if _is_encrypted(name) else value
        for name, value in fields.items()
    }


@cache
def _is_encrypted(field: str) -> bool:
    return _ENCRYPTED_NAMES.search(field) is not None


def merge(old: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new content of a file that held ``old``.

    Keys that we do not know survive. What a web login left goes, and so does the path of
    a key that is no longer the org's. What described the org stays where this login has
    nothing newer, unless the username has come to mean another org (a refreshed sandbox).
    """
    dropped = {*_WEB_LOGIN, "privateKey"}
    if old.get("orgId") != own["orgId"]:
        dropped.update(_OF_THE_ORG)
    if not own["isScratch"]:
        # The CLI lists an org among the scratch orgs because this key exists.
        dropped.update(_OF_A_SCRATCH_ORG)
    merged = {name: value for name, value in old.items() if name not in dropped}
    for name, value in own.items():
        # An unknown date or hub (null) does not replace a known one.
        if value is not None or name not in _OF_A_SCRATCH_ORG:
            merged[name] = value
        else:
            merged.setdefault(name, value)
    return merged


def parse_authorization(
    username: str, content: Mapping[str, Any], cipher: Cipher
) -> StoredAuthorization:
    """Return what an auth file holds; raise ``StoreError`` without a usable token in it."""
    token, instance_url = content.get("accessToken"), content.get("instanceUrl")
    if not (isinstance(token, str) and token and isinstance(instance_url, str) and instance_url):
        raise StoreError("it holds no access token and instance URL")
    return StoredAuthorization(
        username=username,
        org_id=_text(content, "orgId"),
        access_token=Secret(cipher.decrypt(token) if is_encrypted(token) else token),
        instance_url=instance_url,
        login_url=_text(content, "loginUrl"),
        client_id=_text(content, "clientId"),
        private_key=_text(content, "privateKey"),
        has_refresh_token=bool(content.get("refreshToken")),
        is_dev_hub=content.get("isDevHub") is True,
        is_sandbox=content.get("isSandbox") is True,
        is_scratch=content.get("isScratch") is True,
        dev_hub_username=_text(content, "devHubUsername"),
        expiration_date=_text(content, "expirationDate"),
    )


def _facts(facts: OrgFacts, now: float) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "isDevHub": facts.is_dev_hub,
        "isSandbox": facts.is_sandbox,
        "isScratch": facts.is_scratch,
        "name": _shown(facts.organization_name),
        "instanceName": _shown(facts.instance_name),
        "namespacePrefix": _shown(facts.namespace_prefix),
        "trailExpirationDate": _shown(facts.trial_expiration),
        "orgEdition": _shown(facts.edition),
    }
    # The CLI ignores, with a warning, what is no version; and it parses the date with
    # Date.parse, which reads this form in every locale, unlike the CLI's own form.
    if facts.api_version is not None and _API_VERSION.fullmatch(facts.api_version):
        fields["instanceApiVersion"] = facts.api_version
        moment = datetime.fromtimestamp(now, tz=UTC)
        fields["instanceApiVersionLastRetrieved"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return fields


def _scratch_org(authorized: Authorized) -> dict[str, Any]:
    """Return the hub and the last day; unknown as null, for the CLI looks for the keys."""
    facts = authorized.facts
    expiration = None
    if facts is not None:
        trial = _DAY.match(facts.trial_expiration or "")
        expiration = facts.expiration_date or (trial.group() if trial else None)
    return {"devHubUsername": authorized.org.dev_hub, "expirationDate": expiration}


def _shown(text: str | None) -> str | None:
    """Return what a server says of its org as it may be shown: `sf` shows it as it is."""
    return None if text is None else printable(text, limit=255)


def _encrypt(value: str, cipher: Cipher) -> str:
    try:
        return cipher.encrypt(value)
    except UnicodeEncodeError:
        # Not chained: the error carries the whole token.
        raise StoreError("the access token is not text that can be stored") from None


def _text(content: Mapping[str, Any], name: str) -> str | None:
    value = content.get(name)
    return value if isinstance(value, str) else None
