"""HTTP against real servers on this machine: every way in which an answer can fail to come."""

import asyncio
import datetime as dt
import errno
import gzip
import os
import socket
import ssl
import struct
import traceback
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest

from orgauth.errors import AttemptFailed, UsageError
from orgauth.models import Cause, FailureKind
from orgauth.simulator.tls import make_certificates, server_context
from orgauth.transport import MAX_ANSWER_BYTES, AiohttpClient

CANARY = "canary"
PERMANENT, TRANSIENT = FailureKind.PERMANENT, FailureKind.TRANSIENT


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch):
    """Only what a test sets is set."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("NETRC", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name)


class Server:
    """Raw bytes on a real socket, and what came in."""

    def __init__(self, handler):
        self.requests = []
        """Each request, head and body, as it came over the wire."""
        self.connections = 0
        self.port = 0
        self._handler = handler
        self._tasks = set()

    async def __call__(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._handler(self, reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            self._tasks.discard(task)
            with suppress(OSError):
                writer.close()

    async def request(self, reader):
        """Read one whole request and return it."""
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-len")]
        body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
        self.requests.append(head + body)
        return head + body

    async def stop(self):
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def serving(handler, *, tls=None, host="127.0.0.1"):
    server = Server(handler)
    listener = await asyncio.start_server(server, host, 0, ssl=tls, backlog=1024)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.stop()
        await listener.wait_closed()


def saying(answer, *, then=None):
    """Return a handler that answers each request of a connection with these bytes."""

    async def handler(server, reader, writer):
        while True:
            await server.request(reader)
            writer.write(answer)
            await writer.drain()
            if then == "close":
                return
            if then == "nothing":
                await asyncio.Event().wait()

    return handler


def answer(body=b"{}", *headers, status="200 OK"):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def client(timeout_seconds=5.0, **options):
    return AiohttpClient(timeout_seconds=timeout_seconds, **options)


async def post(url, **options):
    async with client(**options) as http:
        return await http.request("POST", url, headers={"X-Test": "1"}, body=b"a=b")


async def failure_of(url, **options):
    """Return the failure of a request, after making sure that nothing of it can be seen."""
    async with client(**options) as http:
        with pytest.raises(AttemptFailed) as caught:
            await http.request(
                "POST", url, headers={"Authorization": f"Bearer {CANARY}"}, body=CANARY.encode()
            )
    failure = caught.value.failure
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert CANARY not in repr(failure)
    assert failure.advice
    assert failure.cause is Cause.NETWORK
    return failure


async def broken(handler, **options):
    async with serving(handler) as server:
        failure = await failure_of(f"http://127.0.0.1:{server.port}/x", **options)
    assert "127.0.0.1" in failure.description
    return failure


# A whole answer


async def test_a_request_goes_out_as_it_is_meant_and_its_answer_comes_back_whole():
    """Few headers, the body untouched."""
    async with serving(saying(answer(b'{"a": 1}', "X-Any: 2", "Retry-After: 3"))) as server:
        got = await post(f"http://127.0.0.1:{server.port}/services/oauth2/token")

    assert (got.status, got.body) == (200, b'{"a": 1}')
    assert got.headers["retry-after"] == got.headers["RETRY-AFTER"] == "3"
    head, _, body = server.requests[0].decode().partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == "POST /services/oauth2/token HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert headers.pop("User-Agent").startswith("orgauth/")
    headers.pop("Content-Type", None)
    assert headers == {
        "Host": f"127.0.0.1:{server.port}",
        "X-Test": "1",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Content-Length": "3",
    }
    assert body == "a=b"


async def test_a_get_has_no_body():
    """Not even an empty one."""
    async with serving(saying(answer())) as server, client() as http:
        await http.request("GET", f"http://127.0.0.1:{server.port}/", headers={})

    assert b"Content-Length" not in server.requests[0]


async def test_connections_are_kept_alive():
    """One handshake for a whole run."""
    async with serving(saying(answer())) as server, client() as http:
        for _ in range(3):
            await http.request("GET", f"http://127.0.0.1:{server.port}/", headers={})

    assert (len(server.requests), server.connections) == (3, 1)


@pytest.mark.parametrize(
    "stray",
    [answer(b"somebody else's"), b"HTTP/1.1 400 Bad Request\r\n\r\n", b"0"],
    ids=["answer", "refusal", "rest"],
)
async def test_what_comes_unasked_is_nobodys_answer(stray):
    """It would be taken for the answer to the next request on that connection."""
    said = asyncio.Event()

    async def handler(server, reader, writer):
        while True:
            path = (await server.request(reader)).split()[1]
            writer.write(answer(path))
            await writer.drain()
            await asyncio.sleep(0.01)  # the client has read its answer by then
            writer.write(stray)
            await writer.drain()
            said.set()

    async with asyncio.timeout(4), serving(handler) as server, client() as http:
        for path in ("/a", "/b", "/c"):
            url = f"http://127.0.0.1:{server.port}{path}"
            got = await http.request("POST", url, headers={}, body=b"a=b")
            assert got.body == path.encode()
            await said.wait()
            said.clear()
            await asyncio.sleep(0.01)

    assert (len(server.requests), server.connections) == (3, 3)


async def test_a_server_that_speaks_first_is_not_asked_for_ever():
    """Only used connections are given up for what came over them."""

    async def handler(server, reader, writer):
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()
        await asyncio.Event().wait()

    assert (await broken(handler)).code == "bad_http"


async def test_as_many_at_once_as_are_asked_for():
    """Slots decide how many; the connector does not."""
    gate = asyncio.Event()

    async def handler(server, reader, writer):
        await server.request(reader)
        if server.connections == 150:
            gate.set()
        await gate.wait()
        writer.write(answer())
        await writer.drain()

    async with serving(handler) as server, client() as http:
        url = f"http://127.0.0.1:{server.port}/"
        answers = await asyncio.gather(*(http.request("GET", url, headers={}) for _ in range(150)))

    assert [got.status for got in answers] == [200] * 150


async def test_an_ipv6_address_is_a_host_like_any_other():
    """In brackets."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    async with serving(saying(answer()), host="::1") as server:
        got = await post(f"http://[::1]:{server.port}/")

    assert got.status == 200


