"""Units of frequencies and times."""

from typing import NamedTuple


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


def units_for(sampling_rate: float | None) -> Units:
    """Return Hz and seconds with a sampling rate, else cycles per sample and samples."""
    if sampling_rate is None:
        return Units("cycles per sample", "samples", 1.0)
    return Units("Hz", "s", float(sampling_rate))
