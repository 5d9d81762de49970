from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orgauth.errors import Position
from orgauth.models import KeyRef

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Parse, ProblemsOf

LOGIN = "https://login.salesforce.com"
TEST = "https://test.salesforce.com"
HEAD = "version: 1\ndefaults: {client_id: x, jwt_key_file: k}\n"
ENV_URL = {"SF_ORG_INSTANCE_URL": "https://env.example.com"}
SFDC = "https://sfdc.example.com"


def test_the_nearest_value_wins(parse: Parse) -> None:
    """Client id and key come from the org, then its Dev Hub, then the defaults, each by itself."""
    manifest = parse(
        """
        version: 1
        defaults: {client_id: far, jwt_key_file: far.key, jwt_key_passphrase_env: P}
        dev_hubs:
          - username: hub@example.com
            client_id: hub
            scratch_orgs:
              - a@example.com
              - {username: b@example.com, jwt_key_env: K}
              - {username: c@example.com, client_id: own, jwt_key_passphrase_env: null}
          - username: hub2@example.com
            jwt_key_env: K
            jwt_key_passphrase_env: null
            scratch_orgs:
              - d@example.com
              - {username: e@example.com, jwt_key_file: own.key, jwt_key_passphrase_env: Q}
        orgs: [f@example.com]
        """,
        {"K": "key", "P": "pass", "Q": "pass"},
    )
    far = KeyRef("file", "/srv/far.key", "P")
    assert {org.username[0]: (org.client_id, org.key) for org in manifest.orgs[1:4]} == {
        "a": ("hub", far),
        "b": ("hub", KeyRef("env", "K", "P")),
        "c": ("own", KeyRef("file", "/srv/far.key", None)),
    }
    assert [(org.client_id, org.key) for org in (manifest.orgs[0], *manifest.orgs[4:])] == [
        ("hub", far),
        ("far", KeyRef("env", "K", None)),
        ("far", KeyRef("env", "K", None)),
        ("far", KeyRef("file", "/srv/own.key", "Q")),
        ("far", far),
    ]
    assert manifest.key_positions[far] == Position("/srv/orgs.yaml", 3, 42)
    assert manifest.key_positions[KeyRef("env", "K", None)].line == 12


def test_a_hub_hands_down_its_app_only(parse: Parse) -> None:
    """A hub's login URL, audience and newness are its own, not its scratch orgs'."""
    hub, scratch = parse(
        HEAD
        + """
dev_hubs:
- username: hub@example.com
  instance_url: https://hub.example.com
  audience: https://hub.example.com/aud
  new: true
  scratch_orgs: [a@example.com]
"""
    ).orgs
    assert (hub.login_url, hub.audience) == (
        "https://hub.example.com",
        "https://hub.example.com/aud",
    )
    assert (hub.audience_is_explicit, hub.is_new) == (True, True)
    assert (scratch.login_url, scratch.audience) == (TEST, TEST)
    assert (scratch.audience_is_explicit, scratch.is_new) == (False, True)


@pytest.mark.parametrize(
    ("defaults", "hub", "own", "expected"),
    [
        ("", "", "", TEST),
        ("scratch_instance_url: https://d.example.com", "", "", "https://d.example.com"),
        (
            "scratch_instance_url: https://d.example.com",
            "scratch_instance_url: https://h.example.com",
            "",
            "https://h.example.com",
        ),
        (
            "scratch_instance_url: https://d.example.com",
            "scratch_instance_url: https://h.example.com",
            "instance_url: https://o.example.com",
            "https://o.example.com",
        ),
        ("instance_url: https://d.example.com", "instance_url: https://h.example.com", "", TEST),
    ],
)
def test_the_login_url_of_a_scratch_org(
    parse: Parse, defaults: str, hub: str, own: str, expected: str
) -> None:
    """Its own, then its hub's scratch_instance_url, then the defaults', then test."""
    orgs = parse(
        f"version: 1\ndefaults: {{client_id: x, jwt_key_file: k, {defaults}}}\n"
        f"dev_hubs: [{{username: h@example.com, {hub},"
        f" scratch_orgs: [{{username: a@example.com, {own}}}]}}]\n".replace(", ,", ","),
        ENV_URL,
        sfdc_login_url=SFDC,
    ).orgs
    assert orgs[1].login_url == expected
    assert orgs[1].audience == TEST


