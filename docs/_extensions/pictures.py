"""Pictures of a page that has code to copy: what the code draws, in `docs/pictures`."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = "quickstart"
SAVE_INSTEAD = """\
import itertools
import matplotlib.pyplot as plt
numbers = itertools.count(1)
def show():
    plt.gcf().savefig(FILE.format(next(numbers)), dpi=110)
    plt.close("all")
plt.show = show
"""


def draw(app):
    """Run the code of the page, and save a picture for each call of ``plt.show()``."""
    page = Path(app.srcdir, f"{PAGE}.md").read_text(encoding="utf-8")
    folder = Path(app.srcdir, "pictures").resolve()
    folder.mkdir(exist_ok=True)
    file = folder / f"{PAGE}-{{}}.png"
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    code = f"FILE = {str(file)!r}\n{SAVE_INSTEAD}{''.join(blocks)}"
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    with tempfile.TemporaryDirectory() as scratch:  # the code saves a model
        command = [sys.executable, "-c", code]
        subprocess.run(command, check=True, cwd=scratch, env=environment, stdout=subprocess.DEVNULL)


def setup(app):
    app.connect("builder-inited", draw)
    return {"parallel_read_safe": True}
