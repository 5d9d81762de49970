#!/usr/bin/env python3
"""Fuzzes the manifest loader; see `make fuzz`."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

with atheris.instrument_imports(include=["orgauth", "yaml"]):
    import yaml

    from orgauth.manifest import yaml_nodes
    from support.promises import keep_for_manifest


def one_input(data: bytes) -> None:
    keep_for_manifest(data)
    # Where PyYAML was built without libyaml. It also shows the fuzzer the way through the grammar.
    with mock.patch.object(yaml_nodes, "_Loader", yaml.SafeLoader):
        keep_for_manifest(data)


atheris.Setup(sys.argv, one_input)
atheris.Fuzz()
