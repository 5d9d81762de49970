"""Settings → built objects: the only place that names implementations."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_state_path

from orgauth.assertion import AssertionBuilder
from orgauth.authorizer import Authorizer, World
from orgauth.errors import KeySourceError, ManifestError, Problem, StoreError, UsageError
from orgauth.events import Warned
from orgauth.exchange import Exchange
from orgauth.keys import KeyRing
from orgauth.keys.certificate import check_certificate
from orgauth.keys.pem import RsaSigner
from orgauth.manifest import MAX_BYTES, parse_manifest
from orgauth.probe import RestProbe
from orgauth.saving import BatchSaver
from orgauth.sfdx_project import find_project
from orgauth.slots import Pace, Slots
from orgauth.stores.dotenv import DotenvStore, collisions
from orgauth.stores.salesforce_cli import KeptKey, RenewalKeys, SalesforceCliStore
from orgauth.text import printable
from orgauth.token_endpoint import JwtBearerEndpoint
from orgauth.transport import AiohttpClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from orgauth.keys.certificate import CertificateCheck
    from orgauth.manifest import Manifest
    from orgauth.models import KeyRef, Org, Outcome
    from orgauth.ports import Observer, Store
    from orgauth.settings import Settings

__all__ = ["KeyCheck", "Prepared", "assembled", "build_stores", "prepare", "read_manifest"]


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """One key that loads, and what lies beside it."""

    ref: KeyRef
    certificate: CertificateCheck | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that can be known before the first request: the manifest is good, keys load."""

    manifest: Manifest
    orgs: tuple[Org, ...]
    """Those that were asked for, in the manifest's order."""
    settings: Settings
    ring: KeyRing
    keys: tuple[KeyCheck, ...]
    warnings: tuple[str, ...]


