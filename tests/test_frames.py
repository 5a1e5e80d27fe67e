import numpy as np
import pytest

from skscatter import LogScattering1D, frame_signal


@pytest.mark.parametrize("hop_length", [1, 3, 10, 14])
@pytest.mark.parametrize("n_times", [10, 11, 23, 24, 100])
def test_each_frame_is_the_record_from_its_start(n_times, hop_length):
    x = np.random.default_rng(0).standard_normal(n_times)
    frames, start = frame_signal(x, 10, hop_length)
    assert start.dtype == np.int64
    assert len(frames) == len(start)
    for frame, i in zip(frames, start, strict=True):
        np.testing.assert_array_equal(frame, x[i : i + 10])
    np.testing.assert_array_equal(start, hop_length * np.arange(len(start)))
    assert 0 <= n_times - (start[-1] + 10) < hop_length  # what is left would not fill another


def test_channels_stay_together():
    x = np.random.default_rng(0).standard_normal((3, 50))
    frames, start = frame_signal(x, 20, 5)
    assert frames.shape == (7, 3, 20)
    for frame, i in zip(frames, start, strict=True):
        np.testing.assert_array_equal(frame, x[:, i : i + 20])


@pytest.mark.parametrize(("frame_length", "hop_length"), [(1, 1), (2, 1), (5, 2), (8, 4)])
def test_frames_overlap_by_half_unless_said_otherwise(frame_length, hop_length):
    result = frame_signal(np.arange(40), frame_length)
    np.testing.assert_array_equal(
        result.start, frame_signal(np.arange(40), frame_length, hop_length).start
    )


def test_start_times_are_in_seconds_where_the_sampling_rate_is_known():
    start = frame_signal(np.zeros(1000), 100, 50, sampling_rate=200).start
    assert start.dtype == np.float64
    np.testing.assert_array_equal(start, 0.25 * np.arange(19))


@pytest.mark.parametrize("shape", [(1000,), (2, 500)])
def test_frames_are_a_read_only_view(shape):
    x = np.zeros(shape)
    frames = frame_signal(x, 100, 1).frames
    assert np.shares_memory(frames, x)
    assert not frames.flags.writeable
    x[...] = 1
    assert frames.min() == 1


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_numbers_stay_of_their_kind(dtype):
    assert frame_signal(np.zeros(20, dtype), 10).frames.dtype == dtype
    assert frame_signal([1, 2, 3], 2).frames.tolist() == [[1, 2], [2, 3]]


def test_many_overlapping_frames_are_transformed_without_a_copy():
    # As an array these frames would have 0.8 TB.
    frames = frame_signal(np.ones(2**20, np.float32), 2**18, 1).frames
    assert frames.nbytes > 2**39
    transformer = LogScattering1D(J=4, Q=1, max_order=1).fit(frames[:1])
    features = transformer.transform(frames[::100_000])
    assert np.ptp(features, axis=0).max() < 1e-6


@pytest.mark.parametrize(
    ("arguments", "parameters", "error", "message"),
    [
        ((np.zeros(10), 11), {}, ValueError, r"frame_length=11 is longer .*Accepted: 1 to 10"),
        ((np.zeros(10), 0), {}, ValueError, "frame_length=0 must be an integer of at least 1"),
        ((np.zeros(10), 2.5), {}, TypeError, r"frame_length=2\.5 must be an integer"),
        ((np.zeros(10), 2, 0), {}, ValueError, "hop_length=0 must be an integer of at least 1"),
        ((np.zeros(10), 2, True), {}, TypeError, "hop_length=True must be an integer"),
        ((np.zeros(10), 2), {"sampling_rate": 0}, ValueError, "sampling_rate=0 .* above 0"),
        ((np.zeros(10), 2), {"sampling_rate": "8k"}, TypeError, "sampling_rate='8k'"),
        ((np.zeros((2, 2, 10)), 2), {}, ValueError, r"x of shape \(2, 2, 10\) must be a record"),
        ((1.0, 2), {}, ValueError, r"x of shape \(\) must be a record"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_what_cannot_be_cut_is_refused(arguments, parameters, error, message):
    with pytest.raises(error, match=message):
        frame_signal(*arguments, **parameters)
