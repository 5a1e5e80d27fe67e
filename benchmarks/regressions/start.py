"""Time of a new process, to the end of an import or of a first call."""

FIRST = """
import numpy as np
from skscatter import LogScattering1D
X = np.random.default_rng(0).standard_normal((8, 8192)).astype("float32")
LogScattering1D(J=8, Q=12, backend="{backend}").fit_transform(X)
"""


def timeraw_import():
    """``import skscatter``, which loads neither SciPy nor scikit-learn."""
    return "import skscatter"


def timeraw_import_transformer():
    """The transformers, with scikit-learn."""
    return "from skscatter import LogScattering1D"


def timeraw_first_features_numpy():
    """The first features with NumPy, imports included."""
    return FIRST.format(backend="numpy")


def timeraw_first_features_numba():
    """The first features with numba, imports included, with code that is compiled already."""
    return FIRST.format(backend="numba")


def timeraw_first_features_compiled():
    """The first features with numba, imports and compilation included."""
    folder = 'import os, tempfile; os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp()'
    return folder + FIRST.format(backend="numba")


timeraw_first_features_numba.timeout = timeraw_first_features_compiled.timeout = 120
timeraw_first_features_compiled.number = timeraw_first_features_compiled.repeat = 1
