"""Draws the two plots from the figures in .bench/figures.json."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

OURS, OTHERS, LIMITS = "#0b6e4f", "#8a8f98", "#d0d3d8"


def main() -> None:
    """Write growth.svg and cpu.svg into the folder named, or PNGs to look at."""
    figures = json.loads(Path(sys.argv[1]).read_text())
    folder, suffix = Path(sys.argv[2]), sys.argv[3]
    mpl.rcParams.update(
        {
            "svg.fonttype": "path",  # no font to look for
            "svg.hashsalt": "orgauth",
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    _cpu(figures["contest"], folder / f"cpu.{suffix}")
    _growth(figures["growth"], folder / f"growth.{suffix}")


def _cpu(rows: list[dict[str, Any]], path: Path) -> None:
    rows = [row for row in rows if "both cores" not in row["name"]][::-1]
    names = [row["name"].replace("**", "").replace("`", "") for row in rows]
    colours = [_colour(name) for name in names]
    figure, axes = plt.subplots(figsize=(9, 4.6), layout="constrained")
    medians = [row["cpu_ms"]["median"] for row in rows]
    axes.barh(names, medians, color=colours)
    for number, value in enumerate(medians):
        text = f"{value:.2f}" if value < 10 else f"{value:.0f}"  # noqa: PLR2004
        axes.text(value * 1.1, number, f"{text} ms", va="center")
    axes.set_xscale("log")
    axes.set_xlim(min(medians) / 1.5, max(medians) * 8)
    axes.set_xlabel("CPU milliseconds an org (logarithmic; less is better)")
    axes.tick_params(axis="y", length=0)
    _save(figure, path)


def _growth(rows: list[dict[str, Any]], path: Path) -> None:
    counts = [row["orgs"] for row in rows]
    figure, axes = plt.subplots(figsize=(9, 4.2), layout="constrained")
    for key, label, colour, style in (
        ("ms", "time an org", OURS, "o-"),
        ("cpu_ms", "CPU an org", OTHERS, "s--"),
    ):
        medians = [row[key]["median"] for row in rows]
        least = [row[key]["median"] - row[key]["least"] for row in rows]
        greatest = [row[key]["greatest"] - row[key]["median"] for row in rows]
        axes.errorbar(
            counts, medians, [least, greatest], fmt=style, color=colour, capsize=4, label=label
        )
    limit = 1.2 * rows[0]["ms"]["median"]
    axes.axhline(limit, color="#b3261e", linewidth=1, linestyle=":")
    goal = "goal: at most 1.2 times that of 1,000 orgs"
    axes.text(counts[-1], limit * 1.02, goal, color="#b3261e", ha="right")
    for row in rows:
        axes.annotate(
            f"{row['peak_mb']:.0f} MB",
            (row["orgs"], row["ms"]["greatest"]),
            xytext=(0, 10),
            textcoords="offset points",
            ha="center",
        )
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.minorticks_off()
    axes.set_xlim(counts[0] / 1.6, counts[-1] * 1.6)
    axes.set_ylim(0, limit * 1.2)
    axes.set_xlabel("orgs in one run (logarithmic; full job, start-up included, peak memory)")
    axes.set_ylabel("milliseconds an org")
    axes.legend(loc="lower left", frameon=False)
    _save(figure, path)


def _colour(name: str) -> str:
    if name.startswith("orgauth"):
        return OURS
    return LIMITS if name.startswith("limit") else OTHERS


def _save(figure: Any, path: Path) -> None:
    vector = path.suffix == ".svg"
    figure.savefig(path, dpi=110, metadata={"Date": None} if vector else None)
    if vector:  # matplotlib leaves blanks at the ends of lines, and links to itself
        text = re.sub(
            r"<!DOCTYPE.*?>\n|<metadata>.*?</metadata>\n", "", path.read_text(), flags=re.DOTALL
        )
        lines = text.splitlines()
        path.write_text("\n".join(line.rstrip() for line in lines) + "\n")


main()
