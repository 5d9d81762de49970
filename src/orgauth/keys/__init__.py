"""Where private keys come from: one file a source, each behind ``KeySource``."""
