"""The manifest: what people write, checked and resolved into ``Org`` values."""
