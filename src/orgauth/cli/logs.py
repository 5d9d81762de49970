"""The log on standard error: what ``-v`` and ``-vv`` tell, and mistakes of our own."""

from __future__ import annotations

import logging
import sys

from orgauth.text import printable

__all__ = ["HarmlessFormatter", "configure_logging"]

_FORMAT = "%(levelname)s %(name)s: %(message)s"
_LONGEST = 2000  # characters of one line


class HarmlessFormatter(logging.Formatter):
    """Shows every line as text, tracebacks included: an exception may quote what a server said."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines, nothing in which leads a terminal or a CI system."""
        lines = super().format(record).split("\n")
        return "\n".join(printable(line, limit=_LONGEST) for line in lines)


def configure_logging(verbose: int) -> None:
    """Log warnings, at ``-v`` what we wait for, at ``-vv`` everything of ours.

    Other libraries stay at warnings: what they log of a request may hold what was sent.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(HarmlessFormatter(_FORMAT))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    if verbose:
        logging.getLogger("orgauth").setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
