"""Lengths in samples, given as whole numbers or as durations."""

import math
from typing import Any

import numpy as np

from skscatter._common.parameters import MAX_TIMES, check_integer, check_real

# Far more than the relative rounding error of a product such as 0.29 * 100.
ROUNDING = 1e-9


def check_length(name: str, value: Any) -> int:
    """Return a length of at least one sample; floats must be whole numbers up to rounding errors.

    Sampling rates are floats in many libraries, and so is a duration times a rate.

    Raises
    ------
    TypeError
        If it is not a whole number.
    ValueError
        If it is below 1.
    """
    if isinstance(value, float | np.floating) and math.isfinite(value):
        exact = float(value)
        if abs(exact - round(exact)) <= ROUNDING * abs(exact):
            value = round(exact)
    return check_integer(name, value, minimum=1)


def check_duration(name: str, value: Any, sampling_rate: float) -> int:
    """Return a duration in seconds as the nearest number of samples.

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is not positive and finite, or rounds to zero samples.
    """
    duration = check_real(name, value, minimum=0, exclusive=True)
    length = round(min(float(duration) * float(sampling_rate), MAX_TIMES))
    if length < 1:
        raise ValueError(
            f"{name}={value!r} seconds are less than a sample at sampling_rate={sampling_rate!r}. "
            f"Accepted: at least {1 / float(sampling_rate):g} seconds."
        )
    return length
