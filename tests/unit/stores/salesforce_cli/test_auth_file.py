from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orgauth.errors import StoreError
from orgauth.models import KeyRef, OrgFacts, OrgKind
from orgauth.stores.salesforce_cli.auth_file import (
    check_username,
    is_auth_file,
    merge,
    own_fields,
    parse_authorization,
)
from orgauth.stores.salesforce_cli.crypto import Cipher, is_encrypted

if TYPE_CHECKING:
    from collections.abc import Callable

    from orgauth.models import Authorized

    Make = Callable[..., Authorized]

CIPHER = Cipher("0123456789abcdef0123456789abcdef")
NOW = 1_700_000_000.0
FACTS = OrgFacts(
    organization_name="Acme",
    instance_name="USA254S",
    namespace_prefix=None,
    edition="Developer Edition",
    is_sandbox=False,
    is_scratch=False,
    is_dev_hub=True,
    api_version="63.0",
)
SCRATCH = replace(
    FACTS,
    is_dev_hub=False,
    is_scratch=True,
    trial_expiration="2026-12-01T10:00:00.000+0000",
    expiration_date="2026-12-02",
)


def fields(authorized: Authorized) -> dict[str, Any]:
    key_file = authorized.org.key.location if authorized.org.key.source == "file" else None
    return own_fields(authorized, cipher=CIPHER, key_file=key_file, now=NOW)


def test_a_dev_hub_has_the_fields_that_the_cli_writes(authorized: Make) -> None:
    found = fields(authorized(facts=FACTS, kind=OrgKind.DEV_HUB))
    token = found.pop("accessToken")
    assert is_encrypted(token)
    assert CIPHER.decrypt(token) == "00D000000000001!AQ.made_up"
    assert found == {
        "orgId": "00D000000000001AAA",
        "loginUrl": "https://login.salesforce.com",
        "clientId": "3MVG9.made_up",
        "instanceUrl": "https://acme.my.salesforce.com",
        "username": "ci@example.com",
        "privateKey": "/keys/server.key",
        "isDevHub": True,
        "isSandbox": False,
        "isScratch": False,
        "name": "Acme",
        "instanceName": "USA254S",
        "namespacePrefix": None,
        "trailExpirationDate": None,
        "orgEdition": "Developer Edition",
        "instanceApiVersion": "63.0",
        "instanceApiVersionLastRetrieved": "2023-11-14T22:13:20Z",
    }


def test_a_scratch_org_has_its_hub_and_its_last_day(authorized: Make) -> None:
    found = fields(authorized(facts=SCRATCH, dev_hub="hub@example.com"))
    assert found["isScratch"] is True
    assert found["devHubUsername"] == "hub@example.com"
    assert found["expirationDate"] == "2026-12-02"
    assert found["trailExpirationDate"] == "2026-12-01T10:00:00.000+0000"


def test_without_the_hubs_word_the_orgs_own_trial_date_is_the_last_day(authorized: Make) -> None:
    found = fields(authorized(facts=replace(SCRATCH, expiration_date=None)))
    assert found["expirationDate"] == "2026-12-01"


@pytest.mark.parametrize(
    "facts", [None, replace(SCRATCH, expiration_date=None, trial_expiration=None)]
)
def test_a_scratch_orgs_keys_are_there_even_where_the_date_is_not_known(
    authorized: Make, facts: OrgFacts | None
) -> None:
    found = fields(authorized(facts=facts, kind=OrgKind.SCRATCH))
    assert found["expirationDate"] is None
    assert found["devHubUsername"] is None


@pytest.mark.parametrize(
    ("kind", "flags"),
    [
        (OrgKind.DEV_HUB, (True, False, False)),
        (OrgKind.SANDBOX, (False, True, False)),
        (OrgKind.SCRATCH, (False, False, True)),
        (OrgKind.PRODUCTION, (False, False, False)),
    ],
)
def test_without_facts_the_manifests_kind_is_believed(
    authorized: Make, kind: OrgKind, flags: tuple[bool, bool, bool]
) -> None:
    found = fields(authorized(kind=kind))
    assert (found["isDevHub"], found["isSandbox"], found["isScratch"]) == flags
    assert "name" not in found


@pytest.mark.parametrize("version", [None, "", "63", "63.0\n", "v63.0"])
def test_what_is_no_api_version_is_not_written(authorized: Make, version: str | None) -> None:
    found = fields(authorized(facts=replace(FACTS, api_version=version)))
    assert "instanceApiVersion" not in found
    assert "instanceApiVersionLastRetrieved" not in found


def test_a_key_from_the_environment_leaves_no_path(authorized: Make) -> None:
    assert "privateKey" not in fields(authorized(key=KeyRef("env", "SF_KEY")))


def test_a_token_that_is_no_text_is_refused_without_being_shown(authorized: Make) -> None:
    with pytest.raises(StoreError, match="not text") as caught:
        fields(authorized(token="00Dsecret\ud800"))
    assert caught.value.__cause__ is None
    assert "secret" not in str(caught.value)


