"""What pages need once they are published: where to edit and to run them, and how they are quoted.

The addresses are those of `pyproject.toml`.
"""

import json
from pathlib import Path

from docutils import nodes

BRANCH = "main"
LONGEST = 200  # characters of a description that search engines show
GITHUB = "https://github.com/"


def source_of(page, suffix):
    """Path of the source of a page in the repository. None for pages that are generated."""
    is_example = page.startswith("gallery/")
    if page.startswith("api/") or (is_example and page.endswith("/index")) or not suffix:
        return None
    if is_example:
        return f"docs/examples/{page.removeprefix('gallery/')}.py"
    return f"docs/{page}{suffix}"


def links(page, suffix, repository):
    """List texts and addresses of what a reader can do with the source of a page."""
    source = source_of(page, suffix)
    if source is None:
        return []
    found = [("Edit this page", f"{repository}/edit/{BRANCH}/{source}")]
    if source.endswith(".py") and repository.startswith(GITHUB):
        name = repository.removeprefix(GITHUB)
        # The folder .binder has what Binder installs. jupytext opens scripts as notebooks.
        binder = f"https://mybinder.org/v2/gh/{name}/{BRANCH}?urlpath=lab/tree/{source}"
        found.append(("Run in Binder", binder))
    return found


def describe(doctree):
    """Return the first paragraph of a page, or what fits of it."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        text = " ".join(paragraph.astext().split())
        if len(text) > LONGEST:
            text = text[:LONGEST].rpartition(" ")[0] + " …"
        if len(text) > LONGEST // 5:  # not a label or a list of links
            return text
    return None


def add_to_page(app, page, template, context, doctree):
    """Add the links of a page, its description, and what other sites show when they quote it."""
    context["page_links"] = links(
        page, context.get("page_source_suffix"), app.config.published_repository
    )
    base = app.config.html_baseurl
    text = describe(doctree) or app.config.published_description
    quoted = {
        "og:type": "website",
        "og:site_name": app.config.project,
        "og:title": context.get("title", app.config.project),
        "og:description": text,
        "og:url": f"{base}{page}.html",
        "og:image": f"{base}_static/readme.png",
    }
    tags = [("name", "description", text), *(("property", *item) for item in quoted.items())]
    escape = app.builder.templates.environment.filters["e"]
    context["metatags"] = context.get("metatags", "") + "".join(
        f'<meta {kind}="{name}" content="{escape(nodes.Text(value).astext())}" />\n'
        for kind, name, value in tags
    )


def write_versions(app, exception):
    """Write the list of versions that the menu of the site shows."""
    if exception is None and app.builder.format == "html":
        versions = [
            {"version": version, "url": f"{app.config.html_baseurl}{path}"}
            for version, path in app.config.published_versions.items()
        ]
        file = Path(app.outdir, "_static", "versions.json")
        file.write_text(json.dumps(versions, indent=1) + "\n", encoding="utf-8")


def setup(app):
    app.add_config_value("published_repository", "", "html", str)
    app.add_config_value("published_description", "", "html", str)
    app.add_config_value("published_versions", {}, "html", dict)
    app.connect("html-page-context", add_to_page)
    app.connect("build-finished", write_versions)
    return {"parallel_read_safe": True}
