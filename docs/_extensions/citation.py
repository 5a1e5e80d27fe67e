"""The directive `citation`: an entry for BibTeX, from CITATION.cff."""

from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective


class Citation(SphinxDirective):
    """Show how to cite this version."""

    def run(self):
        file = Path(self.env.srcdir).parent / "CITATION.cff"
        self.env.note_dependency(str(file))
        about = yaml.safe_load(file.read_text(encoding="utf-8"))
        authors = " and ".join(f"{{{author['name']}}}" for author in about["authors"])
        year = self.config.copyright.partition(",")[0]
        entry = "\n".join(
            [
                "@software{skscatter,",
                f"  title = {{{about['title']}}},",
                f"  author = {{{authors}}},",
                f"  version = {{{self.config.version}}},",
                f"  year = {{{year}}},",
                f"  url = {{{about['url']}}},",
                "}",
            ]
        )
        return [nodes.literal_block(entry, entry, language="bibtex")]


def setup(app):
    app.add_directive("citation", Citation)
    return {"parallel_read_safe": True}
