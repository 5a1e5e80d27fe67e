import numpy as np
import pytest

from skscatter._backends.numpy_arrays import NumpyNamespace
from skscatter._scattering.pooling import check_pooling, segment_shares
from skscatter._scattering.pooling import pool as pool_on


def pool(S, statistics, n_segments):
    return pool_on(NumpyNamespace(S.dtype), S, statistics, n_segments)


@pytest.mark.parametrize("n_frames", [1, 5, 12])
@pytest.mark.parametrize("n_segments", [1, 2, 3, 7])
def test_segments_divide_all_frames_equally(n_frames, n_segments):
    shares = segment_shares(n_frames, n_segments)
    assert shares.shape == (n_segments, n_frames)
    np.testing.assert_array_equal(shares.sum(axis=1), n_frames)
    np.testing.assert_array_equal(shares.sum(axis=0), n_segments)


def test_a_frame_on_a_boundary_belongs_to_both_segments():
    np.testing.assert_array_equal(segment_shares(3, 2), [[2, 1, 0], [0, 1, 2]])


@pytest.mark.parametrize("n_frames", [1, 2, 9, 10])
def test_one_segment_has_unweighted_statistics(n_frames):
    S = np.random.default_rng(0).standard_normal((3, 4, n_frames))
    pooled = pool(S, ("mean", "max", "median", "std"), 1)
    assert pooled.shape == (3, 4, 1, 4)
    for i, statistic in enumerate((np.mean, np.max, np.median, np.std)):
        np.testing.assert_allclose(pooled[:, :, 0, i], statistic(S, axis=-1), atol=1e-15)


def test_segments_of_whole_frames_have_unweighted_statistics():
    S = np.random.default_rng(0).standard_normal((2, 12))
    pooled = pool(S, ("median", "max", "std"), 3)
    parts = S.reshape(2, 3, 4)
    np.testing.assert_allclose(pooled[..., 0], np.median(parts, axis=-1))
    np.testing.assert_allclose(pooled[..., 1], parts.max(axis=-1))
    np.testing.assert_allclose(pooled[..., 2], parts.std(axis=-1))


def test_weighted_statistics_equal_those_of_repeated_frames():
    # Five frames in two segments: half of the middle frame belongs to each.
    S = np.array([3.0, 1.0, 10.0, 4.0, 2.0])
    pooled = pool(S, ("mean", "median", "std"), 2)
    for segment, repeated in enumerate(([3, 3, 1, 1, 10], [10, 4, 4, 2, 2])):
        expected = [np.mean(repeated), np.median(repeated), np.std(repeated)]
        np.testing.assert_allclose(pooled[segment], expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pooling_keeps_the_dtype(dtype):
    assert pool(np.ones((2, 5), dtype), ("mean", "median"), 2).dtype == dtype


@pytest.mark.parametrize(
    ("pooling", "error", "word"),
    [
        ("sum", ValueError, "pooling='sum'"),
        (("mean", "sum"), ValueError, "pooling='sum'"),
        (("mean", "mean"), ValueError, "twice"),
        ((), TypeError, "pooling=()"),
        (3, TypeError, "pooling=3"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_errors_name_invalid_pooling_and_accepted_values(pooling, error, word):
    with pytest.raises(error) as caught:
        check_pooling(pooling)
    assert word in str(caught.value)
    if "twice" not in word:
        assert "median" in str(caught.value)


def test_pooling_accepts_one_statistic_several_or_none():
    assert check_pooling(None) == ()
    assert check_pooling("max") == ("max",)
    assert check_pooling(("mean", "std")) == check_pooling(["mean", "std"]) == ("mean", "std")
