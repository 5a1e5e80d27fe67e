"""Wavelet scattering for scikit-learn."""

import sys

import lazy_loader

__version__ = "0.2.0"

# The names are those of __init__.pyi, and each is imported when it is first used. scikit-learn
# takes a second or two to import: the command line answers --help, and Ctrl-C, without it.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# Models saved by 0.1.0 name these modules. Their classes are here now, and refuse such a state.
for _former in ("_selection", "_store", "_transformer"):
    sys.modules[f"{__name__}.{_former}"] = sys.modules[__name__]
