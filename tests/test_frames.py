import tracemalloc

import numpy as np
import pytest

from skscatter import LogScattering1D, frame_signal

SECONDS = {"unit": "seconds", "sampling_rate": 100}


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
def test_frames_overlap_by_half_by_default(frame_length, hop_length):
    result = frame_signal(np.arange(40), frame_length)
    np.testing.assert_array_equal(
        result.start, frame_signal(np.arange(40), frame_length, hop_length).start
    )


@pytest.mark.parametrize(
    "frame_length", [20, 20.0, np.int16(20), np.float32(20), 0.1 * 3 / 3 * 200]
)
def test_lengths_may_be_whole_floats_such_as_a_duration_times_a_rate(frame_length):
    x = np.arange(100)
    expected = frame_signal(x, 20, 5)
    result = frame_signal(x, frame_length, frame_length / 4)
    np.testing.assert_array_equal(result.frames, expected.frames)
    np.testing.assert_array_equal(result.start, expected.start)


def test_rounding_errors_of_a_product_do_not_matter():
    assert 0.29 * 100 != 29
    assert frame_signal(np.zeros(100), 0.29 * 100).frames.shape == (6, 29)


@pytest.mark.parametrize("sampling_rate", [200, 200.0, np.float64(200)])
def test_lengths_may_be_durations(sampling_rate):
    x = np.arange(1000)
    options = {"sampling_rate": sampling_rate}
    for seconds, samples in ((2, 0.5), (400, 100)), ((2, None), (400, None)), ((2.001,), (400,)):
        result = frame_signal(x, *seconds, unit="seconds", **options)
        expected = frame_signal(x, *samples, **options)
        np.testing.assert_array_equal(result.frames, expected.frames)
        np.testing.assert_array_equal(result.start, expected.start)
    frames, start = frame_signal(x, 0.01, 0.0126, unit="seconds", **options)  # 2.52 samples
    np.testing.assert_array_equal(frames[:, 0] / 200, start)
    assert start[1] == 3 / 200


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
def test_the_dtype_is_kept(dtype):
    assert frame_signal(np.zeros(20, dtype), 10).frames.dtype == dtype
    assert frame_signal([1, 2, 3], 2).frames.tolist() == [[1, 2], [2, 3]]


@pytest.mark.parametrize("shape", [(40,), (2, 40)])
def test_frames_of_a_masked_record_say_which_have_gaps(shape):
    x = np.ma.array(np.random.default_rng(0).standard_normal(shape), mask=False)
    np.atleast_2d(x)[-1, 13:15] = np.ma.masked  # of the last channel
    result = frame_signal(x, 10, 5)
    np.testing.assert_array_equal(result.start[result.has_gaps], [5, 10])
    assert np.shares_memory(result.frames.data, x.data)
    assert not result.frames.flags.writeable
    for frame, i in zip(result.frames, result.start, strict=True):
        np.testing.assert_array_equal(np.ma.getmaskarray(frame), x.mask[..., i : i + 10])
    transformer = LogScattering1D(Q=1)
    with pytest.raises(ValueError, match=r"X\[1.* is masked"):
        transformer.fit(result.frames)
    complete = result.frames[~result.has_gaps]
    np.testing.assert_array_equal(
        transformer.fit_transform(complete), transformer.fit_transform(np.asarray(complete))
    )


def test_channels_may_be_masked_one_by_one():
    channels = [np.ma.array(np.zeros(40), mask=False), np.zeros(40)]
    channels[0][13] = np.ma.masked
    np.testing.assert_array_equal(
        frame_signal(channels, 10).has_gaps, frame_signal(channels[0], 10).has_gaps
    )


def test_records_that_are_not_masked_have_no_gaps():
    for x in np.zeros(40), np.ma.array(np.zeros(40)), [0.0] * 40:
        result = frame_signal(x, 10)
        np.testing.assert_array_equal(result.has_gaps, np.zeros(len(result.frames), bool))


