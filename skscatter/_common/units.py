"""Units of frequencies and times."""

from typing import Any, NamedTuple

from skscatter._common.parameters import check_real

# Times of a signal of any length are finite in seconds with this sampling rate.
LOWEST_RATE = 1e-280


class Units(NamedTuple):
    """Units of frequencies and times.

    Attributes
    ----------
    frequency, time : str
        Names of the units.
    rate : float
        Samples per unit of time. A frequency in cycles per sample times `rate` is in the unit of
        frequencies; a time in samples divided by `rate` is in the unit of times.
    """

    frequency: str
    time: str
    rate: float


def check_sampling_rate(value: Any) -> float:
    """Return a sampling rate in Hz.

    Raises
    ------
    TypeError, ValueError
        If it is not a finite number above 0, or so small that times would be infinite.
    """
    rate = check_real("sampling_rate", value, minimum=0, exclusive=True)
    if rate < LOWEST_RATE:
        raise ValueError(f"sampling_rate={value!r} must be at least {LOWEST_RATE} Hz.")
    return rate


def units_for(sampling_rate: float | None) -> Units:
    """Return Hz and seconds with a sampling rate, else cycles per sample and samples."""
    if sampling_rate is None:
        return Units("cycles per sample", "samples", 1.0)
    return Units("Hz", "s", float(sampling_rate))
