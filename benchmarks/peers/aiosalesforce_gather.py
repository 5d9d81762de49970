"""aiosalesforce with ``asyncio.gather``, one ``httpx`` client for all.

It only takes https://….my.salesforce.com; a transport leads that to the server's plain http.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
from aiosalesforce import Salesforce
from aiosalesforce.auth import JwtBearerFlow

URL, CLIENT_ID, KEY_FILE, FILE = sys.argv[1:]
USERNAMES = Path(FILE).read_text().split()


class ToServer(httpx.AsyncHTTPTransport):
    """Sends to the server what is meant for Salesforce."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        request.url = httpx.URL(URL + request.url.path)
        return await super().handle_async_request(request)


async def main() -> None:
    """Log in to every username."""
    room = asyncio.Semaphore(64)

    async def login(username: str) -> str:
        sandbox = ".sandbox" if username.startswith("test-") else ""
        async with room:
            auth = JwtBearerFlow(CLIENT_ID, username, KEY_FILE)
            org = Salesforce(client, f"https://acme{sandbox}.my.salesforce.com", auth)
            return await auth.get_access_token(org)

    async with httpx.AsyncClient(transport=ToServer()) as client:
        await asyncio.gather(*map(login, USERNAMES))


asyncio.run(main())
