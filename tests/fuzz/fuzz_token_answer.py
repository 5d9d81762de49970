#!/usr/bin/env python3
"""Fuzzes the parser of the token endpoint's answers; see `make fuzz`."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

with atheris.instrument_imports(include=["orgauth"]):
    from support.promises import keep_for_token_answer


def one_input(data: bytes) -> None:
    keep_for_token_answer(data)


atheris.Setup(sys.argv, one_input)
atheris.Fuzz()
