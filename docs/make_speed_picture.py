"""Make docs/_static/speed.png from the table "Length of the signals" of docs/performance.md.

Usage, with ``skscatter[plot]`` installed::

    python docs/make_speed_picture.py [OUTPUT]
"""

import re
import sys
from pathlib import Path

from matplotlib.figure import Figure

HERE = Path(__file__).parent
OUTPUT = HERE / "_static" / "speed.png"
HEADING = "## Length of the signals"
CONTENDERS = {  # columns of the table
    "kymatio, NumPy": "#9a9a9a",
    "kymatio, torch CPU": "#9a9a9a",
    "NumPy": "#7da7d9",
    "numba": "#1f4e79",
}


def read_table(text):
    """Return the rows of the first table below the heading, as dictionaries."""
    table = re.search(r"(^\|.*\n)+", text.partition(HEADING)[2], re.MULTILINE)[0]
    lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    head, _, *rows = lines
    return [dict(zip(head, row, strict=True)) for row in rows]


def name_length(cell):
    """Name the length in a cell such as "8192, 8, 12" or "$2^{17}$, 12, 8"."""
    length = cell.split(",")[0]
    power = re.fullmatch(r"\$2\^\{(\d+)\}\$", length)
    return f"{2 ** int(power[1]) if power else int(length):,} samples"


def draw(axes, row):
    """Draw a bar for each contender of a row."""
    times = {name: float(row[name]) for name in CONTENDERS if row[name]}
    names = [name if "kymatio" in name else f"skscatter, {name}" for name in times]
    bars = axes.barh(names, times.values(), color=[CONTENDERS[name] for name in times])
    axes.bar_label(bars, [f"{ms:g}" for ms in times.values()], padding=3)
    axes.set(title=name_length(row["samples, J, Q"]), xlabel="ms per signal")
    axes.set_xlim(right=1.2 * max(times.values()))
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def main(output=OUTPUT):
    text = (HERE / "performance.md").read_text(encoding="utf-8")
    rows = [row for row in read_table(text) if row["kymatio, NumPy"]]
    figure = Figure(figsize=(11, 2.8), dpi=120, layout="constrained")
    for axes, row in zip(figure.subplots(1, len(rows), sharey=True), rows, strict=True):
        draw(axes, row)
    figure.savefig(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
