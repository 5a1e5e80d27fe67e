"""Displays show what their axes say."""

import pickle
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from cases import relative_error
from kymatio.scattering1d.filter_bank import gauss_1d, morlet_1d
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import (
    FilterBankDisplay,
    LogScattering1D,
    LogTimeFrequencyScattering,
    PathImportanceDisplay,
    ScalogramDisplay,
    Scattering1D,
    ScatteringDisplay,
    SelectPaths,
    TimeFrequencyDisplay,
    TimeFrequencyScattering,
)
from skscatter._displays.axes import frequency_axis, linear_axis
from skscatter._displays.colours import log_colours

matplotlib = pytest.importorskip("matplotlib", reason="needs matplotlib")
SAMPLING_RATE = 1000.0
N_TIMES = 2048
SECONDS = np.arange(N_TIMES) / SAMPLING_RATE


@pytest.fixture(autouse=True)
def plt():
    matplotlib.use("agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def tone(frequency, rate=0.0, depth=0.0):
    swell = 1 + depth * np.sin(2 * np.pi * rate * SECONDS)
    return swell * np.sin(2 * np.pi * frequency * SECONDS)


def fitted(Transformer=LogScattering1D, **parameters):
    parameters = {"J": 7, "sampling_rate": SAMPLING_RATE} | parameters
    return Transformer(**parameters).fit(np.zeros((1, N_TIMES)))


def modulated_noise(n_signals=40):
    """Noises that swell 4 or 32 times a second: only the second order tells them apart."""
    rng = np.random.default_rng(0)
    y = np.arange(n_signals) % 2
    phase = rng.uniform(0, 2 * np.pi, (n_signals, 1))
    swell = 1 + np.sin(2 * np.pi * np.where(y, 4, 32)[:, np.newaxis] * SECONDS + phase)
    return swell * rng.standard_normal((n_signals, N_TIMES)), y


@pytest.fixture(scope="module")
def model():
    scattering = LogScattering1D(J=7, Q=2, n_segments=2, sampling_rate=SAMPLING_RATE)
    return make_pipeline(scattering, StandardScaler(), LogisticRegression()).fit(*modulated_noise())


DISPLAYS = [
    (FilterBankDisplay, (), 2),
    (ScalogramDisplay, (tone(100),), 2),
    (ScatteringDisplay, (tone(100),), 2),
    (PathImportanceDisplay, (), 2),
]
EVERY = pytest.mark.parametrize(
    ("Display", "arguments", "n_panels"), DISPLAYS, ids=lambda x: getattr(x, "__name__", "")
)


def brightest(ax):
    """Return the edges of the brightest cell along both axes."""
    mesh = ax.collections[0]
    values = np.ma.filled(mesh.get_array(), -np.inf)
    row, column = np.unravel_index(values.argmax(), values.shape)
    corners = mesh.get_coordinates()
    x = np.sort(corners[row, column : column + 2, 0])
    y = np.sort(corners[row : row + 2, column, 1])
    return x, y


# ---------------------------------------------------------------- all displays


@EVERY
def test_draws_into_a_new_figure(Display, arguments, n_panels, model):
    display = Display.from_estimator(model, *arguments)
    assert isinstance(display, Display)
    assert len(display.ax_) == n_panels
    assert all(ax.figure is display.figure_ for ax in display.ax_)
    display.figure_.draw_without_rendering()
    first, *others = display.ax_
    assert first.get_title()
    assert first.get_ylabel()
    for ax in others:
        assert ax.get_title()
        assert ax.get_ylabel() or first.get_shared_y_axes().joined(first, ax)
    assert display.ax_[-1].get_xlabel()


@EVERY
def test_draws_into_given_axes(Display, arguments, n_panels, model, plt):
    figure, axes = plt.subplots(1, n_panels)
    display = Display.from_estimator(model, *arguments, ax=axes)
    assert list(display.ax_) == list(axes)
    assert display.figure_ is figure
    assert display.plot(ax=list(axes)) is display


@EVERY
def test_draws_in_place_of_one_axes(Display, arguments, n_panels, model, plt):
    figure, (first, second) = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
    display = Display.from_estimator(model, *arguments, ax=second)
    figure.draw_without_rendering()
    assert display.figure_ is figure
    assert not second.axison
    for ax in display.ax_:
        assert ax.get_position().x0 > first.get_position().x1


@EVERY
def test_refuses_other_axes(Display, arguments, n_panels, model, plt):
    _, axes = plt.subplots(1, n_panels + 1)
    with pytest.raises(ValueError, match=f"ax=.* are {n_panels + 1} Axes.*has {n_panels} panels"):
        Display.from_estimator(model, *arguments, ax=axes)
    with pytest.raises(TypeError, match="ax='here' must be None, Axes"):
        Display.from_estimator(model, *arguments, ax="here")
    free = plt.figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match="or one subplot"):
        Display.from_estimator(model, *arguments, ax=free)


@EVERY
def test_finds_the_transformer_in_pipelines_and_searches(Display, arguments, n_panels, model):
    grid = {"logisticregression__C": [0.1, 1]}
    search = GridSearchCV(model, grid, cv=2).fit(*modulated_noise(12))
    assert len(Display.from_estimator(search, *arguments).ax_) == n_panels


@EVERY
def test_needs_a_fitted_estimator(Display, arguments, n_panels):
    unfitted = make_pipeline(LogScattering1D(), LogisticRegression())
    with pytest.raises(NotFittedError):
        Display.from_estimator(unfitted, *arguments)
    with pytest.raises(NotFittedError):
        Display.from_estimator(GridSearchCV(unfitted, {}), *arguments)
    with pytest.raises(TypeError, match="0 scattering transformers, but must have one"):
        Display.from_estimator(make_pipeline(StandardScaler()), *arguments)