class TestMerge:
    OWN: dict[str, Any] = {"orgId": "1", "accessToken": "new", "isScratch": False}  # noqa: RUF012 - nobody changes it

    def test_what_we_do_not_know_survives(self) -> None:
        old = {"orgId": "1", "accessToken": "old", "password": "x", "clientApps": {"a": {}}}
        assert merge(old, self.OWN) == {
            "orgId": "1",
            "accessToken": "new",
            "password": "x",
            "clientApps": {"a": {}},
            "isScratch": False,
        }

    def test_what_a_web_login_left_goes(self) -> None:
        old = {"orgId": "1", "refreshToken": "r", "clientSecret": "s", "authCode": "c"}
        assert merge(old, self.OWN) == self.OWN

    def test_the_path_of_a_key_that_is_no_longer_the_orgs_goes(self) -> None:
        assert merge({"orgId": "1", "privateKey": "/old.key"}, self.OWN) == self.OWN

    def test_what_an_earlier_login_learnt_of_the_same_org_stays(self) -> None:
        old = {"orgId": "1", "name": "Acme", "instanceApiVersion": "63.0"}
        assert merge(old, self.OWN) == old | self.OWN

    def test_what_was_true_of_another_org_goes(self) -> None:
        old = {"orgId": "2", "name": "Acme", "instanceApiVersion": "63.0", "userId": "005"}
        assert merge(old, self.OWN) == {"userId": "005"} | self.OWN

    def test_what_is_no_scratch_org_is_not_listed_as_one(self) -> None:
        old = {"orgId": "1", "devHubUsername": "hub", "expirationDate": "2026-12-01"}
        assert merge(old, self.OWN) == self.OWN

    def test_an_unknown_date_does_not_replace_a_known_one(self) -> None:
        old = {"orgId": "1", "devHubUsername": "old hub", "expirationDate": "2026-12-01"}
        own = {"orgId": "1", "isScratch": True, "devHubUsername": "hub", "expirationDate": None}
        assert merge(old, own) == own | {"expirationDate": "2026-12-01"}
        assert merge({}, own) == own

    def test_a_known_namespace_can_become_none(self) -> None:
        own = self.OWN | {"namespacePrefix": None}
        assert merge({"orgId": "1", "namespacePrefix": "old"}, own) == own


class TestNames:
    @pytest.mark.parametrize("username", ["ci@example.com", "ci@acme.com.uat", "a+b'c@x.y"])
    def test_a_username_makes_a_name_that_the_cli_lists(self, username: str) -> None:
        check_username(username)
        assert is_auth_file(f"{username}.json")

    @pytest.mark.parametrize(
        "username",
        [
            "../../x@example.com",
            "a/b@example.com",
            "a\\b@example.com",
            "user@localhost",
            ".hidden@example.com",
            "no-at-sign",
            "a\n@example.com",
            "a\0@example.com",
            "a\ud800@example.com",
            "\x1b[2Ja@example.com",
            "",
        ],
    )
    def test_any_other_username_is_refused(self, username: str) -> None:
        with pytest.raises(StoreError, match="cannot keep an org") as caught:
            check_username(username)
        assert str(caught.value).isprintable()

    @pytest.mark.parametrize(
        "name", ["alias.json", "key.json", "sfdx-config.json", "00D000000000001AAA.json"]
    )
    def test_the_stores_other_files_are_no_orgs(self, name: str) -> None:
        assert not is_auth_file(name)


class TestParse:
    def test_what_was_written_is_read(self, authorized: Make) -> None:
        written = authorized(facts=SCRATCH, dev_hub="hub@example.com")
        read = parse_authorization("ci@example.com", merge({}, fields(written)), CIPHER)
        assert read.access_token == written.credentials.access_token
        assert read.org_id == "00D000000000001AAA"
        assert read.instance_url == "https://acme.my.salesforce.com"
        assert read.login_url == "https://login.salesforce.com"
        assert read.client_id == "3MVG9.made_up"
        assert read.private_key == "/keys/server.key"
        assert (read.is_dev_hub, read.is_sandbox, read.is_scratch) == (False, False, True)
        assert read.dev_hub_username == "hub@example.com"
        assert read.expiration_date == "2026-12-02"
        assert not read.has_refresh_token
        assert "made_up" not in repr(read.access_token)

    def test_a_token_in_the_clear_is_read_as_the_cli_reads_it(self) -> None:
        content = {"accessToken": "00D!plain", "instanceUrl": "https://a", "refreshToken": "r"}
        read = parse_authorization("a@b.c", content, CIPHER)
        assert read.access_token.reveal() == "00D!plain"
        assert read.has_refresh_token
        assert read.org_id is None

    @pytest.mark.parametrize(
        "content",
        [
            {},
            {"accessToken": "x"},
            {"instanceUrl": "x"},
            {"accessToken": 1, "instanceUrl": "x"},
            {"accessToken": "x", "instanceUrl": None},
        ],
    )
    def test_a_file_without_a_token_is_refused(self, content: dict[str, Any]) -> None:
        with pytest.raises(StoreError, match="no access token"):
            parse_authorization("a@b.c", content, CIPHER)
