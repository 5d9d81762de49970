from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orgauth.errors import Position
from orgauth.models import KeyRef, Org, OrgKind
from orgauth.settings import (
    NotApprovedPolicy,
    RetryPolicies,
    Settings,
    ThrottledPolicy,
    TransientPolicy,
)

if TYPE_CHECKING:
    from conftest import Parse, ProblemsOf

HEAD = "version: 1\ndefaults: {client_id: x, jwt_key_file: k}\n"


def test_a_manifest_becomes_orgs_in_order(parse: Parse) -> None:
    """Each Dev Hub is followed by its scratch orgs, then come the others."""
    manifest = parse(
        """
        version: 1
        orgs:
          - username: last@example.com
            kind: sandbox
            set_default: true
        dev_hubs:
          - username: hub@example.com
            alias: hub
            set_default_dev_hub: true
            scratch_orgs:
              - one@example.com
              - {username: Two@example.com, alias: two}
          - other-hub@example.com
        defaults: {client_id: x, jwt_key_file: keys/server.key}
        """
    )
    key = KeyRef("file", "/srv/keys/server.key")
    login, test = "https://login.salesforce.com", "https://test.salesforce.com"
    scratch, hub = OrgKind.SCRATCH, "hub@example.com"
    assert manifest.orgs == (
        Org(hub, "x", key, login, login, OrgKind.DEV_HUB, "hub", set_default_dev_hub=True),
        Org("one@example.com", "x", key, test, test, scratch, dev_hub=hub, is_new=True),
        Org("Two@example.com", "x", key, test, test, scratch, "two", dev_hub=hub, is_new=True),
        Org("other-hub@example.com", "x", key, login, login, OrgKind.DEV_HUB),
        Org("last@example.com", "x", key, test, test, OrgKind.SANDBOX, set_default=True),
    )
    assert manifest.path == Path("/srv/orgs.yaml")
    assert manifest.key_positions == {key: Position("/srv/orgs.yaml", 15, 40)}
    assert manifest.warnings == ()
    assert (manifest.settings, manifest.retry) == (Settings(), RetryPolicies())


def test_settings_and_patience_are_taken_over(parse: Parse) -> None:
    """What is not said keeps its default, key by key."""
    manifest = parse(
        HEAD
        + """
orgs: [a@example.com]
settings: {concurrency: 1000, requests_per_second: 2, timeout_seconds: 0.5}
retry:
  not_approved: {initial_seconds: 1}
  transient: {attempts: 1}
  throttled: {timeout_seconds: 86400}
"""
    )
    assert manifest.settings == Settings(1000, 1000, 2.0, 0.5)
    assert manifest.retry == RetryPolicies(
        NotApprovedPolicy(initial_seconds=1.0),
        TransientPolicy(attempts=1),
        ThrottledPolicy(timeout_seconds=86_400.0),
    )


def test_sections_may_be_empty(parse: Parse) -> None:
    """A section whose lines are all commented out is as good as none."""
    manifest = parse(
        "version: 1\ndefaults:\ndev_hubs:\nsettings:\nretry:\norgs:\n"
        "- {username: a@example.com, client_id: x, jwt_key_file: k}\n"
    )
    assert manifest.settings == Settings()
    retry = parse(HEAD + "orgs: [a@example.com]\nretry: {transient: }").retry
    assert retry == RetryPolicies()


@pytest.mark.parametrize("text", ["", "orgs: []\n", "dev_hubs:\n", "dev_hubs: []\norgs: \n"])
def test_a_manifest_without_orgs_is_a_problem(problems_of: ProblemsOf, text: str) -> None:
    """An empty list would otherwise look like success."""
    assert problems_of("# mine\n" + HEAD + text) == [
        "2:1: no org to authorize; list some under dev_hubs or orgs"
    ]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2", "1:10: version 2 is not known; this orgauth reads version 1"),
        ("0x2", "1:10: version 2 is not known; this orgauth reads version 1"),
        ("'1'", '1:10: version takes a whole number, not the text "1"'),
        ("1.0", "1:10: version takes a whole number, not 1.0"),
        ("true", "1:10: version takes a whole number, not true"),
        ("", "1:9: version has no value; give it one or leave the line out"),
        ("[1]", "1:10: version takes a whole number, not a list"),
    ],
)
def test_of_another_version_nothing_else_is_judged(
    problems_of: ProblemsOf, version: str, expected: str
) -> None:
    """The keys of a version we do not know would only be noise."""
    assert problems_of(f"version: {version}\nfuture: key\n") == [expected]


