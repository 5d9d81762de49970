"""The shape of a manifest: every key, its type and its meaning.

The JSON Schema that editors use is made from these models, so the descriptions are for people.
The lists of orgs are not validated through ``ManifestFile`` but entry by entry (``levels.py``):
a manifest of 100,000 orgs then needs no 100,000 models at once.
"""
# No `from __future__ import annotations`: pydantic needs the annotations as they are.

from typing import Annotated, Any, Literal

from pydantic import Field, SkipValidation

from orgauth.manifest.fields import (
    Alias,
    Audience,
    ClientId,
    Given,
    KeyFile,
    LoginUrl,
    Switch,
    Username,
    VariableName,
    Version,
    optional,
)
from orgauth.manifest.schema_run import (
    NotApproved,
    Retry,
    RunSettings,
    SalesforceCli,
    Section,
    Stores,
    Throttled,
    Transient,
)

__all__ = [
    "SECTIONS",
    "TOP_LEVEL",
    "Defaults",
    "DevHub",
    "ManifestFile",
    "OrgEntry",
    "OrgKeys",
    "OtherOrg",
    "ScratchOrg",
    "VersionLine",
    "json_schema",
]


class OrgKeys(Section):
    """What any org can take, and what it inherits where it does not say it."""

    client_id: Given[ClientId] = optional(
        "The app's consumer key. Inherited from the Dev Hub, then from defaults."
    )
    jwt_key_file: Given[KeyFile] = optional(
        "The private key's PEM file, relative to the manifest; ~/ is the home folder."
        " Either this or jwt_key_env."
    )
    jwt_key_env: Given[VariableName] = optional(
        "The name of the environment variable that holds the private key: PEM, or base64 of PEM."
    )
    jwt_key_passphrase_env: VariableName | None = optional(
        "The name of the environment variable that holds the key's passphrase;"
        " null where a key has none although one is inherited."
    )
    instance_url: Given[LoginUrl] = optional(
        "The login URL: https:// and a host. A Dev Hub's is not its scratch orgs'."
    )
    audience: Given[Audience] = optional(
        "The assertion's aud, where it is neither https://login.salesforce.com"
        " nor https://test.salesforce.com, or must be one of them."
    )
    new: Given[Switch] = optional(
        "Whether the org may not be replicated to the login host yet, so that it is worth waiting"
        " for its approval. A scratch org always counts as new."
    )


class Defaults(OrgKeys):
    """What every org inherits; the nearest value wins."""

    scratch_instance_url: Given[LoginUrl] = optional("The login URL of all scratch orgs.")


class OrgEntry(OrgKeys):
    """One org, whatever its kind."""

    username: Username = Field(description="The user to log in as, name@example.com.")
    alias: Given[Alias] = optional("A short name for the Salesforce CLI.")
    set_default: Given[Switch] = optional("Make it the default org (target-org).")


class ScratchOrg(OrgEntry):
    """A scratch org; its client id and key are its Dev Hub's unless it has its own."""


class DevHub(OrgEntry):
    """A Dev Hub, which goes first, and its scratch orgs."""

    set_default_dev_hub: Given[Switch] = optional("Make it the default Dev Hub (target-dev-hub).")
    scratch_instance_url: Given[LoginUrl] = optional("The login URL of this hub's scratch orgs.")
    scratch_orgs: Annotated[list[ScratchOrg | Username] | None, SkipValidation] = optional(
        "The scratch orgs made from this Dev Hub: a user name, or a mapping."
    )


class OtherOrg(OrgEntry):
    """A sandbox, a production or developer org, or a scratch org without its Dev Hub."""

    kind: Literal["production", "sandbox", "scratch"] = Field(
        default="production",
        description="Decides login URL and audience where nothing else does.",
    )


class VersionLine(Section):
    """The part of a manifest that every version of it has."""

    version: Version = Field(description="The version of this form of manifest.")


class ManifestFile(VersionLine):
    """The orgs that orgauth authorizes."""

    defaults: Annotated[Defaults | None, SkipValidation] = optional("What every org inherits.")
    dev_hubs: Annotated[list[DevHub | Username] | None, SkipValidation] = optional(
        "Dev Hubs, each with its scratch orgs: a user name, or a mapping."
    )
    orgs: Annotated[list[OtherOrg | Username] | None, SkipValidation] = optional(
        "All other orgs: a user name, or a mapping."
    )
    settings: RunSettings | None = optional("How many requests at once, how fast, how long.")
    retry: Retry | None = optional("What is tried again, and for how long.")
    stores: Stores | None = optional("How tokens are saved.")


TOP_LEVEL = "the manifest's top level"
SECTIONS: dict[str, type[Section]] = {
    TOP_LEVEL: ManifestFile,
    "defaults": Defaults,
    "an entry of dev_hubs": DevHub,
    "an entry of scratch_orgs": ScratchOrg,
    "an entry of orgs": OtherOrg,
    "settings": RunSettings,
    "retry": Retry,
    "retry.not_approved": NotApproved,
    "retry.transient": Transient,
    "retry.throttled": Throttled,
    "stores": Stores,
    "stores.salesforce_cli": SalesforceCli,
}
"""Where a key can stand, as messages call it."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a manifest, for editors.

    It knows the keys, their types and their meaning; what refers to other places (duplicates,
    variables, inheritance) only ``parse_manifest`` can tell.
    """
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ManifestFile.model_json_schema(),
        "title": "orgauth manifest",
    }
    _drop_empty_defaults(schema)
    return schema


def _drop_empty_defaults(schema: Any) -> None:
    """``default: null`` says only that a key may be left out, which ``required`` says already."""
    if isinstance(schema, dict):
        if schema.get("default", 0) is None:
            del schema["default"]
        for value in schema.values():
            _drop_empty_defaults(value)
    elif isinstance(schema, list):
        for value in schema:
            _drop_empty_defaults(value)
