"""Inventories for links into other libraries, so that nothing is fetched when pages are built.

`docs/inventories.toml` lists the names that the documentation uses. Sphinx reads them in the format
of the inventories that those libraries publish.
"""

import tomllib
import zlib
from pathlib import Path

HEADER = """\
# Sphinx inventory version 2
# Project: {name}
# Version:
# The remainder of this file is compressed using zlib.
"""


def write_inventories(listing, folder):
    """Write an inventory for each library, and return Sphinx's `intersphinx_mapping`."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for name, library in tomllib.loads(Path(listing).read_text(encoding="utf-8")).items():
        lines = [
            f"{target} py:{role} 1 {page.replace('*', target)} -\n"
            for role, pages in library["names"].items()
            for page, targets in pages.items()
            for target in targets
        ]
        file = folder / f"{name}.inv"
        text = "".join(lines).encode()
        file.write_bytes(HEADER.format(name=name).encode() + zlib.compress(text))
        mapping[name] = library["address"], str(file.resolve())
    return mapping
