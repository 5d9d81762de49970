"""Which auth files hold the login that a manifest describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orgauth.stores.salesforce_cli.auth_file import own_fields
from orgauth.stores.salesforce_cli.crypto import Cipher, new_key
from orgauth.stores.salesforce_cli.recall import recalled

if TYPE_CHECKING:
    from collections.abc import Callable

    from orgauth.models import Authorized

    Make = Callable[..., Authorized]

KEY = "/keys/server.key"
CIPHER = Cipher(new_key(1))


def content_of(authorized: Authorized, **changes: Any) -> dict[str, Any]:
    return own_fields(authorized, cipher=CIPHER, key_file=KEY, now=0.0) | changes


def test_what_a_run_wrote_is_its_login(authorized: Make) -> None:
    one = authorized()
    found = recalled(one.org, content_of(one), CIPHER, key_file=KEY)
    assert found is not None
    assert found.access_token == one.credentials.access_token
    assert found.instance_url == one.credentials.instance_url
    assert found.org_id == one.credentials.org_id


@pytest.mark.parametrize(
    "login_url", ["https://login.salesforce.com/", "HTTPS://LOGIN.salesforce.com"]
)
def test_a_login_url_is_a_place_and_not_a_spelling(authorized: Make, login_url: str) -> None:
    one = authorized()
    assert recalled(one.org, content_of(one, loginUrl=login_url), CIPHER, key_file=KEY)


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "else@example.com"},
        {"username": None},
        {"clientId": "3MVG9.another"},
        {"loginUrl": "https://test.salesforce.com"},
        {"loginUrl": "http://login.salesforce.com"},
        {"loginUrl": "https://login.salesforce.com:8443"},
        {"loginUrl": "nonsense"},
        {"loginUrl": 7},
        {"privateKey": "/keys/old.key"},
        {"privateKey": None},
        {"refreshToken": "5Aep"},
        {"accessToken": "00D000000000001!AQ.plain"},
        {"accessToken": CIPHER.encrypt("00D!two\nlines")},
        {"accessToken": CIPHER.encrypt("")},
        {"accessToken": Cipher(new_key(1)).encrypt("00D!of.another.key")},
        {"accessToken": ["00D"]},
        {"accessToken": None},
        {"instanceUrl": ""},
        {"instanceUrl": 7},
    ],
    ids=", ".join,  # encrypted values differ from run to run
)
def test_what_another_login_wrote_is_not(authorized: Make, changes: dict[str, Any]) -> None:
    one = authorized()
    assert recalled(one.org, content_of(one, **changes), CIPHER, key_file=KEY) is None


def test_a_login_with_no_key_file_is_one_where_none_is_wanted(authorized: Make) -> None:
    one = authorized()
    content = content_of(one)
    assert recalled(one.org, content, CIPHER, key_file=None) is None
    del content["privateKey"]
    assert recalled(one.org, content, CIPHER, key_file=None) is not None
    assert recalled(one.org, content, CIPHER, key_file=KEY) is None