@EVERY
def test_matplotlib_is_needed_to_draw_only(Display, arguments, n_panels, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "skscatter\[plot\]"'):
        Display.from_estimator(model, *arguments)


@EVERY
def test_parameters_set_after_fit_change_no_display(Display, arguments, n_panels):
    parameters = {"J": 7, "Q": 2, "n_segments": 2, "sampling_rate": SAMPLING_RATE}
    pipe = make_pipeline(LogScattering1D(**parameters), LogisticRegression(max_iter=2000))
    pipe.fit(*modulated_noise(8))
    before = Display.from_estimator(pipe, *arguments)
    pipe[0].set_params(
        J=3,
        Q=8,
        T=4,
        max_order=1,
        include_order0=True,
        filter_gain="kymatio-0.3",
        padding="zero",
        subsampling="critical",
        input_scaling="max",
        pooling=None,
        n_segments=3,
        log_eps=1.0,
        trim=25,
        sampling_rate=1.0,
    )
    after = Display.from_estimator(pipe, *arguments)
    for name, value in vars(before).items():
        if name == "path_map":
            np.testing.assert_equal(vars(after.path_map), vars(value))
        elif not name.endswith("_"):
            np.testing.assert_equal(getattr(after, name), value)
    for ax, same in zip(after.ax_, before.ax_, strict=True):
        assert (ax.get_xlabel(), ax.get_ylabel()) == (same.get_xlabel(), same.get_ylabel())


def shaded(ax):
    """Return the ends of the shaded spans of the time axis."""
    to_data = ax.transData.inverted()
    spans = [patch.get_extents().transformed(to_data) for patch in ax.patches]
    return sorted((span.x0, span.x1) for span in spans)


def panels_over_time(display):
    return display.ax_[:1] if isinstance(display, ScatteringDisplay) else display.ax_


@pytest.mark.parametrize("Display", [ScalogramDisplay, ScatteringDisplay])
@pytest.mark.parametrize("sampling_rate", [SAMPLING_RATE, None])
def test_what_trim_leaves_out_is_shaded(Display, sampling_rate):
    loud = np.abs(SECONDS - 1.2) < 0.3
    x = np.where(loud, tone(100), 1e-3 * tone(30))
    scattering = fitted(J=5, trim=25, sampling_rate=sampling_rate)
    display = Display.from_estimator(scattering, x)
    ((start, end),) = scattering.active_parts([x])
    assert display.active_part == (start, end)
    for ax in panels_over_time(display):
        left, right = ax.get_xlim()
        np.testing.assert_allclose(shaded(ax), [(left, start), (end, right)], atol=1e-9)
        assert ax.get_xlim() == (left, right)


@pytest.mark.parametrize("Display", [ScalogramDisplay, ScatteringDisplay])
def test_only_the_side_that_is_left_out_is_shaded(Display):
    x = np.where(SECONDS < 0.5, tone(100), 0)
    display = Display.from_estimator(fitted(J=5, trim=25), x)
    for ax in panels_over_time(display):
        ((start, end),) = shaded(ax)
        assert 0.5 <= start < 0.6
        assert end == pytest.approx(ax.get_xlim()[1])


@pytest.mark.parametrize("Display", [ScalogramDisplay, ScatteringDisplay])
@pytest.mark.parametrize("parameters", [{}, {"trim": 25, "pooling": None}])
def test_nothing_is_shaded_where_features_are_of_whole_signals(Display, parameters):
    display = Display.from_estimator(fitted(**parameters), np.where(SECONDS < 0.5, tone(100), 0))
    assert display.active_part is None
    assert not any(len(ax.patches) for ax in panels_over_time(display))


@pytest.mark.parametrize("Display", [ScalogramDisplay, ScatteringDisplay])
def test_a_signal_that_is_active_to_both_ends_has_no_shade(Display):
    display = Display.from_estimator(fitted(trim=25), tone(100))
    assert display.active_part == (0, N_TIMES / SAMPLING_RATE)
    assert not any(len(ax.patches) for ax in panels_over_time(display))


@pytest.mark.parametrize(
    ("parameters", "X", "n_times"),
    [
        ({"J": 7}, np.zeros((1, N_TIMES)), N_TIMES + 1),
        ({"J": 7, "T": 512}, [np.zeros(N_TIMES)], 256),
    ],
)
def test_signals_that_have_no_features_have_no_active_part(parameters, X, n_times):
    x = np.zeros(n_times)
    x[n_times // 2] = 1.0
    scattering = LogScattering1D(trim=25, **parameters).fit(X)
    assert ScalogramDisplay.from_estimator(scattering, x).active_part is None


def test_the_channels_of_a_signal_have_one_active_part():
    x = np.stack([np.where(SECONDS < 0.5, tone(50), 0), np.where(SECONDS > 1.5, tone(50), 0)])
    scattering = LogScattering1D(J=5, trim=25, sampling_rate=SAMPLING_RATE).fit([x])
    for Display in (ScalogramDisplay, ScatteringDisplay):
        display = Display.from_estimator(scattering, x, channel=1)
        assert display.active_part == (0, N_TIMES / SAMPLING_RATE)


def test_importing_displays_does_not_import_matplotlib():
    code = (
        "import sys\n"
        "from skscatter import (FilterBankDisplay, PathImportanceDisplay, ScalogramDisplay, \n"
        "    ScatteringDisplay)\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("sampling_rate", "unit"), [(1000, " (Hz)"), (None, "\n(cycles per sample)")]
)
def test_axes_name_their_units(sampling_rate, unit):
    scattering = fitted(sampling_rate=sampling_rate)
    time = "time (samples)" if sampling_rate is None else "time (s)"
    filters = FilterBankDisplay.from_estimator(scattering)
    assert filters.ax_[1].get_xlabel() == f"frequency{unit}"
    scalogram = ScalogramDisplay.from_estimator(scattering, tone(100))
    assert scalogram.ax_[1].get_xlabel() == time
    assert scalogram.ax_[1].get_ylabel() == f"frequency{unit}"
    display = ScatteringDisplay.from_estimator(scattering, tone(100))
    order1, order2 = display.ax_
    assert order1.get_xlabel() == time
    assert order1.get_ylabel() == f"frequency{unit}"
    assert order2.get_xlabel() == f"modulation frequency{unit}"
    _, over_time = display.plot(band=0.1 * (sampling_rate or 1)).ax_
    assert over_time.get_xlabel() == time
    assert over_time.get_ylabel() == f"modulation frequency{unit}"


@pytest.mark.parametrize(
    ("sampling_rate", "unit", "last"), [(1e3, "s", 2), (1e5, "ms", 20), (1e8, "µs", 20)]
)
def test_times_of_short_signals_are_in_smaller_units(sampling_rate, unit, last):
    display = ScatteringDisplay.from_estimator(fitted(sampling_rate=sampling_rate), tone(100))
    display.figure_.draw_without_rendering()
    assert display.ax_[0].get_xlabel() == f"time ({unit})"
    assert display.ax_[0].get_xticklabels()[-1].get_text() == str(last)


@pytest.mark.parametrize("sampling_rate", [SAMPLING_RATE, None])
@pytest.mark.parametrize("parameters", [{}, {"T": 1500, "stride": 64}, {"T": 1500}])
def test_time_goes_from_the_first_sample_to_the_last(parameters, sampling_rate):
    n_times = 1500  # not a multiple of the stride; in the last case there is one frame
    scattering = Scattering1D(J=7, sampling_rate=sampling_rate, pooling=None, **parameters)
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((8, n_times)), np.arange(8) % 2
    model = make_pipeline(scattering, LogisticRegression()).fit(X, y)
    of_coefficients = ScatteringDisplay.from_estimator(model, X[0])
    panels = [
        *ScalogramDisplay.from_estimator(model, X[0]).ax_,
        of_coefficients.ax_[0],
        of_coefficients.plot(band=0.2 * (sampling_rate or 1)).ax_[1],
        PathImportanceDisplay.from_estimator(model).ax_[0],
    ]
    for ax in panels:
        assert ax.get_xlim() == (0, n_times / (sampling_rate or 1))
        for mesh in ax.collections:
            edges = mesh.get_coordinates()[0, :, 0]
            assert (edges[0], edges[-1]) == ax.get_xlim()
            assert np.all(np.diff(edges) > 0)


def label_boxes(axis):
    """Return the boxes of the labels of an axis that are drawn."""
    low, high = sorted(axis.get_view_interval())
    return [
        label.get_window_extent()
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if low <= tick.get_loc() <= high and label.get_visible() and label.get_text()
    ]


@pytest.mark.parametrize("size", [(4, 3), (16, 9)])
@pytest.mark.parametrize(
    "parameters",
    [{}, {"sampling_rate": None, "J": 11}, {"sampling_rate": 1e6}, {"sampling_rate": 30, "Q": 16}],
)
def test_labels_of_ticks_do_not_collide(parameters, size, plt):
    scattering, x = fitted(**parameters), 1e4 * modulated_noise(1)[0][0]
    joint_scattering = joint(TimeFrequencyScattering, **parameters)
    for Display, *arguments in (
        (FilterBankDisplay, scattering),
        (ScalogramDisplay, scattering, x),
        (ScatteringDisplay, scattering, x),
        (TimeFrequencyDisplay, joint_scattering, x),
    ):
        figure, ax = plt.subplots(figsize=size, layout="constrained")
        display = Display.from_estimator(*arguments, ax=ax)
        figure.draw_without_rendering()
        for panel in figure.axes:
            if not panel.axison:
                continue
            for axis in panel.xaxis, panel.yaxis:
                boxes = label_boxes(axis)
                for one, other in pairwise(boxes):
                    assert not one.overlaps(other), (Display, axis)
        assert label_boxes(display.ax_[-1].xaxis)
        assert label_boxes(display.ax_[0].yaxis)


@pytest.mark.parametrize(
    ("scale", "view", "width", "expected"),
    [
        ("log", (95, 1100), 11, [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]),
        ("log", (90, 1100), 1.5, [100, 200, 500, 1000]),
        ("log", (1100, 90), 0.7, [100, 1000]),
        ("log", (90, 1100), 0.2, [100]),
        ("log", (1, 1100), 0.2, [1]),
        ("log", (11, 90), 0.2, [20]),
        ("log", (0.02, 5e6), 6, [0.1, 1, 10, 100, 1000, 10000, 100000, 1e6]),
        ("log", (0.02, 5e6), 1.5, [1, 1000, 1e6]),
        ("log", (201, 299), 3, [220, 240, 260, 280]),
        ("linear", (0, 1000), 3, [0, 200, 400, 600, 800, 1000]),
        ("linear", (0, 1000), 0.7, [0, 1000]),
        ("linear", (0, 1000), 0.1, [0]),
    ],
)
def test_ticks_are_as_many_as_have_room(scale, view, width, expected, plt):
    figure = plt.figure()
    ax = figure.add_axes((0, 0, width / figure.get_figwidth(), 1))
    if scale == "log":
        frequency_axis(ax.xaxis)
    else:
        linear_axis(ax, 1, "")
    ax.set_xlim(view)
    np.testing.assert_allclose(ax.xaxis.get_majorticklocs(), expected)


def test_panels_in_place_of_one_axes_leave_room_for_their_labels(plt):
    figure, ax = plt.subplots()
    left, right = ScatteringDisplay.from_estimator(fitted(), tone(100), ax=ax).ax_
    figure.draw_without_rendering()
    bar = next(each for each in figure.axes if each.get_xlabel() == "S1")
    labels = max(box.x1 for box in label_boxes(bar.yaxis))
    assert left.get_window_extent().x1 < labels < right.get_window_extent().x0


@EVERY
def test_figures_can_be_pickled(Display, arguments, n_panels, model):
    figure = pickle.loads(pickle.dumps(Display.from_estimator(model, *arguments).figure_))
    figure.draw_without_rendering()


# ---------------------------------------------------------------- colours


def colours(ax):
    """Return where on the colour scale each cell is, from 0 to 1."""
    mesh = ax.collections[0]
    return np.asarray(mesh.norm(mesh.get_array().compressed()))


@pytest.mark.parametrize("log_eps", [1e-3, "relative"])
@pytest.mark.parametrize("gain", [1e-9, 1e9])
def test_a_picture_does_not_depend_on_the_unit_of_the_signal(gain, log_eps):
    x = tone(100, rate=8, depth=0.7)
    for Display in ScalogramDisplay, ScatteringDisplay:
        one, other = (
            Display.from_estimator(fitted(log_eps=log_eps), factor * x) for factor in (1, gain)
        )
        for ax, same in zip(panels_with_cells(one), panels_with_cells(other), strict=True):
            np.testing.assert_allclose(colours(ax), colours(same), atol=1e-6)


def panels_with_cells(display):
    return [ax for ax in display.ax_ if ax.collections]


def test_colours_use_the_whole_scale_except_for_outliers():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(N_TIMES) * (1 + 30 * (SECONDS < 1))
    x[5] = 0
    for Display in ScalogramDisplay, ScatteringDisplay:
        for ax in panels_with_cells(Display.from_estimator(fitted(), x)):
            mesh = ax.collections[0]
            values = mesh.get_array().compressed()
            assert mesh.norm.vmax == values.max()
            assert mesh.norm.vmin == np.quantile(values, 0.01, method="lower")


@pytest.mark.parametrize("dynamic_range", [80, 60, 10])
def test_colours_of_a_click_span_the_dynamic_range(dynamic_range):
    x = np.where(np.arange(N_TIMES) == 500, 3.0, 0.0)
    display = ScalogramDisplay.from_estimator(fitted(), x, dynamic_range=dynamic_range)
    norm = display.ax_[1].collections[0].norm
    assert norm.vmax / norm.vmin == pytest.approx(10 ** (dynamic_range / 20))


def test_colours_of_nearly_equal_values_span_20_dB():
    options = log_colours(np.array([1.0, 1.0 + 1e-9]))
    assert options["norm"].vmax / options["norm"].vmin == pytest.approx(10)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
@pytest.mark.parametrize("input_scaling", [None, "max", "rms"])
def test_a_constant_is_drawn_as_silence(input_scaling, dtype):
    x = np.full(N_TIMES, 331).astype(dtype)
    scattering = fitted(Scattering1D, input_scaling=input_scaling)
    display = ScatteringDisplay.from_estimator(scattering, x)
    for ax in *display.ax_, ScalogramDisplay.from_estimator(scattering, x).ax_[1]:
        np.testing.assert_allclose(colours(ax), 0, atol=1e-6)
    assert np.isnan(
        display.plot(relative=True).ax_[1].collections[0].get_array().filled(np.nan)
    ).all()


def every_display(model, joint_model):
    return [
        (ScalogramDisplay, (model, tone(100))),
        (ScatteringDisplay, (model, tone(100))),
        (PathImportanceDisplay, (model,)),
        (TimeFrequencyDisplay, (joint_model, tone(100))),
    ]


@pytest.mark.parametrize(
    "options",
    [{"vmin": 0.01, "vmax": 3.0}, {"vmin": 50.0}, {"vmax": 1e-9}, {"vmax": np.float32(3)}],
)
def test_ends_of_the_colours_can_be_given(options, model, joint_model):
    for Display, arguments in every_display(model, joint_model):
        display = Display.from_estimator(*arguments, **options)
        display.figure_.draw_without_rendering()
        for ax in panels_with_cells(display):
            norm = ax.collections[0].norm
            assert norm.vmin < norm.vmax
            for name, value in options.items():
                assert getattr(norm, name) == value


@pytest.mark.parametrize("options", [{}, {"vmin": 0.5, "vmax": 2.0}])
def test_a_norm_replaces_the_colour_scale(options, model, joint_model):
    norm = matplotlib.colors.PowerNorm(0.5, vmin=1, vmax=2)
    for Display, arguments in every_display(model, joint_model):
        # A norm has its ends already, the name of a norm has none.
        for given in [norm] if not options else ["log", "linear"]:
            display = Display.from_estimator(*arguments, norm=given, **options)
            display.figure_.draw_without_rendering()
            for ax in panels_with_cells(display):
                drawn = ax.collections[0].norm
                assert (drawn.vmin, drawn.vmax) == (options.get("vmin", 1), options.get("vmax", 2))


@pytest.mark.reliability("Bad input")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vmin": "low"}, "vmin='low' must be a finite number"),
        ({"vmax": np.nan}, "vmax=nan must be a finite number"),
        ({"vmin": 2, "vmax": 2.0}, r"vmin=2 must be below vmax=2\.0"),
    ],
)
def test_bad_ends_of_the_colours_are_named(options, message, model, joint_model):
    for Display, arguments in every_display(model, joint_model):
        with pytest.raises((TypeError, ValueError), match=message):
            Display.from_estimator(*arguments, **options)


