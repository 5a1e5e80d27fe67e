from ._data_home import clear_data_home as clear_data_home
from ._data_home import get_data_home as get_data_home
from ._folders import load_recordings as load_recordings
from ._fsdd import fetch_fsdd as fetch_fsdd
from ._spoken_digits import load_spoken_digits as load_spoken_digits
