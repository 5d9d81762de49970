"""The Salesforce CLI at work in a home, in a few lines of its own: it shares no code with ours.

It reads as the CLI reads, and writes as the CLI writes: in place, under its own locks. Only the
cipher is ours, which is tested with texts that the real CLI encrypted.
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import TYPE_CHECKING, Any

from orgauth.stores.salesforce_cli.crypto import Cipher

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CliStore"]

_LISTED = re.compile(r"^[^.][^@]*@[^.]+(\.[^.\s]+)+\.json$")
_OLD_NAMES = {
    "target-org": "defaultusername",
    "target-dev-hub": "defaultdevhubusername",
    "org-max-query-limit": "maxQueryLimit",
}
_NEW_NAMES = {old: new for new, old in _OLD_NAMES.items()}


class CliStore:
    """What stands in a home's ``.sfdx`` and ``.sf``, as the CLI sees it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / ".sfdx"
        self.key_file = self.folder / "key.json"
        self.alias_file = self.folder / "alias.json"
        self.config_file = home / ".sf" / "config.json"
        self.mirror_file = self.folder / "sfdx-config.json"

    def make_key(self, key: str) -> None:
        """Make the key of an empty store."""
        self.folder.mkdir(mode=0o755, exist_ok=True)
        content = {"account": "local", "key": key, "service": "sfdx"}
        self.key_file.write_text(json.dumps(content, indent=4))
        self.key_file.chmod(0o600)

    def cipher(self) -> Cipher:
        return Cipher(json.loads(self.key_file.read_bytes())["key"])

    def auth_file(self, username: str) -> Path:
        return self.folder / f"{username}.json"

    def auth_files(self) -> dict[str, Path]:
        """Return path by username of what is listed."""
        paths = self.folder.iterdir() if self.folder.is_dir() else ()
        return {path.name[:-5]: path for path in paths if _LISTED.match(path.name)}

    def read(self, username: str) -> dict[str, Any]:
        """Return an authorization, its token decrypted."""
        content = json.loads(self.auth_file(username).read_bytes())
        return {**content, "accessToken": self.cipher().decrypt(content["accessToken"])}

    def edit(self, username: str, **fields: Any) -> None:
        """Rewrite an authorization in place; a new one gets what a web login leaves."""
        path = self.auth_file(username)
        web = {"refreshToken": self.cipher().encrypt("5Aep.made.up"), "username": username}
        content = json.loads(path.read_bytes()) if path.exists() else web
        if "accessToken" in fields:
            fields["accessToken"] = self.cipher().encrypt(fields["accessToken"])
        path.write_text(json.dumps({**content, **fields}, indent=2))

    def aliases(self) -> dict[str, str]:
        """Return username by alias."""
        if not self.alias_file.exists():
            return {}
        found: dict[str, str] = json.loads(self.alias_file.read_bytes())["orgs"]
        return found

    def set_alias(self, alias: str, username: str | None) -> None:
        """Give an alias, or take it away with ``None``."""
        content = {"orgs": {}}
        if self.alias_file.exists():
            content = json.loads(self.alias_file.read_bytes())
        content["orgs"].pop(alias, None)
        if username is not None:
            content["orgs"][alias] = username
        self.alias_file.write_text(json.dumps(content, separators=(",", ":")))

    def config(self) -> dict[str, Any]:
        """Return the settings of the home: of each key, the value that was written last."""
        ours, theirs = (_loaded(path) for path in (self.config_file, self.mirror_file))
        theirs = {_NEW_NAMES.get(name, name): value for name, value in theirs.items()}
        if not self.mirror_file.exists() or not self.config_file.exists():
            return {**ours, **theirs}
        if self.mirror_file.stat().st_mtime_ns > self.config_file.stat().st_mtime_ns:
            return {**ours, **theirs}
        return {**theirs, **ours}

    def set_config(self, name: str, value: Any, *, only_old_file: bool = False) -> None:
        """Set a setting in both files; the old ``sfdx`` knows only one of them."""
        content = {**self.config(), name: value}
        renamed = {_OLD_NAMES.get(name, name): value for name, value in content.items()}
        if only_old_file:
            later = time.time_ns() + 10**9
            self.mirror_file.write_text(json.dumps(renamed, indent=2))
            os.utime(self.mirror_file, ns=(later, later))
            return
        self.config_file.parent.mkdir(exist_ok=True)
        self.mirror_file.write_text(json.dumps(renamed, indent=2))
        self.config_file.write_text(json.dumps(content, indent=2))
        now = time.time_ns()
        os.utime(self.mirror_file, ns=(now, now))


def _loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return found
