"""The objects an org shows to queries: Organization, User and, in a Dev Hub, its scratch orgs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orgauth.simulator.ids import id18

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orgauth.simulator.orgs import Org

__all__ = ["Table", "table"]

_EDITIONS = {
    "production": "Enterprise Edition",
    "dev_hub": "Developer Edition",
    "sandbox": "Enterprise Edition",
    "scratch": "Developer Edition",
}
_CREATED = "2026-01-05T09:00:00.000+0000"
Columns = Mapping[str, Callable[["Org"], Any]]


@dataclass(frozen=True)
class Table:
    """An object: its name, its columns (each computed from a subject), and what it is about."""

    name: str
    columns: Columns
    subjects: Callable[[Org], Iterable[Org]]
    """The orgs that have a record here: itself for most objects, a hub's scratch orgs for two."""
    in_hubs_only: bool = False

    def column(self, name: str) -> str | None:
        """Return a column's right name for a name in any case, or ``None``."""
        wanted = name.lower()
        return next((column for column in self.columns if column.lower() == wanted), None)


def table(org: Org, name: str) -> Table | None:
    """Return the object called ``name`` (in any case) if ``org`` has it."""
    found = _TABLES.get(name.lower())
    if found is None or (found.in_hubs_only and org.kind != "dev_hub"):
        return None
    return found


def _trial_end(org: Org) -> str | None:
    # A trial date in a sandbox is how clients tell a scratch org.
    return None if org.expires is None else f"{org.expires.isoformat()}T00:00:00.000+0000"


_ORGANIZATION: Columns = {
    "Id": lambda org: id18(org.org_id),
    "Name": lambda org: org.name,
    "InstanceName": lambda _org: "SIM1",
    "IsSandbox": lambda org: org.kind in {"sandbox", "scratch"},
    "TrialExpirationDate": _trial_end,
    "NamespacePrefix": lambda org: org.namespace,
    "OrganizationType": lambda org: _EDITIONS[org.kind],
    "LanguageLocaleKey": lambda _org: "en_US",
    "CreatedDate": lambda _org: _CREATED,
}
_USER: Columns = {
    "Id": lambda org: id18(org.user_id),
    "Username": lambda org: org.username,
    "Name": lambda _org: "Integration User",
    "Email": lambda org: org.username,
    "IsActive": lambda org: org.user_active,
    "Profile.Name": lambda _org: "System Administrator",
    "CreatedDate": lambda _org: _CREATED,
}
# https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_objects_scratchorginfo.htm
_SCRATCH_ORG: Columns = {
    "Id": lambda org: id18(org.info_id),
    "ScratchOrg": lambda org: org.org_id,
    "SignupUsername": lambda org: org.username,
    "OrgName": lambda org: org.name,
    "Status": lambda org: org.status,
    "ExpirationDate": lambda org: None if org.expires is None else org.expires.isoformat(),
    "LoginUrl": lambda org: org.login_url,
    "Edition": lambda _org: "Developer",
    "Namespace": lambda org: org.namespace,
    "CreatedDate": lambda _org: _CREATED,
    "CreatedBy.Username": lambda org: None if org.hub is None else org.hub.username,
}
_TABLES = {
    "organization": Table("Organization", _ORGANIZATION, lambda org: (org,)),
    "user": Table("User", _USER, lambda org: (org,)),
    "scratchorginfo": Table(
        "ScratchOrgInfo", _SCRATCH_ORG, lambda hub: hub.scratch_orgs, in_hubs_only=True
    ),
    "activescratchorg": Table(
        "ActiveScratchOrg",
        _SCRATCH_ORG,
        lambda hub: [scratch for scratch in hub.scratch_orgs if scratch.status == "Active"],
        in_hubs_only=True,
    ),
}
