"""Whose a host is."""

import pytest

from orgauth.hosts import is_salesforce, is_this_machine


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True),
        ("acme.localhost", False),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("[::1]", True),
        ("[::1", False),
        ("::1%lo", False),
        ("127.1", False),
        ("", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound to it
        ("::2", False),
        ("notlocalhost", False),
        ("localhost.evil.com", False),
        ("127.0.0.1.evil.com", False),
        ("2130706433", False),
        ("login.salesforce.com", False),
    ],
)
def test_this_machine_is_told_by_name_or_address(host, ours):
    """What only looks like it is another machine."""
    assert is_this_machine(host) is ours


@pytest.mark.parametrize(
    ("host", "theirs"),
    [
        ("login.salesforce.com", True),
        ("acme--uat.sandbox.my.salesforce.com", True),
        ("acme.my.salesforce.mil", True),
        ("salesforce.com", False),  # nobody logs in there, and no org is there
        ("evilsalesforce.com", False),
        ("login.salesforce.com.evil.com", False),
        ("evil.com\\.salesforce.com", False),
        ("login.sаlesforce.com", False),
        ("evil.com\uff0f.salesforce.com", False),
        ("login.acme.com", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_salesforce_is_told_by_its_domains(host, theirs):
    """What only looks like it is somebody else."""
    assert is_salesforce(host) is theirs
