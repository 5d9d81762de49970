"""Whether an auth file holds the very login that a manifest describes, and its token if so.

The file may be sf's, an older run's, or altered. What is left out here is logged in to again,
which writes the file anew; so being strict costs one request, and being lenient could keep
what sf cannot use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orgauth.errors import StoreError
from orgauth.ports import Recalled
from orgauth.stores.salesforce_cli.auth_file import parse_authorization
from orgauth.stores.salesforce_cli.crypto import is_encrypted
from orgauth.trust import is_token, origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.models import Org
    from orgauth.stores.salesforce_cli.crypto import Cipher

__all__ = ["recalled"]


def recalled(
    org: Org, content: Mapping[str, Any], cipher: Cipher, *, key_file: str | None
) -> Recalled | None:
    """Return the token in an auth file's ``content`` if it is this org's login, else None.

    ``key_file`` is what the file has to name: a login with a key that has moved, or with none,
    leaves a token that sf cannot renew.
    """
    token = content.get("accessToken")
    is_this_login = (
        content.get("username") == org.username
        and content.get("clientId") == org.client_id
        and content.get("privateKey") == key_file
        and _is_same_place(content.get("loginUrl"), org.login_url)
        and not content.get("refreshToken")  # a web login's
        and isinstance(token, str)
        and is_encrypted(token)  # a plain one is encrypted by logging in again
    )
    if not is_this_login:
        return None
    try:
        stored = parse_authorization(org.username, content, cipher)
    except StoreError:
        return None
    if not is_token(stored.access_token.reveal()):
        return None
    return Recalled(stored.access_token, stored.instance_url, stored.org_id)


def _is_same_place(stored: object, login_url: str) -> bool:
    return isinstance(stored, str) and origin(stored) == origin(login_url) is not None
