"""What a careful engineer writes in an afternoon: key loaded once, one session, a semaphore."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import aiohttp
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

URL, CLIENT_ID, KEY_FILE, FILE = sys.argv[1:]
USERNAMES = Path(FILE).read_text().split()
KEY = load_pem_private_key(Path(KEY_FILE).read_bytes(), password=None)
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


async def main() -> None:
    """Log in to every username."""
    room = asyncio.Semaphore(64)

    async def login(username: str) -> str:
        async with room:
            kind = "test" if username.startswith("test-") else "login"
            audience = f"https://{kind}.salesforce.com"
            claims = {"iss": CLIENT_ID, "sub": username, "aud": audience}
            claims["exp"] = int(time.time()) + 180
            assertion = jwt.encode(claims, KEY, algorithm="RS256")
            form = {"grant_type": GRANT, "assertion": assertion}
            async with session.post(f"{URL}/services/oauth2/token", data=form) as response:
                response.raise_for_status()
                return (await response.json())["access_token"]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*map(login, USERNAMES))


asyncio.run(main())
