"""Where tokens are kept for others to use: one file or folder a store, each behind ``Store``."""
