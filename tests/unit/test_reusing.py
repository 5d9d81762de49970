"""What the stores have in common of earlier runs, and how far it is believed."""

import asyncio
import threading

import pytest

from orgauth.models import Credentials, Secret
from orgauth.ports import Recalled
from orgauth.reusing import StoredTokens
from support import make_org

URL = "https://acme.my.salesforce.com"
ORG_ID = "00D000000000001AAA"
ORG = make_org("a@acme.example.com")


def stored(token="00D!one", url=URL, org_id=ORG_ID):  # noqa: S107 - made up
    return Recalled(Secret(token), url, org_id)


class Drawer:
    """A store that remembers what it is told, and how it was asked."""

    def __init__(self, recalled=None, breaks=None):
        self.name = "drawer"
        self.recalled = {} if recalled is None else {ORG.username: recalled}
        self.batches = []
        self.threads = set()
        self.breaks = breaks

    def recall(self, orgs):
        self.threads.add(threading.get_ident())
        self.batches.append([org.username for org in orgs])
        if self.breaks is not None:
            raise self.breaks
        return self.recalled


def recall(*stores, orgs=(ORG,)):
    async def main():
        tokens = StoredTokens(stores)
        try:
            return await asyncio.gather(*map(tokens.recall, orgs))
        finally:
            await tokens.close()

    return asyncio.run(main())


def test_a_token_is_had_with_its_org_and_its_host():
    """The host's plain origin, as after a login; nobody stores the user's id."""
    (found,) = recall(Drawer(stored(url="HTTPS://Acme.my.salesforce.com:443/")))

    assert found == Credentials(Secret("00D!one"), URL, ORG_ID, None)


def test_orgs_that_come_together_are_read_together_off_the_event_loop():
    """A hundred thousand files hold nobody up."""
    drawer = Drawer()

    recall(drawer, orgs=[make_org(f"o{number}@acme.example.com") for number in range(50)])

    assert [len(batch) for batch in drawer.batches] == [50]
    assert threading.get_ident() not in drawer.threads


@pytest.mark.parametrize(
    "stores",
    [
        [Drawer()],
        [Drawer(stored()), Drawer()],
        [Drawer(), Drawer(stored())],
        [Drawer(stored()), Drawer(stored("00D!two"))],
        [Drawer(stored()), Drawer(stored(url="https://other.my.salesforce.com"))],
        [Drawer(stored(org_id=None))],
        [Drawer(stored(org_id="00D/../../x"))],
        [Drawer(stored(url="https://acme.example.com"))],
        [Drawer(stored(url="http://acme.my.salesforce.com"))],
        [Drawer(stored(url="http://127.0.0.1:8080"))],
    ],
    ids=[
        "nothing",
        "the second has none",
        "the first has none",
        "two tokens",
        "two hosts",
        "nobody knows whose it is",
        "no org id",
        "a foreign host",
        "in the clear",
        "this machine, though the login host is Salesforce's",
    ],
)
def test_what_is_not_sure_is_not_had(stores):
    """The org logs in, which is never wrong."""
    assert recall(*stores) == [None]


def test_who_keeps_no_owner_agrees_with_who_does():
    """An env file beside the Salesforce CLI's store."""
    (found,) = recall(Drawer(stored(org_id=None)), Drawer(stored()))

    assert found.org_id == ORG_ID


def test_a_store_that_breaks_its_promise_costs_logins_only(caplog):
    """Not the run."""
    caplog.set_level("DEBUG", logger="orgauth")

    assert recall(Drawer(stored()), Drawer(breaks=ZeroDivisionError("boom"))) == [None]
    assert "boom" in caplog.text
