"""Joint time-frequency scattering: its reference, its definition, what it sees."""

import joint_oracle
import numpy as np
import pytest
from cases import OfOneLength, noise

from skscatter._backends import numpy_arrays
from skscatter._backends.choice import NUMPY
from skscatter._backends.numpy_arrays import NumpyNamespace
from skscatter._scattering.filters import wavelet_parameters
from skscatter._scattering.layout import lay_out
from skscatter._scattering.paths import path_names, paths_of
from skscatter._scattering.settings import resolve, resolve_joint

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


def resolved(n_times, **parameters):
    return resolve(n_times, **{"Q": 8, "include_order0": False} | parameters)


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
    settings = resolved(len(x), **parameters_in_time(entry))
    along = joint_oracle.AlongFrequency(
        **parameters_along_frequency(entry),
        padding_fr="zero",
        stride_fr=entry["stride_fr"],
        circle=entry["N_fr_padded"],
    )
    S = joint_oracle.scatter(x, settings, lay_out(settings, len(x)), along)
    assert max(errors_by_order(S, reference_rows(entry))) < ENTRIES[name]


def by_path(S, table):
    """Rows of the coefficients of a signal by (n2, n_fr, spin), as in the definition."""
    assert len(S) == len(table)
    rows = {}
    for values, path in zip(S, table, strict=True):
        n2, n_fr = (None if path[field] == -1 else int(path[field]) for field in ("n2", "n_fr"))
        # Order 1 is real. The definition has it as rising.
        spin = int(path["spin"]) or (1 if n2 is None else 0)
        rows.setdefault((n2, n_fr, None if n_fr is None else spin), []).append(values)
    return {key: np.array(values) for key, values in rows.items()}


def scattered(x, settings, dtype="float64", device=NUMPY):
    """Coefficients of one signal by (n2, n_fr, spin)."""
    x = np.asarray(x, dtype)[np.newaxis]
    S = OfOneLength(settings, x.shape[-1], dtype, device)(x)[0]
    return by_path(S, paths_of(settings))


def by_definition(x, settings, **along):
    S = joint_oracle.scatter(
        x, settings, lay_out(settings, len(x)), joint_oracle.AlongFrequency(**along)
    )
    del S[None, 0, 0]  # a low-pass of the averages of order 1, which the library leaves out
    return S


# Lengths, parameters in time, parameters along frequency.
CASES = [
    (600, {"J": 4, "Q": 8}, {"J_fr": 3, "F": 4}),
    (500, {"J": 3, "Q": 8}, {"J_fr": 4, "F": 2, "Q_fr": 2}),
    (500, {"J": 5, "Q": (4, 2), "padding": "zero"}, {"J_fr": 2, "F": 16}),
    (300, {"J": 3, "Q": 1}, {"J_fr": 0, "F": 1}),
]
PADDINGS_FR = pytest.mark.parametrize("padding_fr", ["reflect", "zero"])


@PADDINGS_FR
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[2]['J_fr']}")
def test_equals_the_definition_where_nothing_is_subsampled(case, padding_fr):
    n_times, in_time, along = case
    along = along | {"stride_fr": 1, "padding_fr": padding_fr}
    settings = resolved(n_times, stride=1, joint=resolve_joint(**along), **in_time)
    x = noise(n_times, 1)[0]
    S, expected = scattered(x, settings), by_definition(x, settings, **along)
    assert S.keys() == expected.keys()
    for key, rows in expected.items():
        np.testing.assert_allclose(S[key], rows, rtol=0, atol=1e-13)


# Rates are those of plain scattering in time, and similar along frequency.
@PADDINGS_FR
@pytest.mark.parametrize(
    "along", [{"J_fr": 3, "F": 8}, {"J_fr": 2, "F": 4}, {"J_fr": 2, "F": "global", "Q_fr": 2}]
)
def test_equals_the_definition_up_to_aliasing(along, padding_fr):
    along = along | {"padding_fr": padding_fr}
    x = noise(700, 1)[0]
    settings = resolved(700, J=5, Q=4, joint=resolve_joint(**along))
    expected = by_definition(x, settings, **along)
    for dtype in "float32", "float64":
        S = scattered(x, settings, dtype)
        assert S.keys() == expected.keys()
        assert max(errors_by_order(S, expected)) < 1e-3
    critical = resolved(700, J=5, Q=4, joint=resolve_joint(**along), subsampling="critical")
    assert max(errors_by_order(scattered(x, critical), expected)) < 5e-3


