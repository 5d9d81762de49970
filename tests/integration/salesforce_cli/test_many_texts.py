"""A thousand texts of every kind, each way, between the CLI's own cipher and ours."""

from __future__ import annotations

import json
import os
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from integration.salesforce_cli.sf_cli import FOLDER, HERE, OUTSIDE_VARIABLES, node
from orgauth.stores.salesforce_cli.crypto import Cipher
from support.cli_store import CliStore

if TYPE_CHECKING:
    from pathlib import Path

CRYPTO = FOLDER / "node_modules/@salesforce/core/lib/crypto/crypto.js"
KEYS = {1: "0123456789abcdef0123456789abcdef", 2: "0123456789abcdef" * 4}


def texts(seed: int) -> list[str]:
    """Return the same thousand texts for the same seed: ASCII, or anything that is a character."""
    rng = random.Random(seed)
    ranges = [(0x20, 0x7E), (0, 0x7FF), (0, 0xD7FF), (0xE000, 0x10FFFF)]
    return ["", "\0", "a:b", "é" * 5000] + [
        "".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.choice([1, 15, 16, 112])))
        for _ in range(996)
    ]


@pytest.mark.parametrize("version", KEYS)
def test_what_one_encrypts_the_other_reads(tmp_path: Path, version: int) -> None:
    key = KEYS[version]
    CliStore(tmp_path).make_key(key)
    plain, cipher = texts(version), Cipher(key)

    done = subprocess.run(
        [node(), str(HERE / "crypt.cjs"), str(CRYPTO)],
        input=json.dumps({"encrypt": plain, "decrypt": [cipher.encrypt(text) for text in plain]}),
        env={
            **{name: value for name, value in os.environ.items() if name not in OUTSIDE_VARIABLES},
            "HOME": str(tmp_path),
            "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
            "SF_DISABLE_LOG_FILE": "true",
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    theirs = json.loads(done.stdout)

    assert theirs["decrypt"] == plain
    assert [cipher.decrypt(sealed) for sealed in theirs["encrypt"]] == plain