def test_gaps_of_many_overlapping_frames_are_found_without_a_copy():
    x = np.ma.array(np.ones(2**18, np.int8), mask=False)
    x[-1] = np.ma.masked
    result = frame_signal(x, 2**14, 2**6)
    tracemalloc.start()
    try:
        assert result.has_gaps.sum() == 1
        with pytest.raises(ValueError, match=r"X\[3840, 16383\] is masked"):
            LogScattering1D().fit(result.frames)
        assert tracemalloc.get_traced_memory()[1] < result.frames.nbytes / 10
    finally:
        tracemalloc.stop()


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
        (
            (np.zeros(10), 11),
            {},
            ValueError,
            r"frame_length=11 samples is longer .*Accepted: 1 to 10",
        ),
        ((np.zeros(10), 0), {}, ValueError, "frame_length=0 must be an integer of at least 1"),
        ((np.zeros(10), 2.5), {}, TypeError, r"frame_length=2\.5 must be an integer"),
        ((np.zeros(10), 2, 0), {}, ValueError, "hop_length=0 must be an integer of at least 1"),
        ((np.zeros(10), 2, True), {}, TypeError, "hop_length=True must be an integer"),
        ((np.zeros(10), 2), {"sampling_rate": 0}, ValueError, "sampling_rate=0 .* above 0"),
        ((np.zeros(10), 2), {"sampling_rate": "8k"}, TypeError, "sampling_rate='8k'"),
        ((np.zeros((2, 2, 10)), 2), {}, ValueError, r"x of shape \(2, 2, 10\) must be a record"),
        ((1.0, 2), {}, ValueError, r"x of shape \(\) must be a record"),
        ((np.zeros((50, 2)), 10), {}, ValueError, r"x of shape \(50, 2\)\. .* x\.T puts it last"),
        (("a.wav", 10), {}, ValueError, r"x='a\.wav' is text, .*load_recordings"),
        ((np.zeros(10), np.inf), {}, TypeError, "frame_length=inf must be an integer"),
        ((np.zeros(10), 2, 0.0), {}, ValueError, "hop_length=0 must be an integer of at least 1"),
        ((np.zeros(10), 2), {"unit": "ms"}, ValueError, "unit='ms'.*'samples', 'seconds'"),
        ((np.zeros(10), 2), {"unit": "seconds"}, ValueError, "needs a sampling_rate"),
        ((np.zeros(10), 0), SECONDS, ValueError, "frame_length=0 must be a finite number above 0"),
        ((np.zeros(10), "1"), SECONDS, TypeError, "frame_length='1' must be a finite number"),
        ((np.zeros(10), 1, 0.001), SECONDS, ValueError, r"hop_length=0\.001 seconds are less than"),
        ((np.zeros(10), 1e308), SECONDS, ValueError, r"frame_length=\d+ samples is longer"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_what_cannot_be_cut_is_refused(arguments, parameters, error, message):
    with pytest.raises(error, match=message):
        frame_signal(*arguments, **parameters)


@pytest.mark.reliability("Bad input")
def test_sampling_rates_that_would_make_times_infinite_are_refused():
    for rate in (1e-320, 5e-324, 1e-300):
        with pytest.raises(ValueError, match=r"sampling_rate=.* at least 1e-280 Hz"):
            frame_signal(np.zeros(100), 10, sampling_rate=rate)
        with pytest.raises(ValueError, match=r"sampling_rate=.* at least 1e-280 Hz"):
            LogScattering1D(sampling_rate=rate).fit(np.zeros((2, 100)))
    with np.errstate(all="raise"):
        assert np.isfinite(frame_signal(np.zeros(100), 10, sampling_rate=1e-280).start).all()
        times = LogScattering1D(sampling_rate=1e-280).fit(np.zeros((2, 100))).frame_times()
    assert np.isfinite(times).all()


@pytest.mark.reliability("Bad input")
def test_tensors_and_names_of_files_get_the_errors_of_transformers():
    with pytest.raises(ValueError, match=r"x\[0\]='a\.wav' is text.*load_recordings"):
        frame_signal(["a.wav", "b.wav"], 1)
    torch = pytest.importorskip("torch")
    x = torch.arange(100.0)
    np.testing.assert_array_equal(
        frame_signal(x.bfloat16(), 20).frames, frame_signal(x.bfloat16().float(), 20).frames
    )
    with pytest.raises(ValueError, match=r"x is a tensor that requires gradients.*x\.detach\(\)"):
        frame_signal(x.requires_grad_(), 20)
