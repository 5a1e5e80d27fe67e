"""Spoken digits, embedded or fetched, and recordings of one's own."""

from .data_home import clear_data_home, get_data_home
from .fsdd import fetch_fsdd
from .recordings import load_recordings
from .spoken_digits import load_spoken_digits

__all__ = [
    "clear_data_home",
    "fetch_fsdd",
    "get_data_home",
    "load_recordings",
    "load_spoken_digits",
]
