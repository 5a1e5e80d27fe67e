"""Properties that hold for any signals and parameters, tested on random ones."""

import numpy as np
import pytest
from cases import relative_error
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from skscatter import LogScattering1D, Scattering1D

pytestmark = [
    pytest.mark.reliability("Random cases"),
    pytest.mark.filterwarnings("ignore:J=.* leaves no room:UserWarning"),
    # of kymatio, about filters that are longer than the signal
    pytest.mark.filterwarnings("ignore:Signal support is too small:UserWarning"),
]


@st.composite
def parameters(draw, longest=1500, shortest=2):
    """Draw a length, and valid parameters of `Scattering1D` for it."""
    n_times = draw(st.integers(shortest, longest))
    J = draw(st.integers(0, min(9, n_times.bit_length() - 1)))
    return n_times, {
        "J": J,
        "Q": draw(st.sampled_from([1, 3, 8, 12, (4, 2), (1, 1), (8, 3)])),
        "T": draw(st.none() | st.floats(1, n_times)),
        "max_order": draw(st.sampled_from([1, 2])),
        "include_order0": draw(st.booleans()),
        "filter_gain": draw(st.sampled_from(["unit", "kymatio-0.3"])),
    }


def signals(n_times, n_samples=3, seed=0):
    return np.random.default_rng([seed, n_times]).uniform(-1, 1, (n_samples, n_times))


@settings(max_examples=100)
@given(parameters(), st.sampled_from([(np.float64, 1e-11), (np.float32, 5e-6)]))
def test_coefficients_are_those_of_kymatio(case, precision):
    n_times, chosen = case
    dtype, tolerance = precision
    X = signals(n_times).astype(dtype)
    ours, theirs = (
        Scattering1D(**chosen, backend=backend).fit(X).scatter(X)
        for backend in ("numpy", "kymatio")
    )
    # On grids of a few samples all coefficients may be zero, to rounding.
    assert np.linalg.norm(ours - theirs) < tolerance * (np.linalg.norm(theirs) + 1e-9)


@settings(max_examples=60)
@given(
    parameters(longest=400),
    st.sampled_from(["reflect", "zero", "periodic"]),
    st.sampled_from(["mean", "max", "median", "std", ("mean", "std")]),
    st.sampled_from([None, "max", "rms"]),
    st.integers(1, 2),
    st.permutations(range(5)),
)
def test_a_signal_has_the_same_features_alone_and_in_any_order(
    case, padding, pooling, input_scaling, n_segments, order
):
    n_times, chosen = case
    X = signals(n_times, 5)
    model = LogScattering1D(
        **chosen,
        padding=padding,
        pooling=pooling,
        input_scaling=input_scaling,
        n_segments=n_segments,
    ).fit(X)
    together = model.transform(X)
    np.testing.assert_array_equal(model.transform(X[list(order)]), together[list(order)])
    np.testing.assert_array_equal(np.vstack([model.transform(x[np.newaxis]) for x in X]), together)


@settings(max_examples=60)
@given(
    st.lists(st.integers(40, 700), min_size=1, max_size=6),
    st.integers(1, 2),
    st.integers(1, 3),
    st.integers(0, 5),
)
def test_signals_in_lists_have_the_features_of_arrays(lengths, n_channels, n_segments, J):
    rng = np.random.default_rng(lengths)
    listed = [rng.uniform(-1, 1, (n_channels, n)) for n in lengths]
    model = LogScattering1D(J=J, Q=2, n_segments=n_segments).fit(listed)
    together = model.transform(listed)
    for x, features in zip(listed, together, strict=True):
        np.testing.assert_array_equal(model.transform([x])[0], features)
        array = LogScattering1D(J=J, Q=2, n_segments=n_segments).fit(x[np.newaxis])
        np.testing.assert_array_equal(array.transform(x[np.newaxis])[0], features)


@settings(max_examples=60)
@given(
    parameters(longest=300),
    st.sampled_from(["C", "F", "reversed", "every second", "broadcast", "read-only", "swapped"]),
)
def test_features_do_not_depend_on_the_layout_in_memory(case, layout):
    n_times, chosen = case
    X = signals(n_times, 4)
    given_as = {
        "C": lambda: X,
        "F": lambda: np.asfortranarray(X),
        "reversed": lambda: X[::-1, ::-1].copy()[::-1, ::-1],
        "every second": lambda: np.repeat(X, 2, axis=1)[:, ::2],
        "broadcast": lambda: np.broadcast_to(X[:1], X.shape),
        "read-only": lambda: np.frombuffer(X.tobytes()).reshape(X.shape),
        "swapped": lambda: X.astype(">f8"),
    }[layout]()
    expected = X[[0] * 4] if layout == "broadcast" else X
    model = Scattering1D(**chosen).fit(X)
    np.testing.assert_array_equal(model.transform(given_as), model.transform(expected))


@settings(max_examples=60)
@given(parameters(longest=600), st.floats(1e-150, 1e150))
def test_coefficients_are_proportional_to_the_amplitude(case, amplitude):
    n_times, chosen = case
    X = signals(n_times)
    model = Scattering1D(**chosen).fit(X)
    np.testing.assert_allclose(
        model.transform(amplitude * X) / amplitude, model.transform(X), rtol=1e-9, atol=1e-12
    )


@settings(max_examples=60)
@given(st.integers(5, 8), st.integers(1, 16), st.integers(0, 2**16))
def test_a_shift_changes_coefficients_by_at_most_its_share_of_the_average(J, shift, seed):
    """||S(x shifted) - S(x)|| / ||S(x)|| < 2 shift / T, for a periodic signal."""
    n_times, T = 2048, 2**J
    assume(2 * shift < T)
    X = np.random.default_rng(seed).standard_normal((1, n_times))
    model = Scattering1D(J=J, Q=4, padding="periodic").fit(X)
    S, shifted = model.scatter(X), model.scatter(np.roll(X, shift, axis=1))
    assert relative_error(shifted, S) < 2 * shift / T


EXTREMES = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=150)
@given(
    st.lists(st.lists(EXTREMES, min_size=9, max_size=9), min_size=1, max_size=3),
    st.sampled_from([Scattering1D, LogScattering1D]),
    st.sampled_from([None, "max", "rms"]),
    st.sampled_from(["reflect", "zero", "periodic"]),
    st.sampled_from(["mean", "max", "median", "std"]),
)
def test_every_finite_signal_has_finite_features(X, Transformer, input_scaling, padding, pooling):
    model = Transformer(J=2, Q=1, input_scaling=input_scaling, padding=padding, pooling=pooling)
    assert np.isfinite(model.fit_transform(np.array(X))).all()


@settings(max_examples=80)
@given(parameters(), st.sampled_from(["mean", "max", "median", "std"]), st.integers(1, 4))
def test_feature_names_are_unique(case, pooling, n_segments):
    n_times, chosen = case
    assume(n_segments <= n_times)
    model = Scattering1D(**chosen, pooling=pooling, n_segments=n_segments).fit(signals(n_times))
    names = model.get_feature_names_out()
    assert len(set(names)) == len(names) == model.transform(signals(n_times)).shape[1]
    assert model.features_["name"].tolist() == names.tolist()
