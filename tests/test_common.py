"""Optional imports and checks of parameters."""

import re

import pytest

from skscatter._common.optional import import_optional


def test_an_optional_module_is_imported():
    import xml.dom

    assert import_optional("xml.dom", "plot", "Plotting") is xml.dom


@pytest.mark.parametrize(
    ("extra", "command"), [("plot", 'pip install "skscatter[plot]"'), (None, "pip install unknown")]
)
def test_a_missing_library_is_named_with_its_purpose_and_the_command(extra, command):
    message = f"Plotting needs unknown, which cannot be imported here. Install it with: {command}"
    with pytest.raises(ImportError, match=re.escape(message) + "$") as caught:
        import_optional("unknown.pyplot", extra, "Plotting")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
