from __future__ import annotations

import pytest

from orgauth.manifest.schema import TOP_LEVEL
from orgauth.manifest.suggestions import meant_key, unknown_key


@pytest.mark.parametrize(
    ("key", "section", "expected"),
    [
        ("clientId", "defaults", "client_id"),
        ("client-id", "an entry of orgs", "client_id"),
        ("usrname", "an entry of orgs", "username"),
        ("devhubs", TOP_LEVEL, "dev_hubs"),
        ("consumer_key", "defaults", "client_id"),
        ("login_url", "an entry of scratch_orgs", "instance_url"),
        ("timeout", "retry.throttled", "timeout_seconds"),
        ("set", "an entry of orgs", None),
        ("zzz", "defaults", None),
    ],
)
def test_slips_and_other_words_are_recognized(key: str, section: str, expected: str | None) -> None:
    """Case, hyphens, a missing letter or another tool's word lead to the right key."""
    assert meant_key(key, section) == expected


@pytest.mark.parametrize(
    ("key", "section", "expected"),
    [
        ("orgz", TOP_LEVEL, f'unknown key "X" in {TOP_LEVEL}: did you mean "orgs"?'),
        (
            "set_default_dev_hub",
            "an entry of orgs",
            'unknown key "X" in an entry of orgs: it belongs in an entry of dev_hubs',
        ),
        (
            "scratch_instance_url",
            "an entry of scratch_orgs",
            (
                'unknown key "X" in an entry of scratch_orgs:'
                " it belongs in defaults or an entry of dev_hubs"
            ),
        ),
        (
            "max_seconds",
            "retry",
            (
                'unknown key "X" in retry:'
                " it belongs in retry.not_approved, retry.transient or retry.throttled"
            ),
        ),
        (
            "concurency",
            TOP_LEVEL,
            (
                f'unknown key "X" in {TOP_LEVEL}:'
                ' did you mean "concurrency", which belongs in settings?'
            ),
        ),
        (
            "zzz",
            "retry",
            'unknown key "X" in retry; it takes not_approved, transient, throttled',
        ),
    ],
)
def test_an_unknown_key_is_led_home(key: str, section: str, expected: str) -> None:
    """What is known elsewhere is told where, what is misspelt what, and otherwise what there is."""
    assert unknown_key(key, "X", section) == expected
