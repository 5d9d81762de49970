"""How a run is written down: one file a format, each behind ``Report``."""
