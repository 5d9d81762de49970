from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from orgauth.errors import StoreError
from orgauth.stores.salesforce_cli.keychain import KeyFile, choose_keychain
from orgauth.stores.salesforce_cli.keychain_programs import MacSecurity, SecretTool

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "key.json"


@pytest.fixture
def key_file(path: Path) -> KeyFile:
    return KeyFile(path, sleep=lambda _: None)


class TestKeyFile:
    def test_it_is_written_as_the_cli_writes_it(self, key_file: KeyFile, path: Path) -> None:
        assert key_file.read() is None
        key_file.write(KEY)
        assert path.read_text() == (
            f'{{\n    "account": "local",\n    "key": "{KEY}",\n    "service": "sfdx"\n}}'
        )
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert key_file.read() == KEY
        assert key_file.name == str(path)

    @pytest.mark.parametrize("mode", [0o644, 0o400, 0o700, 0o640])
    def test_another_mode_gets_the_advice(self, key_file: KeyFile, path: Path, mode: int) -> None:
        key_file.write(KEY)
        path.chmod(mode)
        with pytest.raises(StoreError, match=f"has mode {mode:04o}") as caught:
            key_file.read()
        assert caught.value.advice == f"chmod 600 {path}"
        assert caught.value.path == path

    def test_windows_has_no_modes(self, key_file: KeyFile, path: Path) -> None:
        key_file.write(KEY)
        path.chmod(0o644)
        assert KeyFile(path, has_modes=False).read() == KEY

    @pytest.mark.parametrize(
        "content",
        [
            {"account": "local", "service": "sfdx"},
            {"account": "local", "service": "other", "key": KEY},
            {"account": "somebody", "service": "sfdx", "key": KEY},
            {"account": "local", "service": "sfdx", "key": 5},
        ],
    )
    def test_a_file_of_something_else_is_told_without_its_key(
        self, key_file: KeyFile, path: Path, content: dict[str, object]
    ) -> None:
        path.write_text(json.dumps(content))
        path.chmod(0o600)
        with pytest.raises(StoreError, match="does not hold the key") as caught:
            key_file.read()
        assert KEY not in str(caught.value)

    def test_a_broken_file_is_told_with_what_it_costs(self, key_file: KeyFile, path: Path) -> None:
        path.write_text('{"key": "')
        path.chmod(0o600)
        with pytest.raises(StoreError, match="is broken") as caught:
            key_file.read()
        assert "backup" in caught.value.advice


class TestChoice:
    @pytest.mark.parametrize("value", ["true", "TRUE", "1"])
    @pytest.mark.parametrize("platform", ["linux", "darwin"])
    def test_the_environment_can_ask_for_the_file(
        self, tmp_path: Path, platform: str, value: str
    ) -> None:
        environ = {"SF_USE_GENERIC_UNIX_KEYCHAIN": value, "SFDX_SECRET_TOOL_PATH": "/bin/sh"}
        chosen = choose_keychain(tmp_path, environ, platform=platform)
        assert isinstance(chosen, KeyFile)
        assert chosen.name == str(tmp_path / "key.json")

    @pytest.mark.parametrize(
        ("new", "old", "is_file"),
        [
            (None, "true", True),
            ("", "1", True),
            ("false", "true", False),
            ("true", "false", True),
            (None, "false", False),
        ],
    )
    def test_the_old_name_counts_where_the_new_one_says_nothing(
        self, tmp_path: Path, new: str | None, old: str, *, is_file: bool
    ) -> None:
        environ = {"SFDX_USE_GENERIC_UNIX_KEYCHAIN": old, "SFDX_SECRET_TOOL_PATH": "/bin/sh"}
        if new is not None:
            environ["SF_USE_GENERIC_UNIX_KEYCHAIN"] = new
        chosen = choose_keychain(tmp_path, environ, platform="linux")
        assert isinstance(chosen, KeyFile) is is_file

    def test_macos_has_its_keychain(self, tmp_path: Path) -> None:
        assert isinstance(choose_keychain(tmp_path, {}, platform="darwin"), MacSecurity)

    def test_windows_has_the_file(self, tmp_path: Path) -> None:
        chosen = choose_keychain(tmp_path, {}, platform="win32")
        assert isinstance(chosen, KeyFile)
        chosen.write(KEY)
        Path(chosen.name).chmod(0o644)
        assert chosen.read() == KEY

    def test_linux_has_secret_tool_where_it_is_installed(self, tmp_path: Path) -> None:
        environ = {
            "SFDX_SECRET_TOOL_PATH": "/bin/sh",  # whatever can be run
            "SF_USE_GENERIC_UNIX_KEYCHAIN": "yes",  # no word that the CLI takes for true
        }
        assert isinstance(choose_keychain(tmp_path, environ, platform="linux"), SecretTool)

    def test_linux_without_secret_tool_has_the_file(self, tmp_path: Path) -> None:
        environ = {"SFDX_SECRET_TOOL_PATH": str(tmp_path / "no")}
        assert isinstance(choose_keychain(tmp_path, environ, platform="linux"), KeyFile)
