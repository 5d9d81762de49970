"""Everything that can be known before the first request: the manifest, its orgs, their keys."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orgauth import descriptors
from orgauth.errors import KeySourceError, ManifestError, Problem, UsageError
from orgauth.hosts import is_salesforce, is_this_machine
from orgauth.keys import KeyRing
from orgauth.keys.certificate import check_certificate
from orgauth.manifest import MAX_BYTES, parse_manifest
from orgauth.reading import NobodyWritesError, read_at_most
from orgauth.sfdx_project import find_project
from orgauth.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orgauth.keys.certificate import CertificateCheck
    from orgauth.manifest import Manifest
    from orgauth.models import KeyRef, Org
    from orgauth.settings import Settings

__all__ = ["KeyCheck", "Prepared", "current_folder", "prepare", "read_manifest"]

_PIPE_SECONDS = 60.0
"""How long a manifest that comes through a pipe may take: `orgauth plan <(make-manifest)`."""

_MOST_HOSTS = 3


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
    settings, too_much = _within_limits(settings)
    warnings = [*manifest.warnings, *warnings, *_strange_hosts(orgs), *too_much]
    return Prepared(manifest, orgs, settings, ring, keys, tuple(warnings))


def read_manifest(path: Path, environ: Mapping[str, str]) -> Manifest:
    """Read and parse a manifest file; raise ``ManifestError`` with all its problems."""
    try:
        # One more, so that too much is noticed.
        data = read_at_most(path, MAX_BYTES + 1, pipe_seconds=_PIPE_SECONDS)
    except NobodyWritesError as error:
        raise UsageError(
            f"the manifest {path} is a pipe, and nobody wrote all of it within {_PIPE_SECONDS:g} s",
            advice="Write the manifest into a file, and name that",
        ) from error
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no manifest {path}",
            advice="Copy orgs.example.yaml to orgs.yaml, or see `orgauth demo`",
        ) from error
    except OSError as error:
        raise UsageError(f"the manifest {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"the manifest {path} cannot be read: no valid file name") from error
    project = find_project((current_folder() / path).parent)
    return parse_manifest(
        data,
        path=path,
        environ=environ,
        sfdc_login_url=project.sfdc_login_url if project else None,
    )


def current_folder() -> Path:
    """Return the current folder; raise ``UsageError`` where it is gone."""
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError(
            "the current folder is gone", advice="Change to a folder that exists"
        ) from error


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


def _within_limits(settings: Settings) -> tuple[Settings, list[str]]:
    """Return settings that this process can follow, and a warning where they are other ones."""
    # Half of what can be open is for requests, half for connections that wait for their next one.
    most = descriptors.free_for_connections() // 2
    if settings.concurrency <= most:
        return settings, []
    warning = (
        f"{settings.concurrency} requests at once need more open files than this process may have "
        f"(ulimit -n {descriptors.limit()}); there will be at most {most}"
    )
    return (
        replace(settings, concurrency=most, per_host=min(most, settings.per_host)),
        [warning],
    )


def _strange_hosts(orgs: Sequence[Org]) -> list[str]:
    """Return a warning where somebody else may get assertions that log in at Salesforce."""
    hosts = set()
    for login_url, audience in {(org.login_url, org.audience) for org in orgs}:
        host = urlsplit(login_url).hostname or ""
        # One for the host's own audience (an Experience Cloud site's) is of no use elsewhere.
        if is_salesforce(urlsplit(audience).hostname or "") and not (
            is_salesforce(host) or is_this_machine(host)
        ):
            hosts.add(host)
    if not hosts:
        return []
    shown = ", ".join(sorted(hosts)[:_MOST_HOSTS]) + (", …" if len(hosts) > _MOST_HOSTS else "")
    warning = (
        f"assertions go to {shown}, which is no domain of Salesforce's: whoever runs it can log in "
        "with them at Salesforce for some minutes. Make sure that it is yours"
    )
    return [warning]


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
