"""Settings → built objects: the only place that names implementations."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path

from orgauth import descriptors
from orgauth.assertion import AssertionBuilder
from orgauth.authorizer import Authorizer
from orgauth.batching import leave_behind
from orgauth.breaker import Breaker
from orgauth.errors import StoreError, UsageError
from orgauth.events import Warned
from orgauth.exchange import Exchange
from orgauth.keys.pem import RsaSigner
from orgauth.models import Secret
from orgauth.name_lookup import system_resolver
from orgauth.pace import Pace
from orgauth.perseverance import World
from orgauth.preparing import current_folder
from orgauth.probe import RestProbe
from orgauth.reusing import StoredTokens
from orgauth.saving import BatchSaver
from orgauth.sfdx_project import find_project
from orgauth.slots import Slots
from orgauth.text import printable
from orgauth.token_endpoint import JwtBearerEndpoint
from orgauth.transport import AiohttpClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from orgauth.models import Outcome
    from orgauth.ports import Observer, Store
    from orgauth.preparing import Prepared
    from orgauth.stores.salesforce_cli import RenewalKeys

__all__ = ["assembled", "build_stores"]


def build_stores(
    specs: Sequence[str], prepared: Prepared, *, environ: Mapping[str, str] | None = None
) -> tuple[Store, ...]:
    """Return the stores that ``--store`` names: ``salesforce-cli``, ``env:FILE``, ``none``.

    Raises:
        UsageError: there is no such store, or two orgs would write the same variable.
    """
    environ = os.environ if environ is None else environ
    if "none" in specs and len(set(specs)) > 1:
        raise UsageError("--store none goes with no other --store")
    return tuple(
        _build_store(spec, prepared, environ) for spec in dict.fromkeys(specs) if spec != "none"
    )


@asynccontextmanager
async def assembled(
    prepared: Prepared,
    *,
    observer: Observer,
    deliver: Callable[[Outcome], None],
    stores: Sequence[Store] = (),
    verify: bool = True,
    if_needed: bool = False,
    keep_going: bool = False,
) -> AsyncIterator[Authorizer]:
    """Build everything one run needs, and close it afterwards.

    Args:
        prepared: what to authorize.
        observer: is told what happens.
        deliver: gets each outcome as it comes.
        stores: where to save; empty for nowhere.
        verify: whether one REST call proves each token alive.
        if_needed: whether a stored token that is alive is used again.
        keep_going: whether orgs are tried that must be refused as others were.

    Raises:
        UsageError: ``if_needed`` cannot be followed.
        StoreError: none of the stores can be written, so nobody need log in.
    """
    if if_needed:
        _refuse_reuse_in_vain(stores, verify=verify)
    for store in stores:
        for warning in store.forewarn(prepared.orgs):
            observer.notify(Warned(warning))
    # A keychain may ask the person, and somebody else may hold a lock: Ctrl-C waits for neither.
    usable, broken = await leave_behind(lambda: _prepare_stores(stores), name="orgauth-prepare")
    clock = time.monotonic
    breaker = Breaker(keep_going=keep_going)
    rng = random.Random()  # noqa: S311 - jitter needs no secrecy
    async with AsyncExitStack() as closing:
        http = await closing.enter_async_context(
            AiohttpClient(
                timeout_seconds=prepared.settings.timeout_seconds,
                resolver=system_resolver(),
                most_idle=descriptors.free_for_connections() - prepared.settings.concurrency,
            )
        )
        assertions = AssertionBuilder(prepared.ring.signer)
        closing.push_async_callback(assertions.close)
        slots = Slots(
            total=prepared.settings.concurrency,
            per_host=prepared.settings.per_host,
            clock=clock,
            policy=prepared.manifest.retry.throttled,
            rng=rng,
            observer=observer,
        )
        closing.push_async_callback(slots.close)
        saver = BatchSaver(usable, broken=broken, observer=observer) if stores else None
        if saver is not None:
            closing.push_async_callback(saver.close)
        memory = StoredTokens(usable) if if_needed else None
        if memory is not None:
            closing.push_async_callback(memory.close)
        yield Authorizer(
            exchange=Exchange(
                assertions=assertions,
                endpoint=JwtBearerEndpoint(http),
                slots=slots,
                pace=Pace(prepared.settings.requests_per_second, clock=clock),
                breaker=breaker,
                observer=observer,
            ),
            slots=slots,
            breaker=breaker,
            policies=prepared.manifest.retry,
            world=World(clock, asyncio.sleep, rng),
            observer=observer,
            deliver=deliver,
            probe=RestProbe(http) if verify else None,
            saver=saver,
            memory=memory,
            in_play=2 * prepared.settings.concurrency,
        )


def _refuse_reuse_in_vain(stores: Sequence[Store], *, verify: bool) -> None:
    if not verify:
        raise UsageError(
            "--if-needed goes not with --no-verify",
            advice="A stored token is used again because one REST call proves it alive",
        )
    if not any(store.knows_owners for store in stores):
        raise UsageError(
            "--if-needed has no store to look in",
            advice="Only salesforce-cli keeps whose token it is: --store salesforce-cli, "
            "others beside it as you like",
        )


def _build_store(spec: str, prepared: Prepared, environ: Mapping[str, str]) -> Store:
    # A store's modules are 15 ms that only those who save there need.
    if spec == "salesforce-cli":
        from orgauth.stores.salesforce_cli import SalesforceCliStore  # noqa: PLC0415 - see above

        project = find_project(current_folder())
        return SalesforceCliStore(
            _home(environ),
            project=project.root if project else None,
            environ=_without_secrets(environ, prepared),
            renewal_keys=_renewal_keys(prepared),
        )
    if spec.startswith("env:") and len(spec) > len("env:"):
        from orgauth.stores.dotenv import DotenvStore, collisions  # noqa: PLC0415 - see above

        clashes = collisions(prepared.orgs)
        if clashes:
            raise UsageError(
                "--store env: several orgs would write the same variables: "
                + "; ".join(
                    f"{prefix}_… by {', '.join(names)}" for prefix, names in clashes.items()
                ),
                advice="Give them aliases that differ in letters and digits",
            )
        path = Path(spec.removeprefix("env:"))
        # Not Path.is_dir, which raises for a name that is too long.
        if not os.path.isdir((current_folder() / path).parent):  # noqa: PTH112 - see above
            raise UsageError(f"--store {printable(spec)}: there is no folder {path.parent}")
        return DotenvStore(path)
    if spec in ("env", "env:"):
        raise UsageError("--store env names no file", advice="Say which: --store env:FILE")
    raise UsageError(
        f"there is no store {printable(spec)}",
        advice="--store takes salesforce-cli, env:FILE or none",
    )


def _without_secrets(environ: Mapping[str, str], prepared: Prepared) -> dict[str, str]:
    """Return the environment without keys and passphrases: a keychain's program gets to see it."""
    refs = {org.key for org in prepared.manifest.orgs}
    secret = {ref.passphrase_env for ref in refs}
    secret |= {ref.location for ref in refs if ref.source == "env"}
    return {name: value for name, value in environ.items() if name not in secret}


