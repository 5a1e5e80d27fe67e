"""Joint time-frequency scattering: its reference, its definition, what it sees."""

import joint_oracle
import numpy as np
import pytest
from cases import OfOneLength

from skscatter._backends.choice import NUMPY
from skscatter._scattering.filters import wavelet_parameters
from skscatter._scattering.layout import lay_out
from skscatter._scattering.paths import paths_of
from skscatter._scattering.settings import resolve, resolve_joint  # noqa: F401

ALONG_FREQUENCY = ("J_fr", "Q_fr", "F")

# Entries of the reference that have an average along frequency, and the largest relative errors of
# order 1 and 2. They come from the rates of the reference. Its axis of frequency is circular and
# short, so the definition takes its length from the entry.
ENTRIES = {
    "a_joint_512": 2e-4,
    "b_joint_up": 6e-6,
    "c_joint_down": 6e-6,
    "d_joint_1500": 3e-4,
    "h_joint_1000": 2e-4,
    "k_time": 1e-4,
    "m_time_up": 7e-6,
}


def parameters_in_time(entry):
    """Parameters of an entry that plain scattering has, too."""
    parameters = {k: v for k, v in entry["settings"].items() if k not in ALONG_FREQUENCY}
    if isinstance(parameters["Q"], list):
        parameters["Q"] = tuple(parameters["Q"])
    return parameters


def parameters_along_frequency(entry):
    return {k: v for k, v in entry["settings"].items() if k in ALONG_FREQUENCY}


def reference_rows(entry):
    """Rows of an entry by (n2, n_fr, spin), without rows of padding. Wavelets of either spin have
    the same n_fr."""
    n_wavelets = len(
        wavelet_parameters(entry["settings"]["J_fr"], entry["settings"].get("Q_fr", 1))
    )
    rows = {}
    for values, row in zip(entry["S"], entry["rows"], strict=True):
        if row["order"]:
            n_fr = row["n_fr"] - (n_wavelets if row["spin"] < 0 else 0)
            inside = values[: row["n1_rows"]] if entry["format"] == "joint" else [values]
            rows.setdefault((row["n2"], n_fr, row["spin"]), []).extend(inside)
    return {key: np.array(values) for key, values in rows.items()}


def errors_by_order(S, reference):
    """Relative error of S over the rows of a reference, of order 1 and 2."""

    def error(keys):
        difference = sum(np.sum((S[key] - reference[key]) ** 2) for key in keys)
        return np.sqrt(difference / sum(np.sum(reference[key] ** 2) for key in keys))

    ones = [key for key in reference if key[0] is None]
    return error(ones), error(reference.keys() - ones)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_definition_gives_the_reference(joint_reference, name):
    entry = joint_reference[name]
    x = entry["x"]
    settings = resolve(len(x), **parameters_in_time(entry))
    along = joint_oracle.AlongFrequency(
        **parameters_along_frequency(entry),
        padding_fr="zero",
        stride_fr=entry["stride_fr"],
        circle=entry["N_fr_padded"],
    )
    S = joint_oracle.scatter(x, settings, lay_out(settings, len(x)), along)
    assert max(errors_by_order(S, reference_rows(entry))) < ENTRIES[name]


def scattered(x, settings, dtype="float64", device=NUMPY):
    """Coefficients of one signal by (n2, n_fr, spin), as in the definition, and their table."""
    x = np.asarray(x, dtype)[np.newaxis]
    S = OfOneLength(settings, x.shape[-1], dtype, device)(x)[0]
    table = paths_of(settings)
    assert len(S) == len(table)
    rows = {}
    for values, path in zip(S, table, strict=True):
        key = tuple(None if path[field] == -1 else int(path[field]) for field in ("n2", "n_fr"))
        spin = None if key == (None, None) else int(path["spin"]) or int(key[0] is None)
        rows.setdefault((*key, spin), []).append(values)
    return {key: np.array(values) for key, values in rows.items()}
