"""simple-salesforce in a thread pool, a ``requests`` session a thread.

It only knows https://….salesforce.com; an adapter leads that to the server's plain http, so
it pays for no TLS, as nobody here does.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.login import SalesforceLogin

URL, CLIENT_ID, KEY_FILE, USERNAMES = sys.argv[1:]
LOCAL = threading.local()


class ToServer(HTTPAdapter):
    """Sends to the server what is meant for Salesforce."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send one request."""
        request.url = URL + request.path_url
        return super().send(request, *args, **kwargs)


def login(username: str) -> str:
    """Log in to one username."""
    if not hasattr(LOCAL, "session"):
        LOCAL.session = requests.Session()
        LOCAL.session.mount("https://", ToServer())
    token, _ = SalesforceLogin(
        username=username,
        consumer_key=CLIENT_ID,
        privatekey_file=KEY_FILE,
        domain="test" if username.startswith("test-") else "login",
        session=LOCAL.session,
    )
    return token


with ThreadPoolExecutor(max_workers=16) as pool:
    list(pool.map(login, Path(USERNAMES).read_text().split()))
