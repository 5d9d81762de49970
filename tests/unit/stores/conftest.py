from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from orgauth.models import Authorized, Credentials, KeyRef, Org, OrgKind, Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orgauth.models import OrgFacts


@pytest.fixture
def authorized() -> Callable[..., Authorized]:
    """Makes one authorized org; what is not named has a plain value."""

    def make(
        username: str = "ci@example.com",
        *,
        token: str = "00D000000000001!AQ.made_up",  # noqa: S107 - made up
        instance_url: str = "https://acme.my.salesforce.com",
        org_id: str = "00D000000000001AAA",
        facts: OrgFacts | None = None,
        key: KeyRef | None = None,
        **org: Any,
    ) -> Authorized:
        values = {"kind": OrgKind.PRODUCTION, "login_url": "https://login.salesforce.com"} | org
        return Authorized(
            org=Org(
                username=username,
                client_id="3MVG9.made_up",
                key=key or KeyRef("file", "/keys/server.key"),
                audience="https://login.salesforce.com",
                **values,
            ),
            credentials=Credentials(Secret(token), instance_url, org_id, "005000000000001AAA"),
            facts=facts,
            attempts=1,
            elapsed_seconds=0.1,
        )

    return make


@pytest.fixture
def foreign_link(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Path], None]:
    """Makes a symbolic link that belongs to somebody else."""

    def make(link: Path, target: Path) -> None:
        link.symlink_to(target)
        if os.geteuid() == 0:
            os.chown(link, 65534, 65534, follow_symlinks=False)
        else:
            somebody_else = os.geteuid() + 1
            monkeypatch.setattr(os, "geteuid", lambda: somebody_else)

    return make