def prepare(
    path: Path,
    *,
    only: Sequence[str] = (),
    concurrency: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> Prepared:
    """Read a manifest, choose orgs, and load their keys.

    Args:
        path: the manifest.
        only: aliases or usernames; empty for all orgs.
        concurrency: instead of ``settings.concurrency`` and ``settings.per_host``.
        environ: the environment; by default this process's.

    Raises:
        ManifestError: the manifest or a key cannot be used; all problems at once.
        UsageError: a name in ``only`` is not in the manifest.
    """
    environ = os.environ if environ is None else environ
    manifest = read_manifest(path, environ)
    orgs = _select(manifest.orgs, only)
    ring = KeyRing(environ)
    keys, warnings = _load_keys(manifest, orgs, ring)
    settings = manifest.settings
    if concurrency is not None:
        settings = replace(settings, concurrency=concurrency, per_host=concurrency)
    return Prepared(manifest, orgs, settings, ring, keys, warnings=(*manifest.warnings, *warnings))


def read_manifest(path: Path, environ: Mapping[str, str]) -> Manifest:
    """Read and parse a manifest file; raise ``ManifestError`` with all its problems."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # one more, so that too much is noticed
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no manifest {path}",
            advice="Copy orgs.example.yaml to orgs.yaml, or see `orgauth demo`",
        ) from error
    except OSError as error:
        raise UsageError(f"the manifest {path} cannot be read: {error.strerror}") from error
    project = find_project((_here() / path).parent)
    return parse_manifest(
        data,
        path=path,
        environ=environ,
        sfdc_login_url=project.sfdc_login_url if project else None,
    )


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
) -> AsyncIterator[Authorizer]:
    """Build everything one run needs, and close it afterwards.

    Args:
        prepared: what to authorize.
        observer: is told what happens.
        deliver: gets each outcome as it comes.
        stores: where to save; empty for nowhere.
        verify: whether one REST call proves each token alive.

    Raises:
        StoreError: none of the stores can be written, so nobody need log in.
    """
    for store in stores:
        for warning in store.forewarn(prepared.orgs):
            observer.notify(Warned(warning))
    usable, broken = await asyncio.to_thread(_prepare_stores, stores)
    clock = time.monotonic
    async with AsyncExitStack() as closing:
        http = await closing.enter_async_context(
            AiohttpClient(timeout_seconds=prepared.settings.timeout_seconds)
        )
        assertions = AssertionBuilder(prepared.ring.signer)
        closing.push_async_callback(assertions.close)
        slots = Slots(
            total=prepared.settings.concurrency,
            per_host=prepared.settings.per_host,
            clock=clock,
        )
        closing.push_async_callback(slots.close)
        saver = BatchSaver(usable, broken=broken, observer=observer) if stores else None
        if saver is not None:
            closing.push_async_callback(saver.close)
        yield Authorizer(
            exchange=Exchange(
                assertions=assertions,
                endpoint=JwtBearerEndpoint(http),
                slots=slots,
                pace=Pace(prepared.settings.requests_per_second, clock=clock),
                observer=observer,
            ),
            slots=slots,
            policies=prepared.manifest.retry,
            # Jitter needs no secrecy.
            world=World(clock, asyncio.sleep, random.Random()),  # noqa: S311
            observer=observer,
            deliver=deliver,
            probe=RestProbe(http) if verify else None,
            saver=saver,
            in_play=2 * prepared.settings.concurrency,
        )


def _select(orgs: tuple[Org, ...], only: Sequence[str]) -> tuple[Org, ...]:
    if not only:
        return orgs
    names = {name for org in orgs for name in (org.username, org.alias) if name}
    unknown = [name for name in only if name not in names]
    if unknown:
        raise UsageError(
            "not in the manifest: " + ", ".join(printable(name) for name in unknown),
            advice="--only takes aliases and usernames; `orgauth plan` lists them",
        )
    wanted = set(only)
    return tuple(org for org in orgs if org.username in wanted or org.alias in wanted)


def _load_keys(
    manifest: Manifest, orgs: Sequence[Org], ring: KeyRing
) -> tuple[tuple[KeyCheck, ...], list[str]]:
    checks: list[KeyCheck] = []
    problems: list[Problem] = []
    warnings: list[str] = []
    now = time.time()
    for ref in dict.fromkeys(org.key for org in orgs):
        try:
            signer = ring.signer(ref)
        except KeySourceError as error:
            message = f"{error}. {error.advice}" if error.advice else str(error)
            problems.append(Problem(manifest.key_positions[ref], message))
            continue
        warnings += ring.warnings(ref)
        certificate = None
        if ref.source == "file":
            certificate = check_certificate(Path(ref.location), signer, now=now)
        if certificate is not None:
            warnings += certificate.warnings
            if not certificate.matches:
                warnings.append(
                    f"the key {printable(ref.location)} does not belong to the certificate "
                    f"{certificate.path} beside it"
                )
        checks.append(KeyCheck(ref, certificate))
    if problems:
        raise ManifestError(problems)
    return tuple(checks), warnings


def _build_store(spec: str, prepared: Prepared, environ: Mapping[str, str]) -> Store:
    if spec == "salesforce-cli":
        project = find_project(_here())
        return SalesforceCliStore(
            _home(environ),
            project=project.root if project else None,
            environ=environ,
            renewal_keys=_renewal_keys(prepared),
        )
    if spec.startswith("env:") and len(spec) > len("env:"):
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
        if not (_here() / path).parent.is_dir():
            raise UsageError(f"--store {printable(spec)}: there is no folder {path.parent}")
        return DotenvStore(path)
    if spec in ("env", "env:"):
        raise UsageError("--store env names no file", advice="Say which: --store env:FILE")
    raise UsageError(
        f"there is no store {printable(spec)}",
        advice="--store takes salesforce-cli, env:FILE or none",
    )


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError(
            "the current folder is gone", advice="Change to a folder that exists"
        ) from error


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
    kept = {}
    for ref in {org.key for org in prepared.orgs} if prepared.manifest.keep_key else ():
        signer = prepared.ring.signer(ref)
        # Only what is in our memory can be kept; a key in an HSM stays there.
        if isinstance(signer, RsaSigner) and (ref.source != "file" or ref.passphrase_env):
            fingerprint = hashlib.sha256(signer.public_key_der()).hexdigest()
            kept[ref] = KeptKey(fingerprint, signer.private_key_pem())
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