class _Sockets(socket.socket):
    """Sockets of a machine whose kernel knows no IPv6."""

    def __init__(self, family=socket.AF_INET, *args, **options):
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        super().__init__(family, *args, **options)


@pytest.mark.parametrize("trouble", ["nobody listens there", "no IPv6", "nobody answers there"])
async def test_a_name_that_is_an_ipv6_address_first_is_reached_by_its_other_one(
    monkeypatch, trouble
):
    """As `localhost` is in many containers, where nothing listens on ::1."""

    def both(host, port, *_, **__):
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port)),
        ]

    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def hanging(sock, address):
        if sock.family == socket.AF_INET6:
            await asyncio.Event().wait()
        await connect(sock, address)

    async with serving(saying(answer())) as server:
        monkeypatch.setattr(socket, "getaddrinfo", both)
        if trouble == "no IPv6":
            monkeypatch.setattr(socket, "socket", _Sockets)
        if trouble == "nobody answers there":
            monkeypatch.setattr(loop, "sock_connect", hanging)
        got = await post(f"http://two.addresses.example:{server.port}/")

    assert got.status == 200


@pytest.mark.parametrize(("most_idle", "connections"), [(8, 3), (2, 4), (0, 6)])
async def test_only_so_many_connections_idle(most_idle, connections):
    """Every org of a large run may have a host of its own, and a process a thousand files."""
    hosts = ("127.0.0.1", "localhost", "0x7f.1")

    async with serving(saying(answer())) as server, client(most_idle=most_idle) as http:
        for _ in range(2):
            for host in hosts:
                await http.request("GET", f"http://{host}:{server.port}/", headers={})

    assert server.connections == connections


