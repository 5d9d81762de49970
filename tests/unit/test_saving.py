"""Saving in batches, in all stores; one store's trouble leaves the others alone."""

import asyncio
import threading

import pytest

from orgauth.errors import StoreError
from orgauth.events import Warned
from orgauth.models import Authorized, Cause, Credentials, Secret
from orgauth.ports import SaveResult
from orgauth.saving import BatchSaver
from support import EventList, in_virtual_time, make_org


def authorized(number):
    credentials = Credentials(Secret("x"), "https://x.my.salesforce.com", "00D", "005")
    return Authorized(make_org(f"o{number}@acme.example.com"), credentials, None, 1, 0.1)


class Drawer:
    """A store that remembers its batches, refuses whom it is told to, and says what it is told."""

    def __init__(self, name="drawer", refuses=(), warnings=(), breaks=None):
        self.name = name
        self.batches = []
        self.threads = set()
        self.refuses = refuses
        self.warnings = warnings
        self.breaks = breaks

    def forewarn(self, orgs):
        return ()

    def prepare(self):
        pass

    def save(self, batch):
        self.threads.add(threading.get_ident())
        self.batches.append([each.org.username for each in batch])
        if self.breaks is not None:
            raise self.breaks
        errors = {
            each.org.username: StoreError(f"{self.name} is full", advice="make room")
            for each in batch
            if each.org.username in self.refuses
        }
        return SaveResult(errors, self.warnings)


def save(stores, count=3, *, broken=(), linger=0.5, one_by_one=False):
    """Save some orgs; return their failures, what was told, and the time it took."""

    async def main():
        observer = EventList()
        saver = BatchSaver(stores, broken=broken, observer=observer, linger_seconds=linger)
        tasks = []
        for number in range(count):
            tasks.append(asyncio.create_task(saver.save(authorized(number))))
            if one_by_one:
                await asyncio.sleep(0.1)
        saver.hurry()
        failures = await asyncio.gather(*tasks)
        await saver.close()
        return failures, observer, asyncio.get_running_loop().time()

    return in_virtual_time(main())


def test_orgs_that_come_together_are_saved_together_off_the_event_loop():
    """One batch, one thread, every store."""
    first, second = Drawer(), Drawer()

    failures, _, _ = save([first, second])

    assert failures == [None, None, None]
    assert first.batches == second.batches == [[f"o{n}@acme.example.com" for n in range(3)]]
    assert first.threads == second.threads
    assert threading.get_ident() not in first.threads


def test_common_files_are_rewritten_a_few_times_a_run_not_once_an_org():
    """Thirty orgs over three seconds make a handful of batches."""
    drawer = Drawer()

    save([drawer], count=30, one_by_one=True)

    assert 3 <= len(drawer.batches) <= 8
    assert sum(map(len, drawer.batches)) == 30


def test_nobody_lingers_when_nobody_else_will_come():
    """The last org of a run does not wait for company."""
    _, _, elapsed = save([Drawer()], count=1, linger=3600)

    assert elapsed == 0.0


def test_what_one_store_refuses_the_others_keep():
    """The org fails with the store's reason; its neighbours do not."""
    full, roomy = Drawer("full", refuses=["o1@acme.example.com"]), Drawer("roomy")

    failures, _, _ = save([full, roomy])

    assert failures[0] is failures[2] is None
    assert failures[1].code == "not_saved"
    assert failures[1].cause is Cause.STORE
    assert failures[1].description == "full is full"
    assert failures[1].advice == "make room"
    assert "o1@acme.example.com" in roomy.batches[0]


def test_a_store_that_could_not_be_prepared_fails_its_orgs_and_the_others_are_served():
    """The person asked for both."""
    drawer = Drawer()

    failures, _, _ = save([drawer], broken=[StoreError("/x is read-only")])

    assert {failure.description for failure in failures} == {"/x is read-only"}
    assert len(drawer.batches[0]) == 3


def test_a_store_that_breaks_its_promise_fails_its_orgs_only(caplog):
    """A mistake in one store must not cost what the others can keep, nor be lost."""
    caplog.set_level("DEBUG", logger="orgauth")
    broken, good = Drawer("broken", breaks=ZeroDivisionError("boom")), Drawer("good")

    failures, _, _ = save([broken, good])

    assert {failure.description for failure in failures} == {
        "the store broken failed: ZeroDivisionError"
    }
    assert len(good.batches[0]) == 3
    assert "boom" in caplog.text


def test_a_warning_is_told_once_a_run():
    """A thousand orgs with one cause are one warning."""
    drawer = Drawer(warnings=["the key came from no file"])

    _, observer, _ = save([drawer], count=30, one_by_one=True)

    assert observer.of(Warned) == [Warned("the key came from no file")]


def test_without_a_usable_store_the_reason_is_everybodys():
    """Cannot happen through the wiring, which stops before; still no org is called saved."""

    async def main():
        saver = BatchSaver([], broken=[StoreError("no")], observer=EventList())
        failure = await saver.save(authorized(1))
        await saver.close()
        return failure

    assert in_virtual_time(main()).description == "no"


@pytest.mark.parametrize("count", [1, 5])
def test_close_writes_what_has_gathered(count):
    """Nothing that was handed over is dropped."""

    async def main():
        drawer = Drawer()
        saver = BatchSaver([drawer], observer=EventList(), linger_seconds=3600)
        tasks = [asyncio.create_task(saver.save(authorized(n))) for n in range(count)]
        await asyncio.sleep(0)
        await saver.close()
        await asyncio.gather(*tasks)
        return sum(map(len, drawer.batches))

    assert in_virtual_time(main()) == count
