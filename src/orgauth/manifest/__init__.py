"""The manifest: what people write, checked and resolved into ``Org`` values."""

from __future__ import annotations

from orgauth.manifest.loader import Manifest, parse_manifest
from orgauth.manifest.schema import json_schema
from orgauth.manifest.source import MAX_BYTES

__all__ = ["MAX_BYTES", "Manifest", "json_schema", "parse_manifest"]
