"""The manifest of a rehearsal, as text that a person can read and learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orgauth.simulator.orgs import Org

__all__ = ["MARK", "manifest_text"]

MARK = "# A rehearsal, made by `orgauth simulate`"

_TOP = f"""{MARK}: every org here is simulated.
# Written anew each time the rehearsal starts, so copy it before you change it.
# Lines like these, with your own client id, key and usernames, authorize real orgs.
version: 1

defaults: # inherited by every org below; the nearest value wins
  client_id: {{client_id}} # the connected app's consumer key
  jwt_key_file: {{key_file}} # beside this file
  instance_url: {{url}} # where the simulator listens; leave it out for Salesforce
  scratch_instance_url: {{url}}
"""
_RETRY = """
retry: # a rehearsal is less patient than the defaults
  not_approved: {{initial_seconds: 0.5, max_seconds: 2, timeout_seconds: {patience}}}
"""


def manifest_text(
    orgs: Sequence[Org], url: str, *, client_id: str, key_file: str, patience: int
) -> str:
    """Return the manifest of ``orgs`` at ``url``; late ones are waited for ``patience`` seconds."""
    parts = [_TOP.format(client_id=client_id, key_file=key_file, url=url)]
    hubs = [org for org in orgs if org.kind == "dev_hub"]
    others = [org for org in orgs if org.kind in {"sandbox", "production"}]
    if hubs:
        parts.append("\ndev_hubs:\n" + "".join(_hubs(hubs)))
    if others:
        parts.append("\norgs:\n" + "".join(_others(others)))
    parts.append(_RETRY.format(patience=patience))
    return "".join(parts)


def _hubs(hubs: Iterable[Org]) -> Iterator[str]:
    first = True
    for number, hub in enumerate(hubs, start=1):
        yield f"  - username: {hub.username}\n    alias: hub{number}\n"
        if number == 1:
            yield "    set_default_dev_hub: true\n"
        if hub.scratch_orgs:
            yield "    scratch_orgs: # the hub's client id and key are theirs\n"
        for index, scratch in enumerate(hub.scratch_orgs, start=1):
            yield f"      - username: {scratch.username}\n        alias: hub{number}-{index}\n"
            if first:
                yield "        set_default: true\n"
            first = False


def _others(orgs: Iterable[Org]) -> Iterator[str]:
    numbers = {"sandbox": 0, "production": 0}
    for org in orgs:
        numbers[org.kind] += 1
        yield f"  - username: {org.username}\n    alias: {org.kind}{numbers[org.kind]}\n"
        if org.kind == "sandbox":
            yield "    kind: sandbox\n"
