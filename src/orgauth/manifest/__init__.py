"""The manifest: what people write, checked and resolved into ``Org`` values.

The way of a manifest: ``source`` (bytes → text) → ``yaml_nodes`` (text → values with places;
``scalars`` and ``variables`` are read on the way) → ``levels`` (values → models of ``schema``,
whose ``fields``, ``names`` and ``urls`` know the rules) → ``resolve`` (inheritance) → ``orgs``
(``Org`` values) → ``uniqueness``. What is wrong goes to ``problems``, worded by ``explain`` and
``suggestions``. ``loader`` puts it together.
"""

from __future__ import annotations

from orgauth.manifest.loader import Manifest, parse_manifest
from orgauth.manifest.schema import json_schema
from orgauth.manifest.source import MAX_BYTES

__all__ = ["MAX_BYTES", "Manifest", "json_schema", "parse_manifest"]
