"""``target-org`` and ``target-dev-hub``: the orgs that ``sf`` takes where none is named.

They stand in ``.sf/config.json``, and under older names in ``.sfdx/sfdx-config.json``.
The CLI reads both, and of each key the value in the file that was written last; so both
are written, with what that reading gives. Source: ``@salesforce/core``, ``lib/config/config.js``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from orgauth.stores.atomic_file import make_folder, write_atomically
from orgauth.stores.salesforce_cli.environment import is_true
from orgauth.stores.salesforce_cli.json_file import encode_json, read_json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from orgauth.stores.lock import Locks
    from orgauth.stores.salesforce_cli.json_file import JsonObject

__all__ = ["TARGET_DEV_HUB", "TARGET_ORG", "DefaultsFile"]

TARGET_ORG = "target-org"
TARGET_DEV_HUB = "target-dev-hub"

_OLD_NAMES = {
    TARGET_ORG: "defaultusername",
    TARGET_DEV_HUB: "defaultdevhubusername",
    "disable-telemetry": "disableTelemetry",
    "org-api-version": "apiVersion",
    "org-custom-metadata-templates": "customOrgMetadataTemplates",
    "org-instance-url": "instanceUrl",
    "org-isv-debugger-sid": "isvDebuggerSid",
    "org-isv-debugger-url": "isvDebuggerUrl",
    "org-max-query-limit": "maxQueryLimit",
    "org-metadata-rest-deploy": "restDeploy",
}
_NEW_NAMES = {old: new for new, old in _OLD_NAMES.items()}


class DefaultsFile:
    """The settings of one folder: a project, or the home."""

    def __init__(
        self,
        folder: Path,
        *,
        environ: Mapping[str, str],
        locks: Locks,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``folder`` is where ``.sf`` and ``.sfdx`` are, or are to be made."""
        self.path = folder / ".sf" / "config.json"
        self._mirror = folder / ".sfdx" / "sfdx-config.json"
        self._is_mirrored = is_true(environ, "SF_SFDX_INTEROPERABILITY", default=True)
        self._locks = locks
        self._sleep = sleep

    @property
    def folders(self) -> tuple[Path, Path]:
        """The folders that are written in."""
        return self.path.parent, self._mirror.parent

    def set(self, values: Mapping[str, str]) -> None:
        """Set ``target-org``, ``target-dev-hub`` or both; raise ``StoreError``."""
        make_folder(self.path.parent)
        with self._locks.hold(self.path, keep_alive=True) as lock:
            main, mirror = self._load(self.path), None
            if self._is_mirrored:
                mirror = self._load(self._mirror)
            content = {**_newest_of_each(main, mirror), **values}
            if main is None or main.content != content:
                data = encode_json(content, in_lines=True)
                write_atomically(self.path, data, durable=True, before_replacing=lock.ensure_held)
            if self._is_mirrored:
                self._write_mirror(mirror, content)

    def _write_mirror(self, mirror: JsonObject | None, content: Mapping[str, Any]) -> None:
        renamed = {_OLD_NAMES.get(name, name): value for name, value in content.items()}
        if mirror is None or mirror.content != renamed:
            make_folder(self._mirror.parent)
            write_atomically(self._mirror, encode_json(renamed, in_lines=True), durable=True)

    def _load(self, path: Path) -> JsonObject | None:
        return read_json_object(
            path,
            sleep=self._sleep,
            advice="Repair it, or remove it if you can do without the settings in it.",
        )


def _newest_of_each(main: JsonObject | None, mirror: JsonObject | None) -> dict[str, Any]:
    ours = {} if main is None else main.content
    if mirror is None:
        return dict(ours)
    theirs = {_NEW_NAMES.get(name, name): value for name, value in mirror.content.items()}
    if main is None or mirror.status.st_mtime_ns > main.status.st_mtime_ns:
        return {**ours, **theirs}
    return {**theirs, **ours}
