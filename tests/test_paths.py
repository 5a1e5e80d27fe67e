import re
import warnings

import numpy as np
import pytest
from kymatio.scattering1d.frontend.numpy_frontend import ScatteringNumPy1D
from kymatio.scattering1d.utils import compute_meta_scattering

from skscatter._scattering.paths import path_names, released_gain, scattering_paths
from skscatter._scattering.settings import resolve


@pytest.mark.parametrize("J", [0, 3, 8])
@pytest.mark.parametrize("Q", [(1, 1), (8, 1), (12, 2)])
@pytest.mark.parametrize("max_order", [1, 2])
def test_the_table_agrees_with_kymatio(J, Q, max_order):
    paths = scattering_paths(J, Q, max_order, True)
    meta = compute_meta_scattering(J, Q, 2**J, max_order, np.sqrt(0.5), 0.1, 5.0)
    np.testing.assert_array_equal(paths["order"], meta["order"])
    for field in "n", "j":
        for i in range(max_order):
            expected = np.nan_to_num(meta[field][:, i], nan=-1)
            np.testing.assert_array_equal(paths[f"{field}{i + 1}"], expected)
    for field in "xi", "sigma":
        for i in range(max_order):
            np.testing.assert_array_equal(paths[f"{field}{i + 1}"], meta[field][:, i])
    without = scattering_paths(J, Q, max_order, False)
    np.testing.assert_array_equal(without["order"], paths["order"][1:])


def test_the_table_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        scattering_paths(3, (8, 1), 2, False)["order"] = 0


@pytest.mark.parametrize("Q", [1, 8, 32])
@pytest.mark.parametrize("sampling_rate", [None, 1.0, 8000, 44100.0, 2e9])
def test_names_are_unique_and_have_no_special_characters(Q, sampling_rate):
    names = path_names(scattering_paths(10, (Q, 2), 2, True), sampling_rate)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.]+", name) for name in names)


def test_names_give_frequencies_in_hertz():
    paths = scattering_paths(8, (8, 1), 2, True)
    names = path_names(paths, 8000)
    assert names[0] == "S0"
    first = names[1]
    assert first == "S1_3483Hz"
    assert paths["xi1"][1] * 8000 == pytest.approx(3483, rel=1e-3)
    assert path_names(paths, 1e5)[1] == "S1_43540Hz"
    assert path_names(paths)[1] == "S1_n0"
    n1, n2 = paths["n1"][-1], paths["n2"][-1]
    assert path_names(paths)[-1] == f"S2_n{n1}_n{n2}"


@pytest.mark.parametrize("stride", [None, 1, 8, 64])
def test_released_gain_is_that_of_kymatios_front_end(stride):
    # White noise shows the gain of each path. Between the released transform with and without
    # subsampling, coefficients differ only by these factors, apart from aliasing.
    settings = resolve(1000, J=6, Q=4, stride=stride, include_order0=True)
    gain = released_gain(settings)
    assert gain[0] == 1
    x = np.random.default_rng(0).standard_normal((1, 1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        released, finest = (
            ScatteringNumPy1D(6, 1000, Q=4, oversampling=oversampling)(x)[0].mean(axis=-1)
            for oversampling in (6 - settings.log2_stride, 6)
        )
    # At the finest rate nothing is subsampled, so no filter is periodised.
    np.testing.assert_allclose(released / finest, gain, rtol=0.05)
