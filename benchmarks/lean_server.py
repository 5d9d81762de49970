"""A Salesforce login and REST host that is fast enough to measure clients against.

The simulator tells the truth in every corner and takes its time for it; here it would be
the bottleneck. This one answers what a login asks and nothing else: it verifies every
signature, audience and expiry, and knows every token that it has given out. It shares no
code with orgauth. Usernames are those of ``orgs.py``; ``late`` in one means not approved
until ``--late-seconds`` after the first request of a run.

    python benchmarks/lean_server.py --public-key key.pub --client-id ID

prints its URL. ``GET /counts`` tells what was asked since ``POST /counts``.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import signal
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

if TYPE_CHECKING:
    from collections.abc import Callable

LOGIN, TEST = "https://login.salesforce.com", "https://test.salesforce.com"
_PADDING, _HASH = PKCS1v15(), SHA256()
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_BEARER = re.compile(rb"\r\nauthorization: *bearer +(\S+)", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+")
_ONE_SCRATCH_ORG = re.compile(r"ScratchOrg ?= ?'(\w{15})")
_MILLISECONDS = 1e11  # the Salesforce CLI dates its assertions in them
_CLOCK_TOLERANCE = 180
_LONGEST = 300

Answer = tuple[int, Any]


class Host:
    """All orgs, and what was asked of them."""

    def __init__(self, options: argparse.Namespace) -> None:
        key = load_pem_public_key(options.public_key.read_bytes())
        if not isinstance(key, RSAPublicKey):
            raise TypeError("the public key is no RSA key")
        self._key = key
        self._client_id = options.client_id
        self._audience = options.audience
        self._scratch_orgs = options.scratch_orgs_per_hub
        self._late_seconds = options.late_seconds
        self._tokens: dict[bytes, str] = {}
        self._users: dict[str, int] = {}
        self.url = ""
        self.counts: Counter[str] = Counter()
        self.first_token: float | None = None
        self.last_ready: float | None = None

    def answer(self, method: bytes, target: bytes, head: bytes, body: bytes) -> Answer:
        """Answer one request with a status and a JSON value."""
        path, _, query = target.partition(b"?")
        if path == b"/services/oauth2/token":
            self.counts["token"] += 1
            return self._token(body)
        if path == b"/counts":
            return self._count(method)
        if path.rstrip(b"/") == b"/services/data":
            self.counts["versions"] += 1
            return 200, _VERSIONS
        bearer = _BEARER.search(head)
        username = self._tokens.get(bearer[1]) if bearer else None
        if username is None:
            return 401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]
        if path.endswith(b"/composite/batch"):
            self.counts["batch"] += 1
            return self._batch(username, body)
        if path.endswith(b"/query"):
            self.counts["query"] += 1
            return self._query(username, parse_qs(query.decode()).get("q", [""])[0])
        self.counts["other"] += 1
        return 404, [{"errorCode": "NOT_FOUND", "message": "not found"}]

    def _count(self, method: bytes) -> Answer:
        if method == b"POST":
            self.counts.clear()
            self.first_token = self.last_ready = None
        times = {"first_token": self.first_token, "last_ready": self.last_ready}
        return 200, {**self.counts, **times}

    def _token(self, body: bytes) -> Answer:
        now = time.time()
        if self.first_token is None:
            self.first_token = time.monotonic()
        start = body.index(b"assertion=") + len(b"assertion=")
        assertion = body[start:].partition(b"&")[0]
        signed, _, signature = assertion.rpartition(b".")
        header, _, payload = signed.partition(b".")
        claims = json.loads(_decoded(payload))
        if json.loads(_decoded(header))["alg"] != "RS256" or claims["iss"] != self._client_id:
            return _refusal("invalid_client_id", "client identifier invalid")
        try:
            self._key.verify(_decoded(signature), signed, _PADDING, _HASH)
        except InvalidSignature:
            return _refusal("invalid_grant", "invalid assertion")
        username = claims["sub"]
        expected = self._audience or (TEST if username.startswith("test-") else LOGIN)
        # Its own URL is what the Salesforce CLI tries first. Refused, it goes on to Salesforce's
        # real hosts, where no benchmark has any business.
        if claims["aud"].rstrip("/") not in (expected, self.url):
            return _refusal("invalid_grant", "audience is invalid")
        left = float(claims["exp"]) - now
        if left < -_CLOCK_TOLERANCE:
            return _refusal("invalid_grant", "expired authorization code")
        if _LONGEST + _CLOCK_TOLERANCE < left < _MILLISECONDS - now:
            return _refusal("invalid_grant", "invalid assertion")
        if "late" in username and time.monotonic() < self.first_token + self._late_seconds:
            return _refusal("invalid_grant", "user hasn't approved this consumer")
        if "late" not in username:
            self.last_ready = time.monotonic()
        return 200, self._issued(username)

    def _issued(self, username: str) -> dict[str, str]:
        org_id = _org_id(username)
        number = self._users.setdefault(username, len(self._users))
        token = f"{org_id}!AQ{base64.urlsafe_b64encode(os.urandom(66)).decode()}"
        self._tokens[token.encode()] = username
        return {
            "access_token": token,
            "scope": "api refresh_token",
            "instance_url": self.url,
            "id": f"{LOGIN}/id/{org_id}EAA/005{number:012d}AAA",
            "token_type": "Bearer",
            "api_instance_url": self.url,
        }

    def _batch(self, username: str, body: bytes) -> Answer:
        results = []
        for request in json.loads(body)["batchRequests"]:
            soql = unquote(request["url"].partition("?q=")[2])
            status, result = self._query(username, soql)
            results.append({"statusCode": status, "result": result})
        return 200, {"hasErrors": False, "results": results}

    def _query(self, username: str, soql: str) -> Answer:
        is_scratch = username.startswith("test-")
        if "FROM ScratchOrgInfo" not in soql:
            return 200, _page([_organization(username, is_scratch=is_scratch)])
        if is_scratch:
            message = "sObject type 'ScratchOrgInfo' is not supported."
            return 400, [{"errorCode": "INVALID_TYPE", "message": message}]
        one = _ONE_SCRATCH_ORG.search(soql)
        if one:
            return 200, _page([_scratch_org(one[1])])
        hub = int(_NUMBERS.findall(username)[0])
        ids = [_id(hub, number) for number in range(1, self._scratch_orgs + 1)]
        return 200, _page([_scratch_org(each) for each in ids])


class Connection(asyncio.Protocol):
    """One client's connection: requests one after the other, kept alive."""

    def __init__(self, host: Host, latency: float) -> None:
        self._host = host
        self._latency = latency
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, rest = self._buffer[: end + 2], self._buffer[end + 4 :]
            found = _body(head, rest)
            if found is None:
                return
            body, self._buffer = found
            method, target, _ = head.split(b" ", 2)
            answer = _encoded(*self._host.answer(method, target, head, body))
            self._later(lambda answer=answer: self._transport.write(answer))

    def _later(self, write: Callable[[], None]) -> None:
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, write)
        else:
            write()


