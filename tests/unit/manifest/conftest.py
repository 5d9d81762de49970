"""A manifest is YAML text; what comes out is a ``Manifest`` or a list of problems."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from orgauth.errors import ManifestError
from orgauth.manifest import parse_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orgauth.manifest import Manifest

ENVIRON = {"HOME": "/home/jane"}


class Parse(Protocol):
    def __call__(
        self,
        text: str | bytes,
        environ: Mapping[str, str] | None = None,
        *,
        path: str = ...,
        sfdc_login_url: str | None = None,
    ) -> Manifest: ...


class ProblemsOf(Protocol):
    def __call__(
        self,
        text: str | bytes,
        environ: Mapping[str, str] | None = None,
        *,
        sfdc_login_url: str | None = None,
    ) -> list[str]: ...


@pytest.fixture
def parse() -> Parse:
    """Return what loads a manifest's text, indented as it may be."""

    def parse(
        text: str | bytes,
        environ: Mapping[str, str] | None = None,
        *,
        path: str = "/srv/orgs.yaml",
        sfdc_login_url: str | None = None,
    ) -> Manifest:
        data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
        return parse_manifest(
            data,
            path=Path(path),
            environ={**ENVIRON, **(environ or {})},
            sfdc_login_url=sfdc_login_url,
        )

    return parse


@pytest.fixture
def problems_of(parse: Parse) -> ProblemsOf:
    """Return what loads a wrong manifest and gives the problems, each ``line:column: message``."""

    def problems_of(
        text: str | bytes,
        environ: Mapping[str, str] | None = None,
        *,
        sfdc_login_url: str | None = None,
    ) -> list[str]:
        with pytest.raises(ManifestError) as caught:
            parse(text, environ, path="o.yaml", sfdc_login_url=sfdc_login_url)
        assert caught.value.advice
        lines = str(caught.value).split("\n")
        assert all(line.startswith("o.yaml:") for line in lines)
        return [line.removeprefix("o.yaml:") for line in lines]

    return problems_of
