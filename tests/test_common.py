"""Optional imports and checks of parameters."""

import re
from fractions import Fraction

import numpy as np
import pytest

from skscatter._common.optional import import_optional
from skscatter._common.parameters import check_choice, check_real


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


@pytest.mark.parametrize(
    ("value", "choice"), [("max", "max"), (np.str_("max"), "max"), (True, True), (np.True_, True)]
)
def test_a_choice_is_returned_as_a_value_of_python(value, choice):
    found = check_choice("name", value, ("max", "rms", False, True))
    assert found == choice
    assert type(found) is type(choice)


@pytest.mark.parametrize("value", [1, 1.0, np.int64(1), "True", None, b"max", np.array(["max"])])
def test_a_value_of_another_type_is_not_a_choice(value):
    with pytest.raises(ValueError, match=re.escape(f"name={value!r} is not available. Accepted: ")):
        check_choice("name", value, ("max", True))


@pytest.mark.parametrize("value", [10**400, Fraction(10**400), -(10**400), np.longdouble("inf")])
def test_a_number_that_no_float_holds_is_refused(value):
    message = f"name={value!r} must be a finite number above 0."
    with pytest.raises(ValueError, match=re.escape(message)):
        check_real("name", value, minimum=0, exclusive=True)


def test_an_integer_stays_an_integer():
    assert type(check_real("name", np.int64(3), minimum=0)) is int
    assert type(check_real("name", np.float32(3), minimum=0)) is float
