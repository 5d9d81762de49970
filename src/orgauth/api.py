"""The Python API: authorize a manifest from a program of one's own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from orgauth import preparing, wiring
from orgauth.progress.observers import Fanout

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Mapping, Sequence

    from orgauth.models import Outcome
    from orgauth.ports import Observer

__all__ = ["authorize", "authorize_all"]


async def authorize(
    manifest: str | os.PathLike[str],
    *,
    only: Sequence[str] = (),
    concurrency: int | None = None,
    verify: bool = True,
    keep_going: bool = False,
    stores: Sequence[str] = (),
    if_needed: bool = False,
    observer: Observer | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Outcome]:
    """Authorize the orgs of a manifest, yielding each outcome as it comes.

    Nothing is saved unless ``stores`` says so. Leaving the loop early ends the run.

    Args:
        manifest: the path of an ``orgs.yaml``.
        only: aliases or usernames; empty for all orgs.
        concurrency: instead of the manifest's settings.
        verify: prove each token alive by one REST call.
        keep_going: try every org, even where all that share its client id, key and login host were
            refused.
        stores: where to save: ``salesforce-cli``, ``env:FILE``.
        if_needed: use a stored token again where one REST call accepts it (``Reused``);
            ``stores`` must name ``salesforce-cli``, and all of them must have that token.
        observer: is told what happens meanwhile.
        environ: instead of this process's environment, for ``${NAME}`` and keys in variables.

    Yields:
        ``Authorized``, ``Reused``, ``Failed`` or ``Skipped``, one for each org.

    Raises:
        ManifestError: the manifest or a key cannot be used; ``.problems`` says where.
        UsageError: an argument cannot be followed.
        StoreError: none of the stores can be written.
    """
    prepared = await asyncio.to_thread(
        preparing.prepare, Path(manifest), only=only, concurrency=concurrency, environ=environ
    )
    built = wiring.build_stores(stores, prepared, environ=environ)
    finished: asyncio.Queue[Outcome] = asyncio.Queue()
    async with wiring.assembled(
        prepared,
        observer=Fanout(observer) if observer else Fanout(),
        deliver=finished.put_nowait,
        stores=built,
        verify=verify,
        if_needed=if_needed,
        keep_going=keep_going,
    ) as authorizer:
        run = asyncio.create_task(authorizer.run(prepared.orgs))
        try:
            for _ in prepared.orgs:
                yield await _next_of(finished, run)
            await run
        finally:
            authorizer.stop()  # what is being saved is saved, if the caller leaves early
            await asyncio.gather(run, return_exceptions=True)


def authorize_all(
    manifest: str | os.PathLike[str],
    *,
    only: Sequence[str] = (),
    concurrency: int | None = None,
    verify: bool = True,
    keep_going: bool = False,
    stores: Sequence[str] = (),
    if_needed: bool = False,
    environ: Mapping[str, str] | None = None,
) -> list[Outcome]:
    """Authorize the orgs of a manifest and return all outcomes, for programs without asyncio.

    See ``authorize`` for the arguments and what is raised.
    """

    async def collect() -> list[Outcome]:
        outcomes = authorize(
            manifest,
            only=only,
            concurrency=concurrency,
            verify=verify,
            keep_going=keep_going,
            stores=stores,
            if_needed=if_needed,
            environ=environ,
        )
        return [outcome async for outcome in outcomes]

    return asyncio.run(collect())


async def _next_of(finished: asyncio.Queue[Outcome], run: asyncio.Task[None]) -> Outcome:
    """Return the next outcome; raise what ended the run if it ended without one."""
    getting = asyncio.ensure_future(finished.get())
    try:
        await asyncio.wait((getting, run), return_when=asyncio.FIRST_COMPLETED)
        if not getting.done() and run.done() and finished.empty():
            run.result()
        return await getting
    finally:
        getting.cancel()