@pytest.mark.parametrize("name", [*ENTRIES, "f_joint_8192"])
def test_rows_are_those_of_the_reference(joint_reference, name):
    entry = joint_reference[name]
    along = {"F": None} | parameters_along_frequency(entry) | {"padding_fr": "zero"}
    settings = resolved(len(entry["x"]), joint=resolve_joint(**along), **parameters_in_time(entry))
    reference = reference_rows(entry)
    del reference[None, 0, 0]
    S = scattered(entry["x"], settings)
    # Its order, but paths without a wavelet along frequency come before all others.
    in_order = sorted(reference, key=lambda key: (key[0] is not None, key[1] > 0))
    assert [key for key in S if key[1] is not None] == in_order
    errors = errors_by_order(S, reference)
    if name == "h_joint_1000":
        # Its axis is so short that the widest filters wrap around it. Others are the same.
        assert min(errors) > 0.05
        short = [key for key in reference if 1 <= key[1] <= 4]
        for key in short:
            np.testing.assert_allclose(S[key], reference[key], rtol=0.01, atol=1e-4)
    else:
        assert max(errors) < 2e-4


def test_parts_are_rows_of_the_whole():
    whole = resolved(1000, J=6, joint=resolve_joint())
    x = noise(1000)
    table, S = paths_of(whole), OfOneLength(whole, 1000)(x)
    parts = {
        "first": (table["order"] == 1) & (table["n_fr"] == -1),
        "frequency": (table["order"] == 1) & (table["n_fr"] > 0),
        "time": (table["order"] == 2) & (table["spin"] == 0),
        "joint": table["spin"] != 0,
    }
    assert sum(rows.sum() for rows in parts.values()) == len(table)
    for part, rows in parts.items():
        settings = resolved(
            1000,
            J=6,
            joint=resolve_joint(parts=part),
            max_order=2 if part in ("time", "joint") else 1,
        )
        np.testing.assert_array_equal(paths_of(settings).tolist(), table[rows].tolist())
        np.testing.assert_allclose(OfOneLength(settings, 1000)(x), S[:, rows], atol=1e-12)
    some = resolved(1000, J=6, joint=resolve_joint(parts=("joint", "frequency")))
    kept = parts["joint"] | parts["frequency"]
    np.testing.assert_allclose(OfOneLength(some, 1000)(x), S[:, kept], atol=1e-12)


def test_order_1_is_that_of_plain_scattering():
    joint = resolved(1000, J=6, include_order0=True, joint=resolve_joint())
    plain = resolved(1000, J=6, include_order0=True)
    x = noise(1000)
    n_rows = np.count_nonzero(paths_of(plain)["order"] < 2)
    np.testing.assert_array_equal(
        OfOneLength(joint, 1000)(x)[:, :n_rows], OfOneLength(plain, 1000)(x)[:, :n_rows]
    )


@PADDINGS_FR
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("F", [4, "global"])
def test_bits_do_not_depend_on_neighbours(padding_fr, dtype, F):
    settings = resolved(1500, J=6, Q=4, joint=resolve_joint(J_fr=2, F=F, padding_fr=padding_fr))
    scatter = OfOneLength(settings, 1500, dtype)
    x = noise(1500, scatter.engine.chunk + 3, dtype)
    together = scatter(x)
    for rows in (slice(0, 1), slice(2, 5), slice(3, None)):
        np.testing.assert_array_equal(scatter(x[rows]), together[rows])


def test_small_pieces_give_the_same_numbers(monkeypatch):
    settings = resolved(1500, J=6, joint=resolve_joint())
    x = noise(1500)
    expected = OfOneLength(settings, 1500)(x)
    monkeypatch.setattr(NumpyNamespace, "batch_bytes", 1000)
    scatter = OfOneLength(settings, 1500)
    assert scatter.engine.chunk == 1
    np.testing.assert_allclose(scatter(x), expected, rtol=0, atol=1e-13)