@pytest.mark.parametrize(
    ("own", "defaults", "sfdc", "environ", "expected"),
    [
        ("https://o.example.com", "https://d.example.com", SFDC, ENV_URL, "https://o.example.com"),
        ("", "https://d.example.com", SFDC, ENV_URL, "https://d.example.com"),
        ("", "", SFDC, ENV_URL, SFDC),
        ("", "", None, ENV_URL, "https://env.example.com"),
        ("", "", "", {"SF_ORG_INSTANCE_URL": ""}, None),
        ("", "", None, {}, None),
    ],
)
def test_the_login_url_of_other_orgs(
    parse: Parse,
    *,
    own: str,
    defaults: str,
    sfdc: str | None,
    environ: dict[str, str],
    expected: str | None,
) -> None:
    """Its own, the defaults', sfdx-project.json's, the variable's, then the kind's."""
    url = f", instance_url: {own}" if own else ""
    above = f", instance_url: {defaults}" if defaults else ""
    orgs = parse(
        f"version: 1\ndefaults: {{client_id: x, jwt_key_file: k{above}}}\n"
        f"dev_hubs: [{{username: h@example.com{url}}}]\n"
        f"orgs: [{{username: p@example.com{url}}},"
        f" {{username: s@example.com, kind: sandbox{url}}}]\n",
        environ,
        sfdc_login_url=sfdc,
    ).orgs
    assert [org.login_url for org in orgs] == ([expected] * 3 if expected else [LOGIN, LOGIN, TEST])
    assert [org.audience for org in orgs] == [LOGIN, LOGIN, TEST]


def test_a_scratch_org_without_its_hub_follows_the_scratch_rule(parse: Parse) -> None:
    """kind: scratch under orgs is new, and its login URL is not the other orgs'."""
    text = "orgs: [{username: a@example.com, kind: scratch}]\n"
    (org,) = parse(HEAD + text, ENV_URL, sfdc_login_url=SFDC).orgs
    assert (org.login_url, org.audience, org.is_new) == (TEST, TEST, True)
    above = HEAD.replace("}", ", scratch_instance_url: https://d.example.com}")
    assert parse(above + text).orgs[0].login_url == "https://d.example.com"


@pytest.mark.parametrize(
    ("keys", "environ", "expected"),
    [
        ("audience: https://a.example.com/x", {"SF_AUDIENCE_URL": TEST}, "https://a.example.com/x"),
        ("kind: sandbox", {"SF_AUDIENCE_URL": "https://e.example.com/"}, "https://e.example.com"),
    ],
)
def test_a_chosen_audience_is_explicit(
    parse: Parse, keys: str, environ: dict[str, str], expected: str
) -> None:
    """The key wins over the variable, and after either nothing else is tried."""
    (org,) = parse(HEAD + f"orgs: [{{username: a@example.com, {keys}}}]", environ).orgs
    assert (org.audience, org.audience_is_explicit) == (expected, True)
    defaults = HEAD.replace("}", ", audience: https://d.example.com}")
    (org,) = parse(defaults + "orgs: [a@example.com]", environ).orgs
    assert (org.audience, org.audience_is_explicit) == ("https://d.example.com", True)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (f"kind: sandbox, instance_url: {LOGIN}", LOGIN),
        (f"instance_url: {TEST}/", TEST),
        ("instance_url: https://acme.my.salesforce.com", LOGIN),
        ("kind: sandbox, instance_url: https://acme.my.salesforce.com", TEST),
        ("kind: scratch, instance_url: https://acme.my.salesforce.com", TEST),
    ],
)
def test_the_audience_follows_login_host_and_kind(parse: Parse, keys: str, expected: str) -> None:
    """A login host that is an audience itself is the audience; otherwise the kind decides."""
    (org,) = parse(HEAD + f"orgs: [{{username: a@example.com, {keys}}}]").orgs
    assert (org.audience, org.audience_is_explicit) == (expected, False)


def test_new_is_inherited(parse: Parse) -> None:
    """An org can be marked new, and unmarked where the defaults mark all."""
    defaults = HEAD.replace("}", ", new: true}")
    orgs = "orgs: [a@example.com, {username: b@example.com, new: false}]"
    assert [org.is_new for org in parse(defaults + orgs).orgs] == [True, False]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("server.key", "/srv/server.key"),
        ("./keys/server.key", "/srv/keys/server.key"),
        ("../server.key", "/srv/../server.key"),
        ("/etc/server.key", "/etc/server.key"),
        ("~/server.key", "/home/jane/server.key"),
        ("'~'", "/home/jane"),
    ],
)
def test_key_files_are_found_from_the_manifest(parse: Parse, written: str, expected: str) -> None:
    """A relative path begins at the manifest's folder, and links are left to the file system."""
    text = f"version: 1\norgs: [{{username: a@example.com, client_id: x, jwt_key_file: {written}}}]"
    assert parse(text).orgs[0].key == KeyRef("file", expected)


