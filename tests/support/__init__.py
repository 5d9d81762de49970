"""What tests share: made-up orgs, keys of their own making, and time that costs nothing."""

from __future__ import annotations

import asyncio
import os
import pty
import selectors
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from orgauth.models import KeyRef, Org, OrgKind

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from orgauth.events import Event

T = TypeVar("T")

KEY = KeyRef("file", "/keys/server.key")


@cache
def private_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """Return an RSA key, made once a test session; other numbers give other keys."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def pem_of(key: Any, passphrase: bytes | None = None) -> bytes:
    """Return a private key as PKCS#8 PEM, encrypted if a passphrase is given."""
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def make_org(username: str = "ci@acme.example.com", **changes: Any) -> Org:
    """Return an org; scratch orgs are new and log in at test.salesforce.com."""
    kind = changes.get("kind", OrgKind.PRODUCTION)
    in_test = kind in (OrgKind.SCRATCH, OrgKind.SANDBOX)
    fields: dict[str, Any] = {
        "username": username,
        "client_id": "3MVG9.made.up",
        "key": KEY,
        "login_url": f"https://{'test' if in_test else 'login'}.salesforce.com",
        "audience": f"https://{'test' if in_test else 'login'}.salesforce.com",
        "is_new": kind is OrgKind.SCRATCH,
        **changes,
    }
    return Org(**fields)


class EventList:
    """An observer that remembers everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]


class _VirtualSelector(selectors.DefaultSelector):
    """Lets time pass at once, but never while a thread still works for the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads_at_work = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.threads_at_work:
            return super().select(1.0 if timeout is None else min(timeout, 0.001) or 0)
        if timeout is None:
            return super().select(1.0)
        if timeout > 0:
            self.now += timeout
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        self._virtual.threads_at_work += 1
        future = super().run_in_executor(executor, func, *args)

        def done(_: object) -> None:
            self._virtual.threads_at_work -= 1

        future.add_done_callback(done)
        return future


def in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; hours of sleep take no time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def invoke(*args: object) -> tuple[int, str, str]:
    """Run a command in this process; return its status, standard output and standard error."""
    from click.testing import CliRunner  # noqa: PLC0415 - only tests of commands need it

    from orgauth.cli.main import cli  # noqa: PLC0415 - likewise

    result = CliRunner().invoke(cli, [str(arg) for arg in args], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.stdout, result.stderr


def on_a_terminal(*args: object) -> tuple[int, str]:
    """Run the program on a terminal of its own; return its status and what the terminal got."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "orgauth", *(str(arg) for arg in args)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not part:
                break
            shown += part
        os.close(ours)
    return process.returncode, shown.decode(errors="replace")