@pytest.mark.reliability("Bad input")
@pytest.mark.parametrize("options", [{"vmin": 0}, {"vmax": -1.0}, {"dynamic_range": 0}])
def test_ends_of_logarithmic_colours_are_above_0(options):
    for Display in ScalogramDisplay, ScatteringDisplay:
        with pytest.raises(ValueError, match=r"(vmin|vmax|dynamic_range)=.* above 0"):
            Display.from_estimator(fitted(), tone(100), **options)


# ---------------------------------------------------------------- filter banks


@pytest.mark.parametrize("parameters", [{"Q": 8}, {"Q": (4, 2), "T": 33.0}])
def test_filters_are_those_of_kymatio(parameters):
    scattering = fitted(**parameters)
    display = FilterBankDisplay.from_estimator(scattering)
    n = 2**14
    bins = np.flatnonzero(np.fft.fftfreq(n)[: n // 2] * SAMPLING_RATE > display.frequencies[0])
    f = bins / n * SAMPLING_RATE
    paths = scattering.paths_
    families = [
        np.unique(paths[["xi1", "sigma1"]][paths["order"] == 1])[::-1],
        np.unique(paths[["xi2", "sigma2"]][paths["order"] == 2])[::-1],
    ]
    for psi, family in zip(display.psi, families, strict=True):
        shown = {round(float(display.frequencies[each.argmax()])): each for each in psi}
        for xi, sigma in family:
            expected = morlet_1d(n, xi, sigma)[bins]
            nearest = min(shown, key=lambda peak: abs(peak - xi * SAMPLING_RATE))
            error = np.abs(np.interp(f, display.frequencies, shown[nearest]) - expected).max()
            assert error < 1e-3
    phi = gauss_1d(n, 0.1 / scattering.T_)[bins]
    assert np.abs(np.interp(f, display.frequencies, display.phi) - phi).max() < 1e-3


def test_littlewood_paley_sum_is_the_energy_that_a_bank_passes():
    display = FilterBankDisplay.from_estimator(fitted(padding="periodic", T=128))
    n, cycles = 4096, 400
    x = np.cos(2 * np.pi * cycles * np.arange(n) / n)
    plain = fitted(Scattering1D)
    paths = plain.paths_[plain.paths_["order"] == 1]
    X_hat = np.fft.fft(x)
    banded = [np.fft.ifft(X_hat * morlet_1d(n, p["xi1"], p["sigma1"])) for p in paths]
    low = np.fft.ifft(X_hat * gauss_1d(n, 0.1 / 128))
    energy = sum(np.sum(np.abs(y) ** 2) for y in [*banded, low]) / np.sum(x**2)
    shown = np.interp(cycles / n * SAMPLING_RATE, display.frequencies, display.littlewood_paley[0])
    assert shown == pytest.approx(energy, rel=1e-3)


@pytest.mark.parametrize("Q", [1, 8, (16, 4)])
def test_no_bank_amplifies(Q):
    display = FilterBankDisplay.from_estimator(fitted(Q=Q))
    assert all(total.max() <= 1.0 for total in display.littlewood_paley)


def test_a_sum_above_1_is_drawn_in_full():
    display = FilterBankDisplay.from_estimator(fitted(T=16))
    for ax, total in zip(display.ax_, display.littlewood_paley, strict=True):
        assert 1 < total.max() < ax.get_ylim()[1]


def test_a_transform_of_order_1_has_one_bank():
    assert len(FilterBankDisplay.from_estimator(fitted(max_order=1)).ax_) == 1


# ---------------------------------------------------------------- scalogram


def test_a_tone_lights_up_its_frequency_all_the_time():
    display = ScalogramDisplay.from_estimator(fitted(Q=8), tone(120))
    _, band = brightest(display.ax_[1])
    assert band[0] <= 120 <= band[1]
    row = np.abs(display.frequencies - 120).argmin()
    middle = display.scalogram[row][(display.times > 0.5) & (display.times < 1.5)]
    assert middle.std() < 1e-3 * middle.mean()
    assert display.scalogram.sum(axis=1).argmax() == row


def test_a_click_lights_up_its_time_in_all_bands():
    x = np.zeros(N_TIMES)
    x[1234] = 1.0
    display = ScalogramDisplay.from_estimator(fitted(), x)
    seconds, _ = brightest(display.ax_[1])
    assert seconds[0] <= 1.234 <= seconds[1]
    loudest = display.times[display.scalogram.argmax(axis=1)]
    np.testing.assert_allclose(loudest, 1.234, atol=0.005)


def test_the_scalogram_is_the_modulus_of_the_wavelet_transform():
    scattering = fitted(Scattering1D, padding="periodic", Q=4)
    x = tone(100, rate=5, depth=0.5) + tone(30)
    display = ScalogramDisplay.from_estimator(scattering, x, max_columns=N_TIMES)
    paths = scattering.paths_[scattering.paths_["order"] == 1]
    U1 = np.abs(
        [np.fft.ifft(np.fft.fft(x) * morlet_1d(N_TIMES, p["xi1"], p["sigma1"])) for p in paths]
    )
    assert display.scalogram.shape == U1.shape
    # The average over a sample, T=1, is a Gaussian that reaches some samples.
    assert relative_error(display.scalogram, U1) < 0.02


@pytest.mark.parametrize("n_times", [130, 1024, 1025, 2**17 + 1])
def test_a_signal_of_any_length_has_a_picture(n_times):
    x = np.sin(np.arange(n_times))
    display = ScalogramDisplay.from_estimator(fitted(), x)
    assert min(n_times, 512) <= len(display.times) <= 1025
    assert display.scalogram.shape == (len(display.frequencies), len(display.times))
    left, right = display.ax_[1].get_xlim()
    assert left == pytest.approx(0, abs=0.01 * n_times / SAMPLING_RATE)
    assert right == pytest.approx(n_times / SAMPLING_RATE, rel=0.02)
    extent = display.ax_[0].dataLim
    assert extent.y0 == pytest.approx(x.min(), rel=1e-6)
    assert extent.y1 == pytest.approx(x.max(), rel=1e-6)


def test_the_channel_that_is_shown_is_named(joint_model):
    x = np.stack([tone(50), tone(200)])
    for Display, Transformer, title in (
        (ScalogramDisplay, LogScattering1D, "signal"),
        (ScatteringDisplay, LogScattering1D, "order 1"),
        (TimeFrequencyDisplay, LogTimeFrequencyScattering, "down"),
    ):
        for channels, name in ((x, ", channel 1"), (x[:1], "")):
            transformer = Transformer(J=7, sampling_rate=SAMPLING_RATE).fit([channels])
            display = Display.from_estimator(transformer, channels, channel=len(channels) - 1)
            assert display.ax_[0].get_title() == title + name


def test_one_channel_is_shown():
    x = np.stack([tone(50), tone(200)])
    scattering = LogScattering1D(J=7, sampling_rate=SAMPLING_RATE).fit([x])
    for channel, frequency in enumerate((50, 200)):
        _, band = brightest(ScalogramDisplay.from_estimator(scattering, x, channel=channel).ax_[1])
        assert band[0] <= frequency <= band[1]
        display = ScatteringDisplay.from_estimator(scattering, x, channel=channel)
        _, band = brightest(display.ax_[0])
        assert band[0] <= frequency <= band[1]


# ---------------------------------------------------------------- coefficients


def test_coefficients_are_those_of_scatter():
    scattering = fitted(Q=(4, 2), include_order0=True)
    x = tone(100, rate=8, depth=0.7)
    display = ScatteringDisplay.from_estimator(scattering, x)
    S, paths = scattering.scatter(x[np.newaxis])[0, 0], scattering.paths_
    np.testing.assert_array_equal(display.S1, S[paths["order"] == 1])
    np.testing.assert_array_equal(display.times, scattering.frame_times())
    for path, coefficient in zip(paths, S.mean(axis=-1), strict=True):
        if path["order"] == 2:
            row = np.abs(display.path_map.carriers - path["xi1"] * SAMPLING_RATE).argmin()
            column = np.abs(display.path_map.modulations - path["xi2"] * SAMPLING_RATE).argmin()
            assert display.S2[row, column].mean() == pytest.approx(coefficient, rel=1e-12)
    assert np.isfinite(display.S2[..., 0]).sum() == (paths["order"] == 2).sum()


@pytest.mark.parametrize("relative", [False, True])
def test_a_modulated_tone_lights_up_its_carrier_and_its_rate(relative):
    display = ScatteringDisplay.from_estimator(fitted(Q=4), tone(200, rate=16, depth=1))
    display.plot(relative=relative)
    rate, band = brightest(display.ax_[1])
    assert rate[0] <= 16 <= rate[1]
    if not relative:
        assert band[0] <= 200 <= band[1]


@pytest.mark.parametrize("relative", [False, True])
def test_order_2_of_a_band_over_time(relative):
    faster = np.where(SECONDS < N_TIMES / SAMPLING_RATE / 2, 8, 32)
    x = tone(40) + (1 + np.sin(2 * np.pi * faster * SECONDS)) * tone(200)
    scattering = fitted(Q=4, T=128)
    display = ScatteringDisplay.from_estimator(scattering, x, band=200, relative=relative)
    ax = display.ax_[1]
    mesh = ax.collections[0]
    row = np.abs(np.log(display.path_map.carriers / 200)).argmin()
    shown = np.ma.filled(mesh.get_array(), np.nan)
    expected = display.S2[row][~np.isnan(display.S2[row]).any(axis=1)]
    if relative:
        expected = expected / display.S1[row]
    np.testing.assert_allclose(shown, expected)
    edges = mesh.get_coordinates()[:, 0, 1]
    for column, rate in ((len(display.times) // 4, 8), (-len(display.times) // 4, 32)):
        loudest = shown[:, column].argmax()
        low, high = np.sort(edges[loudest : loudest + 2])
        assert low <= rate <= high
    assert ax.get_title() == f"order 2 at {display.path_map.carriers[row]:.0f} Hz"


@pytest.mark.parametrize(
    ("sampling_rate", "name"),
    [(4e5, "140000 Hz"), (1e3, "350 Hz"), (2.5, "0.875 Hz"), (None, "0.35 cycles per sample")],
)
def test_a_band_is_named_by_its_frequency(sampling_rate, name):
    display = ScatteringDisplay.from_estimator(fitted(sampling_rate=sampling_rate), tone(100))
    display.plot(band=display.path_map.carriers[0])
    assert display.ax_[1].get_title() == f"order 2 at {name}"


def test_every_band_with_order_2_can_be_drawn_over_time():
    display = ScatteringDisplay.from_estimator(fitted(), tone(100))
    path_map = display.path_map
    for row in np.unique(path_map.row[path_map.order2]):
        mesh = display.plot(band=path_map.carriers[row]).ax_[1].collections[0]
        expected = display.S2[row][~np.isnan(display.S2[row]).any(axis=1)]
        np.testing.assert_array_equal(np.ma.filled(mesh.get_array(), np.nan), expected)
        edges = np.sort(mesh.get_coordinates()[:, 0, 1])
        shown = np.sort(path_map.modulations)[: len(expected)]
        assert np.all((edges[:-1] < shown) & (shown < edges[1:]))


@pytest.mark.reliability("Bad input")
def test_a_band_without_order_2_is_refused():
    display = ScatteringDisplay.from_estimator(fitted(), tone(100))
    for band in (1.0, 1e4):
        with pytest.raises(ValueError, match=rf"band={band} must be between .* and .* Hz"):
            display.plot(band=band)
    with pytest.raises(TypeError, match="band='low' must be a finite number above 0"):
        display.plot(band="low")
    with pytest.raises(ValueError, match="band=100 needs coefficients of order 2"):
        ScatteringDisplay.from_estimator(fitted(max_order=1), tone(100), band=100)


def test_what_trim_leaves_out_is_shaded_in_a_band_over_time():
    x = np.where(SECONDS < 0.5, tone(100), 0)
    left, right = ScatteringDisplay.from_estimator(fitted(J=5, trim=25), x, band=100).ax_
    assert len(shaded(left)) == 1
    np.testing.assert_allclose(shaded(left), shaded(right))


def test_relative_order_2_does_not_depend_on_loudness():
    x = tone(200, rate=16, depth=1)
    cells = []
    for loudness in (1.0, 100.0):
        display = ScatteringDisplay.from_estimator(fitted(Scattering1D), loudness * x)
        mesh = display.plot(relative=True).ax_[1].collections[0]
        cells.append(np.ma.filled(mesh.get_array(), 0))
    np.testing.assert_allclose(*cells, rtol=1e-6)


def test_silence_has_a_picture():
    for display in (
        ScalogramDisplay.from_estimator(fitted(), np.zeros(N_TIMES)),
        ScatteringDisplay.from_estimator(fitted(), np.zeros(N_TIMES)),
        ScatteringDisplay.from_estimator(fitted(Scattering1D), np.zeros(N_TIMES)),
    ):
        display.figure_.draw_without_rendering()


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", ["smallest", "small", "large"])
def test_the_faintest_and_the_loudest_signals_have_pictures(size, dtype, relative):
    info = np.finfo(dtype)
    amplitude = {"smallest": info.smallest_subnormal * 100, "small": info.tiny, "large": info.max}
    t = np.arange(512)
    x = (np.sign(np.cos(t / 20) * np.cos(t)) * (amplitude[size] / 64)).astype(dtype)
    transformer = Scattering1D(J=5, Q=4, n_segments=1).fit(x[np.newaxis])
    with np.errstate(all="raise"):
        display = ScatteringDisplay.from_estimator(transformer, x)
        display.plot(relative=relative)
        ScalogramDisplay.from_estimator(transformer, x)
    assert np.isfinite(display.S1).all()
    assert display.S1.dtype == display.S2.dtype == dtype
    means = transformer.transform(x[np.newaxis])[0, transformer.paths_["order"] == 2]
    with np.errstate(under="ignore"):
        largest = np.nanmax((display.S2 / len(display.times)).sum(axis=-1))
    assert largest == pytest.approx(means.max(), rel=0.1, abs=0)


def test_without_order_2_there_is_one_panel():
    display = ScatteringDisplay.from_estimator(fitted(max_order=1), tone(100))
    assert len(display.ax_) == 1


@pytest.mark.parametrize("Display", [ScalogramDisplay, ScatteringDisplay])
@pytest.mark.reliability("Bad input")
def test_masked_samples_are_missing_values(Display):
    masked = np.ma.masked_array(tone(100), mask=False)
    assert Display.from_estimator(fitted(), masked).ax_ is not None
    masked[100:110] = np.ma.masked
    for x in masked, masked[np.newaxis], [masked]:
        with pytest.raises(ValueError, match=r"masked.*missing values"):
            Display.from_estimator(fitted(), x)


@pytest.mark.parametrize("Display", [ScalogramDisplay, ScatteringDisplay])
@pytest.mark.reliability("Bad input")
def test_bad_signals_are_named(Display):
    with pytest.raises(ValueError, match=r"x has shape \(2, 2048\).*of shape \(length,\)"):
        Display.from_estimator(fitted(), np.zeros((2, N_TIMES)))
    with pytest.raises(ValueError, match=r"x has shape \(2048, 1\).* x\.T puts it last"):
        Display.from_estimator(fitted(), np.zeros((N_TIMES, 1)))
    with pytest.raises(ValueError, match="channel=1 must be below 1"):
        Display.from_estimator(fitted(), tone(100), channel=1)
    with pytest.raises(TypeError, match=r"channel=0.5 must be an integer"):
        Display.from_estimator(fitted(), tone(100), channel=0.5)


def test_numbers_and_flags_of_numpy_are_accepted():
    display = ScatteringDisplay.from_estimator(fitted(), tone(100), channel=np.int64(0))
    assert display.plot(relative=np.bool_(True)).ax_[1].get_title() == "order 2"
    display = ScalogramDisplay.from_estimator(fitted(), tone(100), max_columns=np.int32(64))
    assert len(display.times) <= 65


def test_columns_are_a_positive_number():
    with pytest.raises(ValueError, match="max_columns=0 must be"):
        ScalogramDisplay.from_estimator(fitted(), tone(100), max_columns=0)


# ---------------------------------------------------------------- importance


@pytest.mark.parametrize("by", ["weights", "permutation"])
def test_the_modulation_that_decides_lights_up(by, model):
    signals = modulated_noise(80) if by == "permutation" else ()
    display = PathImportanceDisplay.from_estimator(
        model, *signals, scoring="neg_log_loss", random_state=0
    )
    decisive = display.path_map.modulations[np.nanmean(display.order2, axis=0).argmax()]
    assert min(abs(np.log2(decisive / np.array([4, 32])))) < 0.5
    assert np.nanmax(display.order1) < np.nanmax(display.order2)


def test_a_weight_is_shown_in_the_cell_of_its_feature(model):
    table = model[0].features_
    for order in (1, 2):
        chosen = np.flatnonzero(table["order"] == order)[5]
        planted = make_pipeline(model[0], model[1], LogisticRegression().fit([[0], [1]], [0, 1]))
        planted[-1].coef_ = np.zeros((3, len(table)))
        planted[-1].coef_[:, chosen] = [3, 0, -4]
        display = PathImportanceDisplay.from_estimator(planted)
        (x, band), feature = brightest(display.ax_[order - 1]), table[chosen]
        assert band[0] <= feature["carrier"] <= band[1]
        at = (feature["segment"] + 0.5) / 2 if order == 1 else feature["modulation"]
        assert x[0] <= at <= x[1]
        shown = np.append(display.order1, display.order2)
        assert np.nanmax(shown) == 5.0
        assert np.count_nonzero(np.nan_to_num(shown)) == 1


def test_features_that_a_selector_leaves_out_are_empty():
    X, y = modulated_noise()
    scattering = LogScattering1D(
        J=7, Q=2, n_segments=1, include_order0=False, sampling_rate=SAMPLING_RATE
    )
    pipe = make_pipeline(scattering, StandardScaler(), SelectKBest(k=9), LogisticRegression())
    display = PathImportanceDisplay.from_estimator(pipe.fit(X, y))
    shown = np.append(display.order1, display.order2)
    np.testing.assert_allclose(np.sort(shown[~np.isnan(shown)]), np.sort(np.abs(pipe[-1].coef_[0])))


def test_selected_paths_and_frames_are_in_their_cells():
    X, y = modulated_noise()
    scattering = LogScattering1D(J=7, Q=2, pooling=None, sampling_rate=SAMPLING_RATE)
    pipe = make_pipeline(SelectPaths(scattering, order=1), LogisticRegression()).fit(X, y)
    display = PathImportanceDisplay.from_estimator(pipe)
    frames = pipe[0].transformer_.n_frames_
    np.testing.assert_allclose(display.order1, np.abs(pipe[-1].coef_).reshape(-1, frames))
    assert np.isnan(display.order2).all()


def test_permutation_takes_any_model_and_repeats_with_a_seed():
    X, y = modulated_noise()
    forest = RandomForestClassifier(20, random_state=0)
    pipe = make_pipeline(LogScattering1D(J=7, Q=1).set_output(transform="pandas"), forest)
    pipe.fit(X, y)
    with pytest.raises(TypeError, match="has no coef_"):
        PathImportanceDisplay.from_estimator(pipe)
    first, again = (
        PathImportanceDisplay.from_estimator(
            pipe, X, y, random_state=3, n_repeats=2, scoring="neg_log_loss"
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.order2, again.order2)
    assert np.nanmax(first.order2) > 0


@pytest.mark.reliability("Bad input")
def test_features_without_names_are_refused():
    X, y = modulated_noise()
    pipe = make_pipeline(LogScattering1D(J=7), PCA(3), LogisticRegression()).fit(X, y)
    with pytest.raises(
        ValueError, match=r"3 features .* such as 'pca0', do not come from the scattering"
    ):
        PathImportanceDisplay.from_estimator(pipe)
    with pytest.raises(TypeError, match="must be a Pipeline that ends with a model"):
        PathImportanceDisplay.from_estimator(pipe[0])


def test_permutation_needs_signals_and_targets(model):
    X, y = modulated_noise(4)
    with pytest.raises(ValueError, match="y=None, but X is given"):
        PathImportanceDisplay.from_estimator(model, X)
    with pytest.raises(ValueError, match="X=None, but y is given"):
        PathImportanceDisplay.from_estimator(model, y=y)
    with pytest.raises(ValueError, match="n_repeats=0 must be"):
        PathImportanceDisplay.from_estimator(model, X, y, n_repeats=0)


# ---------------------------------------------------------------- rate and scale


def gliding(octaves_per_second):
    rate = octaves_per_second * np.log(2)
    return np.sin(2 * np.pi * 100 * np.exp(rate * SECONDS) / rate)


def glides(n_signals=24):
    rng = np.random.default_rng(0)
    y = np.arange(n_signals) % 2
    X = np.stack([gliding(1 if rises else -1) for rises in y])
    return X + 0.1 * rng.standard_normal(X.shape), y


def joint(Transformer=LogTimeFrequencyScattering, **parameters):
    return fitted(Transformer, **{"Q": 8} | parameters)


@pytest.fixture(scope="module")
def joint_model():
    scattering = LogTimeFrequencyScattering(J=8, T=128, F=8, sampling_rate=SAMPLING_RATE)
    return make_pipeline(scattering, StandardScaler(), LogisticRegression()).fit(*glides())


@pytest.mark.parametrize(("octaves_per_second", "brighter"), [(1, 1), (-1, 0)])
def test_a_glide_is_bright_in_its_direction(octaves_per_second, brighter):
    display = TimeFrequencyDisplay.from_estimator(joint(), gliding(octaves_per_second))
    assert display.values.shape == (2, len(display.rates), len(display.scales))
    assert display.values[brighter].max() > 3 * display.values[1 - brighter].max()
    assert [ax.get_title() for ax in display.ax_] == ["down", "up"]
    left, right = display.ax_
    assert left.xaxis_inverted()
    assert not right.xaxis_inverted()
    assert "Hz" in left.get_ylabel()
    assert "cycles per octave" in right.get_xlabel()


def test_joint_coefficients_are_means_over_time_and_frequency():
    scattering, x = joint(TimeFrequencyScattering), gliding(1)
    display = TimeFrequencyDisplay.from_estimator(scattering, x)
    S, paths = scattering.scatter(x[np.newaxis])[0, 0].mean(axis=-1), scattering.paths_
    for spin, values in zip((-1, 1), display.values, strict=True):
        for rate, row in zip(display.rates, values, strict=True):
            for scale, value in zip(display.scales, row, strict=True):
                rows = (
                    (paths["spin"] == spin)
                    & np.isclose(paths["xi2"] * SAMPLING_RATE, rate)
                    & np.isclose(paths["scale"], scale)
                )
                assert value == pytest.approx(S[rows].mean())


def test_the_motion_that_a_model_uses_by_weight_and_by_permutation(joint_model):
    weights = TimeFrequencyDisplay.from_model(joint_model)
    assert weights.measure == "weight"
    names = joint_model[:-1].get_feature_names_out()
    coef = joint_model[-1].coef_[0]
    cell = [f"_{scale:.4g}cpo_up_" in name for scale in weights.scales[:1] for name in names]
    assert np.linalg.norm(weights.values[1, :, 0]) == pytest.approx(np.linalg.norm(coef[cell]))
    drops = TimeFrequencyDisplay.from_model(joint_model, *glides(8), n_repeats=1, random_state=0)
    assert drops.measure == "drop of the score"
    assert drops.values.shape == weights.values.shape
    assert drops.plot() is drops


def test_joint_features_that_a_selection_leaves_out_are_empty_cells():
    rising = SelectPaths(LogTimeFrequencyScattering(J=7), direction="up")
    model = make_pipeline(rising, StandardScaler(), LogisticRegression()).fit(*glides(8))
    down, up = TimeFrequencyDisplay.from_model(model).values
    assert np.isnan(down).all()
    assert np.isfinite(up).all()


@pytest.mark.parametrize("Display", [ScatteringDisplay, PathImportanceDisplay])
def test_displays_of_plain_scattering_refuse_joint_scattering(Display, joint_model):
    arguments = () if Display is PathImportanceDisplay else (gliding(1),)
    with pytest.raises(TypeError, match=r"computes joint scattering.*TimeFrequencyDisplay"):
        Display.from_estimator(joint_model, *arguments)


def test_scalograms_and_filters_are_drawn_of_joint_scattering(joint_model):
    assert ScalogramDisplay.from_estimator(joint_model, gliding(1)).scalogram.shape[0] > 40
    everywhere = joint(TimeFrequencyScattering, F="global", parts="joint")
    assert len(FilterBankDisplay.from_estimator(everywhere).psi) == 2


@pytest.mark.parametrize("parts", ["first", ("first", "time")])
def test_the_display_of_motion_needs_joint_coefficients(parts, model):
    with pytest.raises(TypeError, match="computes no joint coefficients"):
        TimeFrequencyDisplay.from_estimator(joint(parts=parts), gliding(1))
    with pytest.raises(TypeError, match="computes no joint coefficients"):
        TimeFrequencyDisplay.from_estimator(model, gliding(1))


# ---------------------------------------------------------------- images


@pytest.fixture(scope="module")
def word():
    """Two channels: a tone that swells faster and faster, in noise, and a fainter one."""
    rate = 4 * 2 ** (2 * SECONDS)
    swell = (1 + np.sin(2 * np.pi * np.cumsum(rate) / SAMPLING_RATE)) * np.hanning(N_TIMES)
    noise = np.random.default_rng(0).standard_normal((2, N_TIMES))
    return np.stack([swell * tone(200), 0.1 * tone(50)]) + 1e-3 * noise


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("scalogram", lambda x, **_: ScalogramDisplay.from_estimator(of_word(x, trim=20), x)),
        ("scattering", lambda x, **_: ScatteringDisplay.from_estimator(of_word(x), x, channel=1)),
        (
            "relative",
            lambda x, **_: ScatteringDisplay.from_estimator(of_word(x), x, relative=True),
        ),
        (
            "band",
            lambda x, **_: ScatteringDisplay.from_estimator(of_word(x, trim=20), x, band=200),
        ),
        ("filters", lambda x, **_: FilterBankDisplay.from_estimator(of_word(x))),
        ("importance", lambda model, **_: PathImportanceDisplay.from_estimator(model)),
        ("motion", lambda joint_model, **_: TimeFrequencyDisplay.from_model(joint_model)),
    ],
)
def test_displays_look_as_before(name, draw, word, model, joint_model, looks_as_before):
    display = draw(x=word, model=model, joint_model=joint_model)
    looks_as_before(display.figure_, name)


def of_word(x, **parameters):
    return LogScattering1D(J=8, Q=4, T=64, sampling_rate=SAMPLING_RATE, **parameters).fit([x])
