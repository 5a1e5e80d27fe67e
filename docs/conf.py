"""Configuration of the documentation: ``python -m sphinx -W -b html docs docs/_build/html``.

Nothing is fetched, neither when the pages are built nor when they are read.
"""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

import skscatter

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))
from inventories import write_inventories  # noqa: E402 (the line above finds it)

logger = logging.getLogger(__name__)

PROJECT = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
project = "skscatter"
author = "The skscatter developers"
copyright = f"2026, {author}"  # noqa: A001 (Sphinx's name)
version = release = skscatter.__version__

extensions = [
    "citation",
    "myst_parser",
    "numpydoc",
    "pictures",
    "published",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
root_doc = "index"
RECORD = "_build/reliability.json"  # where `nox -s readme` counts the inputs that the tests try
exclude_patterns = ["_build", "_extensions", "_templates", "examples", "**.ipynb"]
templates_path = ["_templates"]
# `fit` and `J` in docstrings are code, and links where there is something to link to.
default_role = "py:obj"
intersphinx_mapping = write_inventories(HERE / "inventories.toml", HERE / "_build" / "inventories")

# Docstrings ---------------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"  # they are in the text
numpydoc_show_class_members = False  # the templates list them
numpydoc_validation_checks = {
    "all",
    "ES01",  # a summary that says it all needs no extended one
    "EX01",  # an example on each class is enough
    "RT02",  # what is returned has a name
    "SA01",  # not everything has a See Also
}

# Snippets -----------------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
doctest_test_doctest_blocks = "default"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Gallery ------------------------------------------------------------------------------------------


def has_gpu():
    """Whether the examples that need a GPU can run."""
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "subsection_order": [f"examples/{name}" for name in ("fields", "understanding", "computing")],
    "within_subsection_order": "ExampleTitleSortKey",
    "filename_pattern": "/(plot|gpu)_" if has_gpu() else "/plot_",
    "gallery_dirs": "gallery",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("skscatter",),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,
}

# Pages --------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_favicon = "_static/favicon.svg"
html_title = f"{project} {version}"
html_baseurl = PROJECT["urls"]["Documentation"]
published_repository = PROJECT["urls"]["Source"]
published_description = PROJECT["description"]
published_versions = {version: ""}  # and the folders of older ones whose pages stay, if any
html_show_sourcelink = False
toc_object_entries_show_parents = "hide"  # `fit()`: longer names do not fit on the right
# Only the guide and the API reference have pages enough to need one beside the text.
WITHOUT_SIDEBAR = (
    *("index", "install", "quickstart", "gallery/**", "faq", "performance"),
    *("whats_new", "citation", "design", "reliability"),
)
html_sidebars = {name: [] for name in WITHOUT_SIDEBAR}
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["version-switcher", "theme-switcher"],
    # The menu needs a server: browsers do not let pages read files.
    "switcher": {"json_url": "_static/versions.json", "version_match": version},
    "check_switcher": False,  # the file is written last
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc", "page-links"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_math_renderer = "mathml"


def visit_math(translator, node):
    """Write a formula as MathML, which browsers show by themselves: no script, no network."""
    block = isinstance(node, nodes.math_block)
    try:
        mathml = tex2mathml(node.astext(), as_block=block)
    except MathError as error:
        logger.warning("%s in the formula %s", error, node.astext(), location=node)
        raise nodes.SkipNode from error
    translator.body.append(f'<div class="formula">{mathml}</div>' if block else mathml)
    raise nodes.SkipNode


def write_help(app):
    """Keep what the command line says of itself, for the API reference to show."""
    folder = Path(app.srcdir, "api", "help")
    folder.mkdir(parents=True, exist_ok=True)
    for name, arguments in {"skscatter": [], "demo": ["demo"], "predict": ["predict"]}.items():
        done = subprocess.run(
            [sys.executable, "-m", "skscatter", *arguments, "--help"],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "74", "NO_COLOR": "1"},
        )
        (folder / f"{name}.txt").write_text(done.stdout, encoding="utf-8")


def add_inputs_tried(app, docname, source):
    """Add the counts of a run of the tests to the page Reliability, if there is a record of one."""
    record = Path(app.srcdir, RECORD)
    if docname == "reliability" and record.exists():
        source[0] += inputs_tried(json.loads(record.read_text(encoding="utf-8")))


def inputs_tried(record):
    """Write the counts as a section in Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    rows = [
        f"| {kind} | {n['passed'] + n['failed']} | {n['failed']} | {n['skipped']} |"
        for kind, n in record["kinds"].items()
    ]
    lines = [
        "\n## Inputs tried\n",
        f"Counts from a run of the tests with {versions}.\n",
        "| kind | inputs tried | failed | skipped |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def setup(app):
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    app.connect("builder-inited", write_help)
    app.connect("source-read", add_inputs_tried)