def test_a_long_average_over_many_frames_is_taken_of_spectra():
    along = {"J_fr": 2, "F": 2, "stride_fr": 1}
    settings = resolved(500, J=3, Q=4, T=300, stride=1, joint=resolve_joint(**along))
    x = noise(500, 1)[0]
    batches = OfOneLength(settings, 500).engine.cascade.plan.stages[0].batches
    assert any(each.joint and each.n_bins for each in batches)
    S, expected = scattered(x, settings), by_definition(x, settings, **along)
    assert max(errors_by_order(S, expected)) < 1e-12


def test_long_signals_are_computed_in_one_stage(monkeypatch):
    monkeypatch.setattr(NumpyNamespace, "chunk_bytes", 2**15)
    settings = resolved(4096, J=8, joint=resolve_joint())
    x = noise(4096, 1)
    scatter = OfOneLength(settings, 4096)
    assert len(scatter.engine.cascade.plan.stages) == 1
    monkeypatch.undo()
    np.testing.assert_allclose(scatter(x), OfOneLength(settings, 4096)(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("F", [4, "global"])
def test_filters_of_a_long_signal_make_their_rows_one_by_one(F, monkeypatch):
    settings = resolved(4096, J=8, joint=resolve_joint(F=F))
    x = noise(4096, 2)
    expected = OfOneLength(settings, 4096)(x)
    monkeypatch.setattr(numpy_arrays, "LONG", 2**10)
    scatter = OfOneLength(settings, 4096)
    steps = {each.n: len(each.joint) for each in scatter.engine.cascade.plan.stages[0].batches}
    assert max(steps.values()) == 6  # a low-pass and five wavelets
    assert min(n for n in steps if steps[n] == 6) == 2**10
    np.testing.assert_allclose(scatter(x), expected, rtol=0, atol=1e-13)


def test_names_tell_carrier_rate_scale_and_direction():
    joint = resolve_joint(J_fr=2, F=4)
    paths = paths_of(resolved(8192, J=8, joint=joint, include_order0=True))
    names = path_names(paths, 8000)
    assert len(set(names)) == len(names)
    assert names[:2] == ["S0", "S1_3483Hz"]
    kinds = {
        "frequency": (1, -1, 1, 0),
        "time": (2, 3, 0, 0),
        "up": (2, 3, 1, 1),
        "down": (2, 3, 3, -1),
    }
    found = {
        kind: names[
            np.flatnonzero([tuple(path[["order", "n2", "n_fr", "spin"]]) == key for path in paths])[
                1
            ]
        ]
        for kind, key in kinds.items()
    }
    assert found == {
        "frequency": "S1_2463Hz_2.8cpo",
        "time": "S2_2463Hz_350Hz_0cpo",
        "up": "S2_2463Hz_350Hz_2.8cpo_up",
        "down": "S2_2463Hz_350Hz_0.7cpo_down",
    }
    assert path_names(paths)[-1].startswith("S2_n48_n8_")
    everywhere = path_names(paths_of(resolved(8192, J=8, joint=resolve_joint(F="global"))), 8000)
    assert everywhere[-1] == "S2_all_10.94Hz_0.175cpo_down"
    assert len(set(everywhere)) == len(everywhere)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"J_fr": 11}, ValueError, "J_fr=11 must be an integer of at least 0 and at most 10"),
        ({"J_fr": 1.5}, TypeError, "J_fr=1.5 must be an integer"),
        ({"Q_fr": 0}, ValueError, "Q_fr=0 must be an integer of at least 1"),
        ({"F": "all"}, ValueError, "F='all' must be a number of wavelets, 'global' for"),
        ({"F": 0.5}, ValueError, "F=0.5 must be a finite number of at least 1"),
        ({"stride_fr": 0}, ValueError, "stride_fr=0 must be an integer of at least 1"),
        ({"padding_fr": "wrap"}, ValueError, "padding_fr='wrap' is not available"),
        ({"parts": ()}, TypeError, r"parts=\(\) must be one of"),
        ({"parts": None}, TypeError, "parts=None must be one of"),
        ({"parts": ("time", "rate")}, ValueError, "parts='rate' is not available"),
    ],
)
def test_bad_parameters_are_named(parameters, error, message):
    with pytest.raises(error, match=message):
        resolve_joint(**parameters)


def test_defaults_follow_from_the_scales():
    assert resolve_joint(J_fr=3, F=None).F == 8
    assert resolve_joint(F=6).stride_fr == 4
    assert resolve_joint(F="global").is_global
    assert resolve_joint(parts=["joint", "first"]).parts == ("first", "joint")
