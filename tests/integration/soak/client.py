"""The process that is soaked: it lives on and on, and authorizes whoever it is told to.

Told in a line of JSON on standard input: the orgs of a batch. Answers in one, too: how each ended,
with a digest of its token, and what the process holds now. With no orgs it gives back what its heap
holds free, and tells what is left. It ends with its input.
"""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import orgauth


async def main(manifest: str) -> None:
    """Work off batches until the input ends: one event loop for all of them."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        outcomes: dict[str, Any] = {}
        orgs = json.loads(line)
        if not orgs:
            ctypes.CDLL(None).malloc_trim(0)
            print(json.dumps(_held()), flush=True)  # noqa: T201 - to its parent
            continue
        async for outcome in orgauth.authorize(manifest, only=orgs, stores=["salesforce-cli"]):
            outcomes.setdefault(outcome.org.username, []).append(_told(outcome))
        print(json.dumps({"outcomes": outcomes, **_held()}), flush=True)  # noqa: T201 - to its parent


def _told(outcome: orgauth.Outcome) -> dict[str, str]:
    if isinstance(outcome, orgauth.Authorized):
        token = outcome.credentials.access_token.reveal()
        return {"status": outcome.status, "token": hashlib.sha256(token.encode()).hexdigest()}
    failure = outcome.failure
    return {
        "status": outcome.status,
        "code": failure.code,
        "kind": failure.kind,
        "description": failure.description,
    }


def _held() -> dict[str, float]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    times = os.times()
    return {
        "rss_mb": pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        "fds": len(list(Path("/proc/self/fd").iterdir())) - 1,  # but for the one that lists them
        "cpu_seconds": times.user + times.system,
    }


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
