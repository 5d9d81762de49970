#!/usr/bin/env python3
"""Play the matrix, measure every case alone, and write the tables of ``docs/reliability.md``.

    .venv/bin/python tests/integration/fault_matrix/write_reliability.py

Takes about a minute, most of it waiting.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from integration.fault_matrix.play import measure, play
from integration.fault_matrix.table import PAGE, replaced, table
from orgauth.simulator.rehearsal import Size, prepare


def main() -> None:
    """Play, measure, write."""
    with tempfile.TemporaryDirectory(prefix="orgauth-matrix-") as name:
        folder = Path(name)
        rehearsal = prepare(folder / "key", Size(dev_hubs=0, scratch_orgs=0, sandboxes=0, late=0))
        key = rehearsal.key_file.read_bytes(), rehearsal.certificate_file.read_bytes()
        for part in ("together", "alone"):
            (folder / part).mkdir()
        run = play(folder / "together", key)
        seconds = measure(folder / "alone", key)
    PAGE.write_text(replaced(table(run, seconds)), encoding="utf-8")


if __name__ == "__main__":
    main()
