"""Names are looked up by the system, and a silent name server keeps nobody waiting."""

import asyncio
import socket
import subprocess
import sys
import textwrap
import threading

import pytest

from orgauth.name_lookup import system_resolver


@pytest.fixture
def silence(monkeypatch):
    """The name servers of ``*.silent.example.com`` say nothing until the test is over."""
    over = threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        if str(host).endswith(".silent.example.com"):
            over.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield over
    over.set()


async def test_a_name_of_this_machine_is_looked_up():
    """Each address with what a connection needs to know of it."""
    found = await system_resolver().resolve("localhost", 8080, family=socket.AF_INET)

    assert [(one["hostname"], one["host"], one["port"], one["family"]) for one in found] == [
        ("localhost", "127.0.0.1", 8080, socket.AF_INET)
    ]


async def test_a_link_local_address_keeps_its_interface(monkeypatch):
    """Without it the address means nothing."""
    place = ("fe80::1", 443, 0, 7)
    known = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", place)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: known)
    monkeypatch.setattr(socket, "getnameinfo", lambda *_: ("fe80::1%eth0", "443"))

    [found] = await system_resolver().resolve("printer.example.com", 443)

    assert found["host"] == "fe80::1%eth0"


async def test_a_name_that_nobody_knows_is_an_error_of_the_system(monkeypatch):
    """As aiohttp expects it."""

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(socket.gaierror, match="not known"):
        await system_resolver().resolve("nonexistent.invalid")


async def test_silent_name_servers_do_not_delay_other_names(silence):
    """However many names they are: more than asyncio has threads for lookups."""
    resolver = system_resolver()
    waiting = [
        asyncio.create_task(resolver.resolve(f"{number}.silent.example.com"))
        for number in range(50)
    ]
    await asyncio.sleep(0)

    async with asyncio.timeout(10):
        assert await resolver.resolve("localhost")

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_an_answer_that_comes_when_nobody_waits_any_more_is_dropped(silence):
    """Quietly."""
    asking = asyncio.create_task(system_resolver().resolve("a.silent.example.com"))
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    silence.set()
    [lookup] = [thread for thread in threading.enumerate() if thread.name == "orgauth-dns"]
    lookup.join(10)
    await asyncio.sleep(0)  # its answer has been handed over, and nothing was said


def test_a_program_ends_while_a_lookup_still_hangs():
    """It does not wait for a name server, neither in asyncio nor in the interpreter's end."""
    program = """
        import asyncio, contextlib, socket, time
        from orgauth.name_lookup import system_resolver
        socket.getaddrinfo = lambda *_, **__: time.sleep(60)

        async def main():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(system_resolver().resolve("silent.example.com"), 0.05)

        asyncio.run(main())
        print("over")
    """
    said = subprocess.run(
        [sys.executable, "-X", "dev", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert (said.stdout, said.stderr) == ("over\n", "")
