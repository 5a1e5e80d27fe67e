"""Link estimators to the documentation."""

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, metadata


class Documented:
    """Mixin that links scikit-learn's HTML of an estimator to its page in the API reference.

    scikit-learn fills in the template for the classes of the module, and shows no link where the
    template is empty.
    """

    _doc_link_module = "skscatter"

    @property
    def _doc_link_template(self) -> str:
        address = documentation_address()
        return f"{address}api/{{estimator_module}}.{{estimator_name}}.html" if address else ""


@lru_cache(maxsize=1)
def documentation_address() -> str:
    """Return the address of the documentation, as the package's metadata has it, or nothing."""
    try:
        urls = metadata("skscatter").get_all("Project-URL") or []
    except PackageNotFoundError:  # a copy of the source that is not installed
        return ""
    named = dict(url.split(", ", 1) for url in urls)
    return named.get("Documentation", "")
