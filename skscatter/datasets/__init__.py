"""Recordings: of spoken digits, embedded or fetched, and one's own."""

from ._data_home import clear_data_home, get_data_home
from ._folders import load_recordings
from ._fsdd import fetch_fsdd
from ._spoken_digits import load_spoken_digits

__all__ = [
    "clear_data_home",
    "fetch_fsdd",
    "get_data_home",
    "load_recordings",
    "load_spoken_digits",
]
