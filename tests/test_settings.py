import math
import warnings
from dataclasses import asdict

import numpy as np
import pytest
from kymatio.scattering1d.filter_bank import compute_temporal_support, gauss_1d
from kymatio.scattering1d.frontend.numpy_frontend import ScatteringNumPy1D

from skscatter._scattering.layout import lay_out, low_pass_reach
from skscatter._scattering.settings import default_J, resolve


@pytest.mark.parametrize("T", [1, 1.5, 2, 3.7, 16, 100, 1000, 2048.5])
@pytest.mark.parametrize("n_times", [1, 2, 3, 17, 100, 777, 5000, 32768])
def test_reach_of_the_low_pass_is_kymatios(n_times, T):
    if n_times < T:
        return
    phi_hat = gauss_1d(n_times, 0.1 / T)
    with warnings.catch_warnings(record=True) as border_effects:
        warnings.simplefilter("always")
        expected = compute_temporal_support(phi_hat[np.newaxis], criterion_amplitude=1e-3)
    assert low_pass_reach(n_times, T) == (expected, not border_effects)


@pytest.mark.parametrize(
    ("n_times", "J"),
    [(1, 0), (2, 1), (3, 1), (8, 2), (16, 2), (32, 3), (100, 4), (512, 7), (8192, 11), (2**20, 16)],
)
def test_default_scale_follows_the_length(n_times, J):
    assert default_J(n_times) == J
    assert resolve(n_times).J == J


@pytest.mark.parametrize("n_times", [*range(2, 40), 100, 127, 128, 1000, 4097, 8192, 18262])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.7])
def test_layout_is_that_of_kymatio(n_times, share):
    T = max(1.0, share * n_times)
    settings = resolve(n_times, J=0, Q=1, T=T)
    layout = lay_out(settings, n_times)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        front_end = ScatteringNumPy1D(0, n_times, Q=1, T=T)
    assert layout.grid.n_padded == front_end._N_padded
    assert (layout.pad_left, layout.pad_right) == (front_end.pad_left, front_end.pad_right)
    k = front_end.log2_T
    first_frame = layout.grid.first_frame - layout.start
    assert first_frame == front_end.ind_start[k] * 2**k - front_end.pad_left
    assert layout.n_frames == front_end.ind_end[k] - front_end.ind_start[k]


@pytest.mark.parametrize("n_times", [1, 2, 3, 5, 17, 100, 1000])
def test_every_length_has_a_frame_within_the_signal(n_times):
    for log2_stride in range(n_times.bit_length()):
        layout = lay_out(resolve(n_times, stride=2**log2_stride), n_times)
        grid = layout.grid
        frames = grid.first_frame + grid.stride * np.arange(layout.n_frames)
        assert 1 <= layout.n_frames <= grid.n_frames
        assert (frames >= layout.start).all()
        assert (frames < layout.start + n_times).all()
        assert grid.first_frame + grid.n_frames * grid.stride <= grid.n_padded


