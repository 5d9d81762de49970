from __future__ import annotations

import pytest

from orgauth.manifest.urls import check_audience, check_login_url


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://login.salesforce.com/", "https://login.salesforce.com"),
        ("HTTPS://Acme.My.Salesforce.com:443", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com:8443/", "https://acme.my.salesforce.com:8443"),
        ("https://a_b", "https://a_b"),
        ("https://10.0.0.1", "https://10.0.0.1"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://localhost", "http://localhost"),
        ("http://127.8.0.1:80", "http://127.8.0.1"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("https://example.com:", "https://example.com"),
    ],
)
def test_login_urls_get_one_spelling(value: str, expected: str) -> None:
    """Scheme, host and port in lower case; plain http for this machine only."""
    assert check_login_url(value) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "is empty"),
        ("login.salesforce.com", "must begin with https://"),
        ("https:login.salesforce.com", "must begin with https://"),
        ("ftp://login.salesforce.com", "must begin with https://"),
        ("https://", "has no host"),
        ("https:///x", "has no host"),
        ("https://:443", "has no host"),
        ("https://a b.com", "a character that no URL has"),
        ("https://a.com\n", "a character that no URL has"),
        ("https://a.com\\b", "a character that no URL has"),
        ("https://exämple.com", "a character that no URL has"),
        ("https://[::1", "its host or port is wrong"),
        ("https://a.com:99999", "its host or port is wrong"),
        ("https://a.com:x", "its host or port is wrong"),
        ("https://a.com:0", "has a wrong port"),
        ("https://jane@a.com", "user name or password"),
        ("https://a.com?x=1", "a query or a fragment"),
        ("https://a.com/#", "a query or a fragment"),
        ("https://a.com/services/oauth2/token", "has a path"),
        ("https://-a.com", "not the name of one"),
        ("https://a..com", "not the name of one"),
        ("https://a.com.", "not the name of one"),
        ("https://2130706433", "looks like an address"),
        ("http://127.1", "looks like an address"),
        ("http://0x7f.0x1", "looks like an address"),
        ("https://[fe80::1%25eth0]", "looks like an address"),
        ("http://example.com", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("http://[::2]", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://notlocalhost", "plain http"),
    ],
)
def test_other_login_urls_are_refused_with_the_reason(value: str, reason: str) -> None:
    """Nothing that would send an assertion in the clear, or somewhere unexpected, gets through."""
    with pytest.raises(ValueError, match=reason):
        check_login_url(value)


@pytest.mark.parametrize(
    ("value", "better"),
    [
        ("https://acme.lightning.force.com", "https://acme.my.salesforce.com"),
        ("https://ACME.lightning.force.com/one/one.app", "https://acme.my.salesforce.com"),
        (
            "https://acme--uat.sandbox.lightning.force.com",
            "https://acme--uat.sandbox.my.salesforce.com",
        ),
    ],
)
def test_a_lightning_page_is_refused_with_the_right_url(value: str, better: str) -> None:
    """What stands in the browser's address bar is not where one logs in."""
    with pytest.raises(ValueError, match="Lightning page") as caught:
        check_login_url(value)
    assert str(caught.value).endswith(better)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://login.salesforce.com/", "https://login.salesforce.com"),
        ("https://Acme.my.site.com/customers", "https://Acme.my.site.com/customers"),
        ("http://example.com/x/", "http://example.com/x/"),
    ],
)
def test_an_audience_is_kept_as_written(value: str, expected: str) -> None:
    """It is compared letter by letter, so only a lone slash is taken off."""
    assert check_audience(value) == expected


@pytest.mark.parametrize("value", ["", "login", "urn:x", "https://a.com/?x", "https://u:p@a.com"])
def test_an_audience_is_a_url(value: str) -> None:
    """Anything but an http or https URL without frills is refused."""
    with pytest.raises(ValueError, match=r"is empty|is not a URL|query|password"):
        check_audience(value)
