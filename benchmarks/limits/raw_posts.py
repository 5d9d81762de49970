"""The limit of posting: assertions over bare asyncio streams, 64 connections.

``ready`` posts assertions that were signed before the clock started; ``fresh`` signs each
just before it is sent: nobody who signs in Python on one core can be much faster than that.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

if TYPE_CHECKING:
    from collections.abc import Iterator

URL, CLIENT_ID, KEY_FILE, USERNAMES, WHEN = sys.argv[1:]
CONNECTIONS = 64
PLACE = urlsplit(URL)
HEADER = base64.urlsafe_b64encode(b'{"alg":"RS256","typ":"JWT"}').rstrip(b"=")
GRANT = b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
HEAD = (
    f"POST /services/oauth2/token HTTP/1.1\r\nHost: {PLACE.netloc}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
)

key = load_pem_private_key(Path(KEY_FILE).read_bytes(), password=None)
if not isinstance(key, RSAPrivateKey):
    raise TypeError("an RSA key is needed")
padding, digest = PKCS1v15(), SHA256()


def request(username: str) -> bytes:
    """Return a whole HTTP request with a signed assertion."""
    kind = "test" if username.startswith("test-") else "login"
    claims = {"iss": CLIENT_ID, "sub": username, "aud": f"https://{kind}.salesforce.com"}
    payload = json.dumps({**claims, "exp": int(time.time()) + 180}).encode()
    signed = HEADER + b"." + base64.urlsafe_b64encode(payload).rstrip(b"=")
    signature = base64.urlsafe_b64encode(key.sign(signed, padding, digest)).rstrip(b"=")
    body = GRANT + signed + b"." + signature
    return (HEAD % len(body)).encode() + body


async def post_all(requests: Iterator[bytes]) -> None:
    """Send every request, and read every answer to its end."""

    async def worker() -> None:
        reader, writer = await asyncio.open_connection(PLACE.hostname, PLACE.port)
        for each in requests:
            writer.write(each)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            json.loads(await reader.readexactly(length))
        writer.close()

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))


usernames = Path(USERNAMES).read_text().split()
requests = list(map(request, usernames)) if WHEN == "ready" else map(request, usernames)
seconds, cpu_seconds = time.monotonic(), time.process_time()
asyncio.run(post_all(iter(requests)))
took = {
    "seconds": time.monotonic() - seconds,
    "cpu_seconds": time.process_time() - cpu_seconds,
}
print(json.dumps(took))
