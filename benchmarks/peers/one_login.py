"""One login and one query with a peer's library; prints what came of it as one line of JSON.

one_login.py (aiosalesforce|simple-salesforce) URL CLIENT_ID KEY_FILE USERNAME ROOTS

Both know Salesforce's host names only: what is meant for those goes to URL, over TLS that trusts
the authorities in ROOTS. Nothing else is changed: every setting is the library's own.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from typing import Any

PEER, URL, CLIENT_ID, KEY_FILE, USERNAME, ROOTS = sys.argv[1:]
SOQL = "SELECT Name FROM Organization"


def simple_salesforce() -> None:
    """Log in, then ask the instance that the answer named."""
    import requests  # noqa: PLC0415 - this peer's alone
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 - likewise
    from simple_salesforce import Salesforce  # noqa: PLC0415 - likewise
    from simple_salesforce.login import SalesforceLogin  # noqa: PLC0415 - likewise

    class ToServer(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
            request.url = URL + request.path_url
            return super().send(request, *args, **kwargs)

    session = requests.Session()
    session.verify = ROOTS
    session.mount("https://login.salesforce.com", ToServer())
    token, instance = SalesforceLogin(
        username=USERNAME,
        consumer_key=CLIENT_ID,
        privatekey_file=KEY_FILE,
        domain="login",
        session=session,
    )
    Salesforce(instance=instance, session_id=token, session=session).query(SOQL)


async def aiosalesforce() -> None:
    """Log in, then ask; it asks the URL it was given, whatever the answer named."""
    import httpx  # noqa: PLC0415 - this peer's alone
    from aiosalesforce import Salesforce  # noqa: PLC0415 - likewise
    from aiosalesforce.auth import JwtBearerFlow  # noqa: PLC0415 - likewise

    class ToServer(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.url = httpx.URL(URL + request.url.raw_path.decode())
            request.headers["Host"] = request.url.netloc.decode()
            return await super().handle_async_request(request)

    context = ssl.create_default_context(cafile=ROOTS)
    mounts = {"https://acme.my.salesforce.com": ToServer(verify=context)}
    async with httpx.AsyncClient(verify=context, mounts=mounts) as client:
        auth = JwtBearerFlow(CLIENT_ID, USERNAME, KEY_FILE)
        org = Salesforce(client, "https://acme.my.salesforce.com", auth)
        async for _ in org.query(SOQL):
            pass


def main() -> int:
    """Print the outcome; return 0 for success."""
    try:
        if PEER == "simple-salesforce":
            simple_salesforce()
        else:
            asyncio.run(aiosalesforce())
    except Exception as error:  # noqa: BLE001 - what it raises is what is asked
        print(json.dumps({"name": type(error).__name__, "message": str(error)}))
        return 1
    print(json.dumps({"name": "", "message": "logged in"}))
    return 0


sys.exit(main())