def test_a_missing_version_is_told_beside_the_rest(problems_of: ProblemsOf) -> None:
    """Most likely it is version 1, so the rest is judged, too."""
    assert problems_of("\norgs: [a@example.com]\ndefaults: {client_id: x}\n") == [
        "2:1: version is missing; write `version: 1`",
        "2:8: no key; give jwt_key_file or jwt_key_env here or under defaults",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[a]", "not a list"), ("a", 'not the text "a"'), ("12", "not 12"), ("true", "not true")],
)
def test_the_manifest_is_a_mapping(problems_of: ProblemsOf, text: str, expected: str) -> None:
    """A list or a word where the mapping belongs is told with what it should be."""
    wanted = "takes a mapping that begins with `version: 1`"
    assert problems_of(text) == [f"1:1: the manifest {wanted}, {expected}"]
    assert "1:1: the tag !x has no meaning here; leave it out" in problems_of(f"!x {text}")


def test_every_problem_is_reported_at_once_in_order(problems_of: ProblemsOf) -> None:
    """One mistake hides no other, and none is told twice."""
    problems = problems_of(
        """\
        version: 1
        defaults:
          clientId: a
          jwt_key_env: K
          jwt_key_file: x
          concurrency: 1
        dev_hubs:
          - username: a@localhost
            alias: 0123
            set_default_dev_hub: yes
            scratch_orgs:
              - ../../x@example.com
              - username: b@example.com
                alias:
                instance_url: http://example.com
                kind: scratch
              - B@example.com
              - 12
              - [a]
        orgs:
          - username: ${NOPE}
            alias: b@example.com
            kind: sandbx
            instance_url: https://acme.lightning.force.com/x
          - username: x@example.com
            alias: 1e3
            client_id: {a: b}
            set_default: "true"
          - username: y@example.com
            kind: dev_hub
            scratch_orgs: []
          - alias: z
        settings:
          concurrency: 0
          per_host: 10001
          requests_per_second: .inf
          timeout: 5
        retry:
          transient: {initial_seconds: 60, attempt: 1.5}
          not_approved: []
          throttled: {initial_seconds: 0, max_seconds: 1, timeout_seconds: 90000}
        shops: {}
        """,
        {"K": "k"},
    )
    assert problems == [
        '3:3: unknown key "clientId" in defaults: did you mean "client_id"?',
        "5:3: jwt_key_file and jwt_key_env exclude each other; keep one",
        '6:3: unknown key "concurrency" in defaults: it belongs in settings',
        (
            '8:15: username "a@localhost" needs a domain with a dot, as in name@example.com:'
            " the Salesforce CLI lists no other user names"
        ),
        '9:12: alias takes text, but 0123 is read as a number: put it in quotes, "0123"',
        (
            '10:26: set_default_dev_hub takes true or false, not the text "yes";'
            " yes, no, on and off are text in YAML 1.2"
        ),
        (
            '12:9: username "../../x@example.com" contains a path separator'
            " and could leave the store's folder"
        ),
        "14:15: alias has no value; give it one or leave the line out",
        (
            '15:23: instance_url "http://example.com" is plain http,'
            " which is only for this machine; write https://"
        ),
        '16:9: unknown key "kind" in an entry of scratch_orgs: it belongs in an entry of orgs',
        '17:9: the user name "B@example.com" is already on line 13',
        (
            "18:9: an entry of scratch_orgs takes a user name as text, or a mapping,"
            ' but 12 is read as a number: put it in quotes, "12"'
        ),
        "19:9: an entry of scratch_orgs takes a user name as text, or a mapping, not a list",
        "21:15: the variable NOPE is not set",
        '22:12: the alias "b@example.com" is another org\'s user name, on line 13',
        "23:11: kind takes 'production', 'sandbox' or 'scratch', not the text \"sandbx\"",
        (
            '24:19: instance_url "https://acme.lightning.force.com/x" is a Lightning page;'
            " log in at https://acme.my.salesforce.com"
        ),
        '26:12: alias takes text, but 1e3 is read as a number: put it in quotes, "1e3"',
        "27:16: client_id takes text, not a mapping",
        '28:18: set_default takes true or false, not the text "true"',
        "30:11: kind takes 'production', 'sandbox' or 'scratch'; a Dev Hub belongs in dev_hubs",
        '31:5: unknown key "scratch_orgs" in an entry of orgs: it belongs in an entry of dev_hubs',
        "32:5: username is missing in an entry of orgs",
        "34:16: concurrency must be at least 1",
        "35:13: per_host must be at most 10000",
        "36:24: requests_per_second takes a finite number",
        '37:3: unknown key "timeout" in settings: did you mean "timeout_seconds"?',
        "39:14: max_seconds (30) must be at least initial_seconds (60)",
        '39:36: unknown key "attempt" in retry.transient: did you mean "attempts"?',
        "40:17: not_approved takes a mapping, not a list",
        "41:32: initial_seconds must be more than 0",
        "41:68: timeout_seconds must be at most 86400",
        (
            '42:1: unknown key "shops" in the manifest\'s top level;'
            " it takes version, defaults, dev_hubs, orgs, settings, retry, stores"
        ),
    ]


