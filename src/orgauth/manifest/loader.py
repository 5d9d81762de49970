"""A manifest's bytes → ``Manifest``, or everything that is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orgauth.manifest.explain import locate
from orgauth.manifest.levels import read_file
from orgauth.manifest.orgs import OrgReader
from orgauth.manifest.problems import Problems
from orgauth.manifest.resolve import Surroundings
from orgauth.manifest.schema_run import NotApproved, Retry, Throttled, Transient
from orgauth.manifest.source import read_source
from orgauth.manifest.yaml_nodes import compose
from orgauth.settings import (
    NotApprovedPolicy,
    RetryPolicies,
    Settings,
    ThrottledPolicy,
    TransientPolicy,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orgauth.errors import Position
    from orgauth.manifest.levels import Level
    from orgauth.manifest.schema import ManifestFile
    from orgauth.models import KeyRef, Org

__all__ = ["Manifest", "parse_manifest"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that can be used, with everything inherited and resolved."""

    path: Path
    orgs: tuple[Org, ...]
    """Each Dev Hub followed by its scratch orgs, then the others, in the file's order."""
    settings: Settings
    retry: RetryPolicies
    keep_key: bool
    """``stores.salesforce_cli.keep_key``."""
    key_positions: Mapping[KeyRef, Position]
    """Where each key is first named, for problems with keys that are found later."""
    warnings: tuple[str, ...]
    """Each ``file:line:column: message``."""


def parse_manifest(
    data: bytes,
    *,
    path: Path,
    environ: Mapping[str, str],
    sfdc_login_url: str | None = None,
) -> Manifest:
    """Parse, check and resolve a manifest. Nothing is read but what is given.

    ``path`` names the file in messages, and relative key files are looked for beside it.
    ``environ`` gives the variables, ``HOME`` included. ``sfdc_login_url`` is the ``sfdcLoginUrl``
    of the nearest sfdx-project.json, if there is one.

    Raises:
        ManifestError: everything that is wrong, each with its place, sorted by it.
    """
    problems = Problems(read_source(data, path))
    root, place = compose(problems, environ)
    file = read_file(root, place, problems)
    surroundings = Surroundings(path.absolute().parent, environ, sfdc_login_url)
    reader = OrgReader(file, surroundings, problems)
    orgs = reader.read()
    _warn_of_settings(file, problems)
    problems.raise_if_any()
    return Manifest(
        path=path,
        orgs=orgs,
        settings=_settings(file.values),
        retry=_retry(file.values),
        keep_key=_keep_key(file.values),
        key_positions={
            ref: problems.source.position(at) for ref, at in reader.resolver.key_places.items()
        },
        warnings=problems.warnings,
    )


def _warn_of_settings(file: Level[ManifestFile], problems: Problems) -> None:
    settings = file.values.settings
    if file.broken or settings is None:  # with anything broken, the values are not validated
        return
    if settings.per_host is not None and settings.per_host > settings.concurrency:
        place, _ = locate(file.raw, file.place, ("settings", "per_host"))
        problems.warn(place, "per_host is more than concurrency, which limits all hosts together")


def _settings(file: ManifestFile) -> Settings:
    given = file.settings.model_dump(exclude_none=True) if file.settings else {}
    settings = Settings(**given)
    # Who asks for more at once means it for the one host that most manifests have, too.
    return settings if "per_host" in given else replace(settings, per_host=settings.concurrency)


def _keep_key(file: ManifestFile) -> bool:
    cli = file.stores.salesforce_cli if file.stores else None
    return cli.keep_key if cli else False


def _retry(file: ManifestFile) -> RetryPolicies:
    retry = file.retry or Retry()
    return RetryPolicies(
        NotApprovedPolicy(**(retry.not_approved or NotApproved()).model_dump()),
        TransientPolicy(**(retry.transient or Transient()).model_dump()),
        ThrottledPolicy(**(retry.throttled or Throttled()).model_dump()),
    )