def test_default_stride_is_the_octave_of_T():
    assert resolve(4096, T=300).stride == 256
    assert resolve(4096, T=3.7).stride == 2
    assert resolve(4096, J=7).stride == 128


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"J": 9}, ValueError, ["J=9", "512 samples", "have 500", "0 to 8"]),
        ({"J": -1}, ValueError, ["J=-1", "at least 0"]),
        ({"J": 3.0}, TypeError, ["J=3.0", "integer"]),
        ({"J": True}, TypeError, ["J=True", "integer"]),
        ({"J": "3"}, TypeError, ["J='3'", "integer"]),
        ({"Q": 0}, ValueError, ["Q=0", "at least 1"]),
        ({"Q": (0, 8)}, ValueError, ["Q[0]=0", "at least 1"]),
        ({"Q": (8, 0)}, ValueError, ["Q[1]=0", "at least 1"]),
        ({"Q": (8, 1, 1)}, TypeError, ["Q=(8, 1, 1)", "pair"]),
        ({"Q": 2.5}, TypeError, ["Q=2.5", "pair"]),
        ({"T": 501}, ValueError, ["T=501", "these have 500", "1 and 500"]),
        ({"T": 0.5}, ValueError, ["T=0.5", "at least 1"]),
        ({"T": math.nan}, ValueError, ["T=nan", "finite"]),
        ({"T": "long"}, TypeError, ["T='long'", "finite number"]),
        ({"stride": 3}, ValueError, ["stride=3", "power of two", "256"]),
        ({"stride": 512}, ValueError, ["stride=512", "256"]),
        ({"stride": 0}, ValueError, ["stride=0", "at least 1"]),
        ({"max_order": 3}, ValueError, ["max_order=3", "1 or 2"]),
        ({"max_order": True}, ValueError, ["max_order=True", "1 or 2"]),
        ({"include_order0": "no"}, TypeError, ["include_order0='no'", "True or False"]),
        ({"filter_gain": "l1"}, ValueError, ["filter_gain='l1'", "'unit'", "'kymatio-0.3'"]),
        ({"padding": None}, ValueError, ["padding=None", "'reflect'", "'zero'", "'periodic'"]),
        ({"subsampling": "exact"}, ValueError, ["subsampling='exact'", "'standard'", "'critical'"]),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_parameters_are_named_with_what_is_accepted(parameters, error, words):
    with pytest.raises(error) as caught:
        resolve(500, **parameters)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ({}, {"J": 6, "T": 32, "Q": (2, 2), "max_order": 2, "include_order0": True}),
        ({"J": 5}, {"J": 5, "T": 32, "filter_gain": "unit"}),
        ({"J": 8, "T": 500, "stride": 256}, {}),  # the largest
        ({"J": 0, "T": 1, "stride": 1, "max_order": 1, "Q": (1, 1)}, {}),  # the smallest
        ({"Q": 500}, {"Q": (500, 1)}),
        ({"Q": [3, 500]}, {"Q": (3, 500)}),
        ({"include_order0": False, "filter_gain": "kymatio-0.3", "max_order": 2}, {}),
        ({"padding": "zero", "subsampling": "critical"}, {}),
    ],
)
def test_what_is_asked_for_is_kept_up_to_the_bounds(asked, kept):
    settings = asdict(resolve(500, **asked))
    assert settings | asked | kept == settings


def test_bounds_are_those_of_the_shortest_signal():
    with pytest.raises(
        ValueError, match=r"T=65 needs .* X\[1\] has 64\. .* 1 and 64, or None for 8"
    ):
        resolve(np.array([500, 64, 100]), T=65)
    with pytest.raises(ValueError, match=r"Q=65 asks .* 1 to 64 for signals of 50 samples"):
        resolve(50, Q=65)
    with pytest.raises(ValueError, match=r"J=63 needs signals of at least 2\*\*J = \d{19} samples"):
        resolve(50, J=63)
    with pytest.raises(ValueError, match=r"J=64 needs signals of at least 2\*\*64 samples"):
        resolve(50, J=64)


@pytest.mark.parametrize(
    ("parameters", "octaves"),
    [
        ({"J": 8}, [0, 3, 8]),
        ({"J": 8, "subsampling": "critical"}, [1, 4, 8]),
        ({"J": 8, "T": 64}, [0, 3, 6]),
        ({"J": 8, "stride": 16}, [0, 3, 4]),
        ({"J": 8, "T": 64, "stride": 128}, [0, 3, 6]),
    ],
)
def test_bands_are_subsampled_by_their_octave_and_no_more_than_the_frames(parameters, octaves):
    settings = resolve(4096, **parameters)
    assert [settings.log2_rate(j) for j in (0, 3, 9)] == octaves


def test_numpy_integers_are_integers():
    settings = resolve(500, J=np.int64(4), Q=(np.int32(8), np.int8(1)), stride=np.int16(8))
    assert settings == resolve(500, J=4, Q=(8, 1), stride=8)