def _body(head: bytes, rest: bytes) -> tuple[bytes, bytes] | None:
    """Return a request's body and what follows it; None where it is not all there yet."""
    if _CHUNKED.search(head):  # as Node sends it
        body = b""
        while (line := rest.find(b"\r\n")) >= 0:
            size = int(rest[:line], 16)
            if len(rest) < line + size + 4:
                return None
            body += rest[line + 2 : line + 2 + size]
            rest = rest[line + size + 4 :]
            if size == 0:
                return body, rest
        return None
    found = _LENGTH.search(head)
    length = int(found[1]) if found else 0
    return None if len(rest) < length else (rest[:length], rest[length:])


def _encoded(status: int, value: Any) -> bytes:
    body = json.dumps(value).encode()
    return (
        b"HTTP/1.1 %d X\r\nContent-Type: application/json;charset=UTF-8\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (status, len(body), body)
    )


def _decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _refusal(error: str, description: str) -> Answer:
    return 400, {"error": error, "error_description": description}


def _page(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {"totalSize": len(records), "done": True, "records": records}


def _id(hub: int, number: int) -> str:
    return f"00D{hub:06d}{number:06d}"


def _org_id(username: str) -> str:
    hub, number = (*map(int, _NUMBERS.findall(username)), 0)[:2]
    return _id(hub, number)


def _organization(username: str, *, is_scratch: bool) -> dict[str, Any]:
    return {
        "Name": f"Acme {username}",
        "InstanceName": "CS1",
        "IsSandbox": is_scratch,
        "TrialExpirationDate": "2031-01-31T00:00:00.000+0000" if is_scratch else None,
        "NamespacePrefix": None,
        "OrganizationType": "Developer Edition",
    }


def _scratch_org(org_id: str) -> dict[str, str]:
    return {"Id": "2SR000000000001AAA", "ScratchOrg": org_id, "ExpirationDate": "2031-01-31"}


_VERSIONS = [
    {"label": "x", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
    for number in range(31, 67)
]


async def _serve(options: argparse.Namespace) -> None:
    host, loop = Host(options), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(host, options.latency), "127.0.0.1", 0, backlog=1024
    )
    host.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(host.url, flush=True)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A lean Salesforce host for benchmarks.")
    parser.add_argument("--public-key", type=Path, required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--late-seconds", type=float, default=0.0)
    parser.add_argument("--scratch-orgs-per-hub", type=int, default=99)
    parser.add_argument("--audience", help="the only one that is taken; default: by username")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(_serve(_options()))