def test_a_relative_manifest_still_gives_absolute_keys(
    parse: Parse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the program changes folder later, it still finds the key."""
    monkeypatch.chdir(tmp_path)
    (org,) = parse(HEAD + "orgs: [a@example.com]", path="sub/orgs.yaml").orgs
    assert org.key.location == str(tmp_path / "sub" / "k")


def test_without_a_home_the_tilde_is_a_problem(problems_of: ProblemsOf) -> None:
    """A path that begins with ~ must not become a folder of that name."""
    text = HEAD.replace("k}", "~/k}") + "orgs: [a@example.com]"
    assert problems_of(text, {"HOME": ""}) == [
        "2:40: jwt_key_file begins with ~, but HOME is not set"
    ]


def test_what_is_missing_is_told_once_for_each_org(problems_of: ProblemsOf) -> None:
    """A hub's lack is told at the hub, not again for each of its scratch orgs."""
    reasons = (
        "no client_id; give the app's consumer key here or under defaults",
        "no key; give jwt_key_file or jwt_key_env here or under defaults",
    )
    assert problems_of(
        """\
        version: 1
        dev_hubs:
          - username: h@example.com
            scratch_orgs: [a@example.com, b@example.com]
        orgs: [c@example.com, d@example.com]
        """
    ) == [f"{place}: {reason}" for place in ("3:5", "5:8", "5:23") for reason in reasons]


def test_a_wrong_value_is_not_also_missing(problems_of: ProblemsOf) -> None:
    """An org whose client id or key is wrong, or inherits a wrong one, is not told to give one."""
    assert problems_of(
        """\
        version: 1
        defaults: {client_id: 12, jwt_key_env: $K, audience: x, instance_url: x}
        dev_hubs:
          - {username: h@example.com, scratch_instance_url: x, scratch_orgs: [a@example.com]}
        """
    ) == [
        '2:23: client_id takes text, but 12 is read as a number: put it in quotes, "12"',
        "2:40: jwt_key_env takes the name of a variable, such as SF_JWT_KEY, not its value",
        '2:54: audience "x" is not a URL: it must begin with https://',
        '2:71: instance_url "x" is not a URL: it must begin with https://',
        '4:53: scratch_instance_url "x" is not a URL: it must begin with https://',
    ]


@pytest.mark.parametrize("environ", [{}, {"K": "", "P": ""}])
def test_key_variables_must_be_set(problems_of: ProblemsOf, environ: dict[str, str]) -> None:
    """A key that is not there is found before anybody logs in, and told once a place."""
    assert problems_of(
        """\
        version: 1
        defaults: {client_id: x, jwt_key_env: K, jwt_key_passphrase_env: P}
        orgs:
          - a@example.com
          - {username: b@example.com, jwt_key_env: K}
        """,
        environ,
    ) == [
        "2:39: jwt_key_env: the variable K is not set, or empty",
        "2:66: jwt_key_passphrase_env: the variable P is not set, or empty",
        "5:44: jwt_key_env: the variable K is not set, or empty",
    ]


def test_one_key_at_a_level(problems_of: ProblemsOf) -> None:
    """Both kinds of key at one level is a problem; at two levels the nearer one wins."""
    both = "{username: b@example.com, jwt_key_file: a, jwt_key_env: K}"
    assert problems_of(HEAD + f"orgs: [{both}, a@example.com]\n", {"K": "k"}) == [
        "3:51: jwt_key_file and jwt_key_env exclude each other; keep one"
    ]


def test_urls_from_outside_are_checked_once(problems_of: ProblemsOf) -> None:
    """A wrong URL beside the manifest is told at the first org that needs it."""
    text = HEAD + f"orgs: [{{username: o@example.com, instance_url: {LOGIN}}}, a@b.com, c@d.com]"
    assert problems_of(text, sfdc_login_url="http://example.com") == [
        (
            "3:79: sfdcLoginUrl of sfdx-project.json is plain http,"
            " which is only for this machine; write https://"
        )
    ]
    environ = {"SF_ORG_INSTANCE_URL": "x", "SF_AUDIENCE_URL": "y"}
    assert problems_of(text, environ) == [
        "3:8: the variable SF_AUDIENCE_URL is not a URL: it must begin with https://",
        "3:79: the variable SF_ORG_INSTANCE_URL is not a URL: it must begin with https://",
    ]