def test_a_broken_hub_hides_no_problem_of_its_scratch_orgs(problems_of: ProblemsOf) -> None:
    """Scratch orgs are judged even where their hub has no usable name; a number is no hub."""
    assert problems_of(
        HEAD
        + "dev_hubs:\n- {username: hub, scratch_orgs: [a@b.com, org]}\n- 12\n- {scratch_orgs: 3}\n"
    ) == [
        '4:14: username "hub" has not the form of an e-mail address, name@example.com',
        '4:43: username "org" has not the form of an e-mail address, name@example.com',
        (
            "5:3: an entry of dev_hubs takes a user name as text, or a mapping,"
            ' but 12 is read as a number: put it in quotes, "12"'
        ),
        "6:3: username is missing in an entry of dev_hubs",
        "6:18: scratch_orgs takes a list, each org after '- ', not 3",
    ]


def test_an_unusable_section_is_told_once(problems_of: ProblemsOf) -> None:
    """Where the defaults cannot be read, not every org is told that it lacks what they hold."""
    orgs = "orgs: [a@b.com, c@d.com, null]"
    assert problems_of(f"version: 1\ndefaults: [client_id]\n{orgs}") == [
        "2:11: defaults takes a mapping, not a list",
        "3:26: an entry of orgs has no value; give it one or leave the line out",
    ]


def test_what_is_worth_knowing_is_a_warning(parse: Parse) -> None:
    """Keys that change nothing leave the manifest usable."""
    manifest = parse(
        HEAD
        + "settings: {concurrency: 2, per_host: 3}\n"
        + "orgs: [{username: a@example.com, kind: scratch, new: false}]\n"
    )
    assert manifest.orgs[0].is_new
    assert manifest.warnings == (
        "/srv/orgs.yaml:3:38: per_host is more than concurrency, which limits all hosts together",
        "/srv/orgs.yaml:4:54: a scratch org always counts as new; `new: false` changes nothing",
    )
    assert parse(HEAD + "orgs: [a@example.com]\nsettings: {concurrency: 2}").warnings == ()


@pytest.mark.parametrize("version", ["", "version: 1\nother: 1\n"])
def test_what_is_said_of_settings_can_wait_until_the_rest_is_right(
    problems_of: ProblemsOf, version: str
) -> None:
    """With a mistake beside them, settings are there as they were written, not as they count."""
    settings = "settings: {concurrency: 2, per_host: 3}\n"
    assert all(
        "per_host" not in problem
        for problem in problems_of(version + "orgs: [a@example.com]\n" + settings)
    )


def test_warnings_are_limited(parse: Parse) -> None:
    """A thousand equal warnings say no more than a hundred."""
    orgs = "".join(
        f"- {{username: a{number}@example.com, kind: scratch, new: false}}\n"
        for number in range(120)
    )
    assert len(parse(HEAD + "orgs:\n" + orgs).warnings) == 100


def test_loading_ten_thousand_orgs_takes_a_moment(parse: Parse) -> None:
    """Ten times the orgs take ten times as long, not a hundred times."""
    orgs = "".join(
        f"- a{number}@example.com\n- {{username: b{number}@example.com, alias: b{number}}}\n"
        for number in range(5000)
    )
    started = time.perf_counter()
    assert len(parse(HEAD + "orgs:\n" + orgs).orgs) == 10_000
    assert time.perf_counter() - started < 3


def test_a_host_gets_as_many_slots_as_there_are_unless_it_is_given_fewer(parse: Parse) -> None:
    """Most manifests have one login host; a higher concurrency is meant for it."""
    head = HEAD + "orgs: [a@example.com]\n"

    assert parse(head + "settings: {concurrency: 50}").settings.per_host == 50
    assert parse(head + "settings: {concurrency: 50, per_host: 4}").settings.per_host == 4


def test_a_key_is_kept_for_the_cli_only_where_that_is_said(parse: Parse) -> None:
    """A private key on a disk is somebody's decision."""
    head = HEAD + "orgs: [a@example.com]\n"

    assert not parse(head).keep_key
    assert not parse(head + "stores:\n  salesforce_cli:\n").keep_key
    assert parse(head + "stores: {salesforce_cli: {keep_key: true}}").keep_key
