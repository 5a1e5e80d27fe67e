from .data_home import clear_data_home as clear_data_home
from .data_home import get_data_home as get_data_home
from .fsdd import fetch_fsdd as fetch_fsdd
from .recordings import load_recordings as load_recordings
from .spoken_digits import load_spoken_digits as load_spoken_digits
