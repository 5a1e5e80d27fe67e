"""Run the code of a built page as one script, as somebody does who copies it block by block.

    python .ci/run_page.py docs/_build/html/quickstart.html

The script has two minutes. It must print what the page shows, and draw a figure for each call of
``plt.show()``.
"""

import os
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

SAVE = """
import matplotlib.pyplot as plt
for number in plt.get_fignums():
    plt.figure(number).savefig(f"{number}.png")
"""
SECONDS = 120
LEAST_BYTES = 10_000  # an empty figure has fewer


class Blocks(HTMLParser):
    """The literal blocks of a page: languages and texts."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.language = None
        self.is_inside = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        for name in (dict(attributes).get("class") or "").split():
            if tag == "div" and name.startswith("highlight-"):
                self.language = name.removeprefix("highlight-")
        if tag == "pre":
            self.is_inside = True
            self.found.append((self.language, ""))

    def handle_endtag(self, tag):
        if tag == "pre":
            self.is_inside = False

    def handle_data(self, data):
        if self.is_inside:
            language, text = self.found[-1]
            self.found[-1] = language, text + data

    def of(self, language):
        """Return the texts of a language, one after another."""
        return "".join(text for name, text in self.found if name == language)


def main(page):
    """Exit with an error if the script fails, prints something else, or draws too little."""
    blocks = Blocks(Path(page).read_text(encoding="utf-8"))
    code, shown = blocks.of("python"), blocks.of("text")
    n_figures = code.count("plt.show()")
    if not n_figures or not shown:
        sys.exit(f"{page} should have code that prints and draws.")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "quickstart.py")
        script.write_text(code + SAVE, encoding="utf-8")
        printed = subprocess.run(
            [sys.executable, script.name],
            cwd=folder,
            env={**os.environ, "MPLBACKEND": "Agg"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
        ).stdout
        drawn = [file for file in Path(folder).glob("*.png") if file.stat().st_size > LEAST_BYTES]
    if printed != shown:
        sys.exit(f"{page} shows\n{shown}\nbut its code prints\n{printed}")
    if len(drawn) != n_figures:
        sys.exit(f"{page} should draw {n_figures} figures, and drew {len(drawn)}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
