from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orgauth.manifest.schema import SECTIONS
from orgauth.models import OrgKind
from orgauth.settings import RetryPolicies, Settings

if TYPE_CHECKING:
    from conftest import Parse

EXAMPLE = Path(__file__).parents[3] / "orgs.example.yaml"
ENVIRON = {
    "SF_CLIENT_ID": "3MVG9",
    "SF_JWT_KEY_PASSPHRASE": "secret",
    "SF_PARTNER_JWT_KEY": "key",
}


def test_the_example_loads(parse: Parse) -> None:
    """Whoever copies the example has a manifest that works once its variables are set."""
    manifest = parse(EXAMPLE.read_bytes(), ENVIRON)
    assert {org.kind for org in manifest.orgs} == set(OrgKind)
    assert len(manifest.orgs) == 8
    assert manifest.warnings == ()
    assert (manifest.settings, manifest.retry) == (Settings(), RetryPolicies())


def _keys_in_use(document: Any) -> dict[str, set[str]]:
    hubs = document["dev_hubs"]
    named = ("defaults", "settings", "retry", "stores")
    used = {name: [document.get(name, {})] for name in named} | {
        f"{name}.{inner}": [section]
        for name in ("retry", "stores")
        for inner, section in document[name].items()
    }
    used["the manifest's top level"] = [document]
    used["an entry of dev_hubs"] = hubs
    used["an entry of scratch_orgs"] = [org for hub in hubs for org in hub["scratch_orgs"]]
    used["an entry of orgs"] = document["orgs"]
    return {
        section: {key for entry in entries if isinstance(entry, dict) for key in entry}
        for section, entries in used.items()
    }


@pytest.mark.parametrize("section", SECTIONS)
def test_the_example_shows_every_key(section: str) -> None:
    """A new key cannot be forgotten; those that all orgs share need to be shown only once."""
    used = _keys_in_use(yaml.safe_load(EXAMPLE.read_bytes()))
    shared = {"client_id", "jwt_key_file", "jwt_key_env", "jwt_key_passphrase_env"}
    shared |= {"instance_url", "audience", "new", "alias", "set_default", "scratch_instance_url"}
    assert shared <= set().union(*used.values())
    assert set(SECTIONS[section].model_fields) - shared == used[section] - shared