async def test_a_compressed_answer_is_not_unfolded():
    """None was asked for; a gigabyte of zeros fits into one megabyte."""
    folded = gzip.compress(b"0" * 100_000)
    async with serving(saying(answer(folded, "Content-Encoding: gzip"))) as server:
        got = await post(f"http://127.0.0.1:{server.port}/")

    assert got.body == folded


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_an_answer_and_is_not_followed(status):
    """A secret is not sent after it."""
    redirect = answer(b"", "Location: /elsewhere", status=status)
    async with serving(saying(redirect)) as server:
        got = await post(f"http://127.0.0.1:{server.port}/")

    assert got.status == int(status[:3])
    assert len(server.requests) == 1


async def test_cookies_are_not_kept():
    """Orgs have nothing to do with each other."""
    cookie = answer(b"", "Set-Cookie: sid=1; Path=/")
    async with serving(saying(cookie)) as server, client() as http:
        for _ in range(2):
            await http.request("GET", f"http://127.0.0.1:{server.port}/", headers={})

    assert len(server.requests) == 2
    assert b"ookie" not in server.requests[1]


async def test_a_netrc_has_no_business_here(tmp_path, monkeypatch):
    """Its passwords are meant for others."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"default login me password {CANARY}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    async with serving(saying(answer())) as server:
        await post(f"http://127.0.0.1:{server.port}/")

    assert b"uthorization" not in server.requests[0]


async def test_a_client_that_was_not_opened_says_so():
    """A mistake in a program, not of the network."""
    with pytest.raises(RuntimeError, match="context manager"):
        await client().request("GET", "http://127.0.0.1/", headers={})
    await client().__aexit__()


# No whole answer


async def test_a_port_that_nobody_listens_to():
    """Refused, with the system's reason."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        failure = await failure_of(f"http://127.0.0.1:{taken.getsockname()[1]}/")

    assert (failure.code, failure.kind) == ("connection_refused", TRANSIENT)
    assert "refused" in failure.description


async def _silent(server, reader, writer):
    await server.request(reader)
    await asyncio.Event().wait()