def _home(environ: Mapping[str, str]) -> Path:
    """Return the home of the Salesforce CLI: the system's, without an override."""
    nowhere = UsageError(
        "this user has no home folder, where the Salesforce CLI keeps its orgs",
        advice="Set HOME, or save elsewhere: --store env:FILE",
    )
    if environ.get("HOME") == "":  # Python would take it for the root folder
        raise nowhere
    try:
        return Path.home()
    except RuntimeError as error:
        raise nowhere from error


def _renewal_keys(prepared: Prepared) -> RenewalKeys:
    """Return the keys to keep for the CLI: those that it could not use where they are."""
    from orgauth.stores.salesforce_cli import KeptKey, RenewalKeys  # noqa: PLC0415 - as above

    kept = {}
    for ref in {org.key for org in prepared.orgs} if prepared.manifest.keep_key else ():
        signer = prepared.ring.signer(ref)
        # Only what is in our memory can be kept; a key in an HSM stays there.
        if isinstance(signer, RsaSigner) and (ref.source != "file" or ref.passphrase_env):
            fingerprint = hashlib.sha256(signer.public_key_der()).hexdigest()
            kept[ref] = KeptKey(fingerprint, Secret(signer.private_key_pem().decode("ascii")))
    return RenewalKeys(user_state_path("orgauth") / "keys", kept)


def _prepare_stores(stores: Sequence[Store]) -> tuple[list[Store], list[StoreError]]:
    usable, broken = [], []
    for store in stores:
        try:
            store.prepare()
        except StoreError as error:
            broken.append(error)
        else:
            usable.append(store)
    if broken and not usable:
        raise broken[0]  # nobody need log in for a token that cannot be kept
    return usable, broken