async def _reset(server, reader, writer):
    await server.request(reader)
    # Linger 0: the system sends RST instead of FIN.
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def _flood(server, reader, writer, *, head, part):
    await server.request(reader)
    writer.write(head)
    while True:
        writer.write(part)
        await writer.drain()


ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (saying(b"", then="close"), "disconnected"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Le", then="close"), "disconnected"),
        (_reset, "connection_lost"),
        (saying(answer(b"x" * 100)[:-50], then="close"), "half_answer"),
        (saying(ENDLESS + b"10\r\nabc", then="close"), "half_answer"),
        (saying(ENDLESS + b"zz\r\nabc", then="close"), "bad_http"),
        (saying(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", then="close"), "bad_http"),
        (saying(b"\x15\x03\x01\x00\x02\x02\x16", then="close"), "bad_http"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", then="close"), "bad_http"),
        (
            partial(_flood, head=b"HTTP/1.1 200 OK\r\n", part=b"X-A: " + b"y" * 4000 + b"\r\n"),
            "bad_http",
        ),
        (partial(_flood, head=b"HTTP/1.1 200 OK\r\nX-A: ", part=b"y" * 4000), "bad_http"),
        (saying(answer(b"x" * (MAX_ANSWER_BYTES + 1))), "answer_too_large"),
        (
            partial(_flood, head=ENDLESS, part=b"8000\r\n" + b"x" * 32768 + b"\r\n"),
            "answer_too_large",
        ),
    ],
    ids=[
        "closed",
        "half a head",
        "reset",
        "half a body",
        "half a chunk",
        "bad chunk",
        "ssh",
        "tls alert",
        "bad length",
        "header flood",
        "endless header",
        "2 MB",
        "endless body",
    ],
)
async def test_what_is_no_whole_answer_is_a_fault_that_may_pass(handler, code):
    """Each has its word; none takes long, however much the server would send."""
    async with asyncio.timeout(4):
        failure = await broken(handler)

    assert (failure.code, failure.kind) == (code, TRANSIENT)


async def test_an_answer_of_exactly_the_most_is_whole():
    """One mebibyte."""
    async with serving(saying(answer(b"x" * MAX_ANSWER_BYTES))) as server:
        got = await post(f"http://127.0.0.1:{server.port}/")

    assert len(got.body) == MAX_ANSWER_BYTES == 1024 * 1024


@pytest.mark.parametrize(
    "handler",
    [
        _silent,
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", then="nothing"),
        partial(_flood, head=b"", part=b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "silent after half a body", "continue for ever"],
)
async def test_a_server_that_takes_too_long_is_given_up(handler):
    """The time is for the whole, up to the last byte."""
    failure = await broken(handler, timeout_seconds=0.2)

    assert (failure.code, failure.kind) == ("timeout", TRANSIENT)
    assert "0.2 s" in failure.description


async def test_a_server_that_does_not_finish_its_handshake_is_given_up():
    """A port that speaks no TLS and waits for more."""

    async def handler(server, reader, writer):
        await asyncio.Event().wait()

    async with serving(handler) as server:
        url = f"https://127.0.0.1:{server.port}/"
        assert (await failure_of(url, timeout_seconds=0.2)).code == "timeout"


async def test_a_name_that_nobody_knows(monkeypatch):
    """``.invalid`` is nobody's for ever (RFC 6761, 6.4); the resolver here may be none at all."""

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    failure = await failure_of("https://nonexistent.invalid/")

    assert (failure.code, failure.kind) == ("dns", TRANSIENT)
    assert "nonexistent.invalid" in failure.description


@pytest.mark.parametrize(
    "url", ["http:///x", "http://127.1/", "http://x:99999/", "http://[::1/x", "ftp://127.0.0.1/"]
)
async def test_what_is_no_url_is_final(url):
    """Trying again cannot help."""
    failure = await failure_of(url)

    assert (failure.code, failure.kind) == ("bad_url", PERMANENT)


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("tls"))


def trust(monkeypatch, files):
    monkeypatch.setenv("SSL_CERT_FILE", str(files.ca_file))


async def tls_failure(files, host="localhost"):
    async with serving(saying(answer()), tls=server_context(files)) as server:
        failure = await failure_of(f"https://{host}:{server.port}/")
    assert server.requests == []
    assert (failure.code, failure.kind) == ("tls", PERMANENT)
    assert "SSL_CERT_FILE" in failure.advice
    return failure.description


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificates):
    """Nothing is sent to it."""
    assert "unable to get local issuer certificate" in await tls_failure(certificates)


async def test_a_companys_own_root_is_trusted_where_it_is_named(certificates, monkeypatch):
    """By ``SSL_CERT_FILE``, as by other programs."""
    trust(monkeypatch, certificates)

    async with serving(saying(answer()), tls=server_context(certificates)) as server:
        assert (await post(f"https://localhost:{server.port}/")).status == 200
        assert (await post(f"https://127.0.0.1:{server.port}/")).status == 200


async def test_a_certificate_for_another_name_is_refused(tmp_path, monkeypatch):
    """Though its issuer is trusted."""
    files = make_certificates(tmp_path, names=["login.example.com"])
    trust(monkeypatch, files)

    assert "localhost" in await tls_failure(files)


async def test_an_expired_certificate_is_refused(tmp_path, monkeypatch):
    """Though its name is right."""
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    files = make_certificates(tmp_path, not_after=yesterday)
    trust(monkeypatch, files)

    assert "expired" in await tls_failure(files)


async def test_a_port_that_answers_tls_with_http_is_no_tls_port():
    """A plain server behind an https URL."""

    async def handler(server, reader, writer):
        await reader.read(5)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await asyncio.Event().wait()

    async with serving(handler) as server:
        failure = await failure_of(f"https://127.0.0.1:{server.port}/")

    assert (failure.code, failure.kind) == ("tls", PERMANENT)


async def test_a_handshake_that_breaks_off_may_go_better_next_time():
    """A load balancer that is too busy does that."""

    async def handler(server, reader, writer):
        await reader.read(5)

    async with serving(handler) as server:
        failure = await failure_of(f"https://127.0.0.1:{server.port}/")

    assert (failure.code, failure.kind) == ("no_connection", TRANSIENT)


async def test_tls_1_2_is_still_spoken(certificates, monkeypatch):
    """Company proxies are slow to learn."""
    trust(monkeypatch, certificates)
    context = server_context(certificates)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(saying(answer()), tls=context) as server:
        assert (await post(f"https://localhost:{server.port}/")).status == 200


# Proxies


async def _proxy(server, reader, writer, *, to=None):
    """Forward nothing really: answer plain requests, join CONNECT to the port ``to``."""
    request = await server.request(reader)
    if not request.startswith(b"CONNECT "):
        writer.write(answer(b'"from the proxy"'))
        await writer.drain()
        return
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await writer.drain()
    there, back = await asyncio.open_connection("127.0.0.1", to)
    try:
        await asyncio.gather(_copy(reader, back), _copy(there, writer))
    finally:
        back.close()


async def _copy(reader, writer):
    while part := await reader.read(65536):
        writer.write(part)
        await writer.drain()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
async def test_an_https_request_goes_through_the_proxy_in_a_tunnel(name, certificates, monkeypatch):
    """The proxy learns the host's name, and not a byte of the request."""
    trust(monkeypatch, certificates)

    async with (
        serving(saying(answer(b'"real"')), tls=server_context(certificates)) as real,
        serving(partial(_proxy, to=real.port)) as proxy,
    ):
        monkeypatch.setenv(name, f"http://me:p%40w@127.0.0.1:{proxy.port}")
        got = await post("https://login.salesforce.com/services/oauth2/token")

    assert got.body == b'"real"'
    [connect] = proxy.requests
    assert connect.startswith(b"CONNECT login.salesforce.com:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6cEB3" in connect
    assert b"a=b" not in connect
    assert b"oauth2" not in connect
    assert b"Proxy-Authorization" not in real.requests[0]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_plain_request_is_handed_to_the_proxy_whole(name, monkeypatch):
    """With the whole URL, as proxies want it. (Real login URLs are never plain.)"""
    async with serving(_proxy) as proxy:
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        got = await post("http://login.example.com/x")

    assert got.body == b'"from the proxy"'
    assert proxy.requests[0].startswith(b"POST http://login.example.com/x HTTP/1.1\r\n")


async def test_a_proxy_may_be_written_without_its_scheme(monkeypatch):
    """As curl and many a company's instructions have it."""
    async with serving(_proxy) as proxy:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        got = await post("http://login.example.com/x")

    assert got.body == b'"from the proxy"'


@pytest.mark.parametrize(
    ("no_proxy", "url", "goes_through"),
    [
        ("", "http://login.example.com/", True),
        ("other.com", "http://login.example.com/", True),
        ("ample.com", "http://login.example.com/", True),
        ("example.com", "http://login.example.com/", False),
        (".example.com", "http://login.example.com/", False),
        ("a.com, login.example.com", "http://login.example.com/", False),
        ("LOGIN.example.com", "http://login.EXAMPLE.com/", False),
        ("login.example.com", "http://login.example.com:8080/", False),
        ("login.example.com:8080", "http://login.example.com:8080/", False),
        ("login.example.com:8081", "http://login.example.com:8080/", True),
        ("*", "http://login.example.com/", False),
        ("10.1.2.3", "http://10.1.2.3:80/", False),
        ("fd00::1", "http://[fd00::1]:8080/", False),
        ("[fd00::1]", "http://[fd00::1]:8080/", False),
        ("fd00::2", "http://[fd00::1]:8080/", True),
        ("", "http://127.0.0.1:8080/", False),
        ("", "http://localhost:8080/", False),
        ("", "http://[::1]:8080/", False),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
async def test_no_proxy_names_whom_to_ask_directly(name, no_proxy, url, goes_through, monkeypatch):
    """With port and without; this machine is never asked by way of another."""
    async with serving(_proxy) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv(name, no_proxy)
        async with client() as http:
            chosen = http._proxy(url)

    assert (chosen is not None) is goes_through


async def test_a_direct_request_goes_past_the_proxy(monkeypatch):
    """For real, not only by the rules."""
    async with serving(_proxy) as proxy, serving(saying(answer(b'"direct"'))) as server:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        got = await post(f"http://localhost:{server.port}/")

    assert got.body == b'"direct"'
    assert proxy.requests == []


async def test_without_a_variable_there_is_no_proxy():
    """The usual case."""
    async with client() as http:
        assert http._proxy("https://login.salesforce.com/") is None


@pytest.mark.parametrize(
    "proxy",
    ["socks5://127.0.0.1:1", "http://", "http://x:port", "http://x:0", f"ftp://me:{CANARY}@x:1"],
)
async def test_a_proxy_of_another_sort_is_final_and_not_quoted(proxy):
    """It may hold a password."""
    failure = await failure_of("https://login.salesforce.com/", find_proxy=lambda _: proxy)

    assert (failure.code, failure.kind) == ("proxy", PERMANENT)
    assert "login.salesforce.com" in failure.description


@pytest.mark.parametrize(
    ("status", "kind"),
    [("407 Authenticate", PERMANENT), ("403 Forbidden", PERMANENT), ("502 Bad", TRANSIENT)],
)
async def test_a_proxy_that_refuses_the_tunnel(status, kind):
    """A missing password does not come by itself; a gateway may."""
    async with serving(saying(answer(b"", status=status))) as proxy:
        there = f"http://me:{CANARY}@127.0.0.1:{proxy.port}"
        failure = await failure_of("https://login.salesforce.com/", find_proxy=lambda _: there)

    assert (failure.code, failure.kind) == ("proxy", kind)
    assert f"HTTP {status[:3]}" in failure.description
    assert "HTTPS_PROXY" in failure.advice


async def test_a_proxy_that_cannot_be_reached():
    """The proxy is to blame, not Salesforce."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        there = f"http://127.0.0.1:{taken.getsockname()[1]}"
        failure = await failure_of("https://login.salesforce.com/", find_proxy=lambda _: there)

    assert (failure.code, failure.kind) == ("proxy", TRANSIENT)
    assert "proxy cannot be reached" in failure.description


async def test_a_proxy_whose_name_nobody_knows_is_blamed_by_its_own_name(monkeypatch):
    """Salesforce's name is all right."""

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure = await failure_of(
        "https://login.salesforce.com/", find_proxy=lambda _: "http://proxy.invalid:3128"
    )

    assert failure.code == "dns"
    assert "proxy.invalid" in failure.description


async def test_the_proxy_is_looked_up_once_a_host():
    """Looking through the environment for each of a thousand orgs would cost as much as signing."""
    asked = []

    async with serving(saying(answer())) as server, client(find_proxy=asked.append) as http:
        for path in ("a", "b", "c"):
            await http.request("GET", f"http://127.0.0.1:{server.port}/{path}", headers={})

    assert asked == [f"http://127.0.0.1:{server.port}/a"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), ("no certificate", "it holds no certificate")],
)
async def test_roots_that_cannot_be_used_are_told_before_anything_is_sent(
    tmp_path, monkeypatch, content, reason
):
    """OpenSSL would pass over them, and every org would fail with a riddle."""
    file = tmp_path / "roots.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(UsageError, match=reason) as caught:
        async with AiohttpClient(timeout_seconds=1):
            pass
    assert str(file) in str(caught.value)
    assert caught.value.advice
