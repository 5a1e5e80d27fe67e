"""
Vibration: a fault in a bearing
===============================

A rolling bearing with a pit in one of its rings knocks each time a ball rolls over the pit. The
knocks are short and excite a resonance of the housing. The energy of the fault is therefore around
the resonance, thousands of Hz above the frequency of the knocks. The *envelope* of that band has
the frequency of the knocks, and the second order measures it. The first order, like a spectrum,
only shows that there are knocks. Dirt in the grease also causes knocks, at random times.

The signals are not recordings. They are simulated from the geometry of a bearing and the usual
model of its vibration [#model]_. The test signals have speeds and noise levels that were not in
training.
"""

# %%
# The signals
# -----------
# Each signal is the sum of a slightly unbalanced shaft, knocks, and noise. Each knock is a decaying
# oscillation. The rate of the knocks follows from the geometry. The balls slip, so the knocks are
# not exactly periodic. A fault of the outer ring stays in the loaded zone. A fault of the inner
# ring turns with the shaft, so its knocks are stronger and weaker once per turn. Dirt knocks at the
# same mean rate, at random times. Signals last between 0.5 and 1 s.

import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import butter, hilbert, sosfiltfilt, welch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skscatter import LogScattering1D, PathImportanceDisplay, ScatteringDisplay

sampling_rate = 12000  # Hz
n_balls, ball, pitch, angle = 9, 7.94, 39.04, 0.0  # mm; those of a 6205 bearing
ratio = ball / pitch * np.cos(angle)
orders = {"outer": n_balls / 2 * (1 - ratio), "inner": n_balls / 2 * (1 + ratio)}  # of the shaft
states = ["dirt", "outer", "inner"]


def simulate(state, turns_per_second, noise, rng):
    """Acceleration of the housing for a state of the bearing and a speed."""
    seconds = np.arange(int(rng.uniform(0.5, 1) * sampling_rate)) / sampling_rate
    phase = 2 * np.pi * (turns_per_second * seconds + rng.uniform())
    signal = 0.2 * np.sin(phase) + noise * rng.standard_normal(len(seconds))
    rate = turns_per_second * orders.get(state, rng.uniform(*orders.values()))  # knocks a second
    gap = rng.exponential if state == "dirt" else lambda mean, n: rng.normal(mean, 0.01 * mean, n)
    knocks = np.cumsum(gap(1 / rate, int(2 * rate)))
    knocks = knocks[knocks < seconds[-1]]
    load = 1 + np.cos(2 * np.pi * turns_per_second * knocks) if state == "inner" else 1.0
    impulses = np.zeros(len(seconds))
    impulses[(knocks * sampling_rate).astype(int)] = load * rng.uniform(0.8, 1.2, len(knocks))
    ring = np.arange(0, 0.01, 1 / sampling_rate)
    resonance = np.exp(-800 * ring) * np.sin(2 * np.pi * 3100 * ring)
    signal += np.convolve(impulses, resonance)[: len(signal)]
    return signal


def measure(speeds, noises, n_signals, seed):
    """Signals of all states; speeds in revolutions per second, noise relative to a knock."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_signals) % 3
    X = [simulate(states[i], rng.uniform(*speeds), rng.uniform(*noises), rng) for i in y]
    return X, y


X_train, y_train = measure(speeds=(28, 30), noises=(0.1, 0.3), n_signals=120, seed=0)
X_test, y_test = measure(speeds=(25, 33), noises=(0.1, 0.4), n_signals=180, seed=1)
print(f"outer ring: {orders['outer']:.2f} knocks a turn; inner ring: {orders['inner']:.2f}")

# %%
# A signal with a fault of the inner ring
# ---------------------------------------
# Two turns of the shaft last 70 ms. `T` should span several knocks. The machine runs at one speed,
# so one segment is enough. The second order, divided by
# the first, shows the fault: the bands around 3 kHz are modulated at about 157 Hz by the knocks,
# and at 29 Hz by the turns of the shaft.

scattering = LogScattering1D(J=10, Q=(4, 4), n_segments=1, sampling_rate=sampling_rate)
scattering.fit(X_train)
ScatteringDisplay.from_estimator(scattering, X_train[2], relative=True)
plt.show()

# %%
# A classifier
# ------------
# The second-order wavelets must separate 105 Hz from 160 Hz, so the search includes more than one
# wavelet per octave there.

pipe = make_pipeline(scattering, StandardScaler(), LogisticRegression(max_iter=1000))
grid = {"logscattering1d__Q": [(4, 1), (4, 4)], "logscattering1d__max_order": [1, 2]}
search = GridSearchCV(pipe, grid, cv=3).fit(X_train, y_train)
for parameters, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"{score:.1%}  {parameters}")

# %%
# The test signals have speeds of 25 to 33 turns per second and more noise. Two alternatives have
# the same classifier: a spectrum in decibels, and, as experts do, the spectrum of the envelope of
# the resonance, which holds the rates of the knocks below 300 Hz.


def spectra(X, resonance=None):
    """Spectra in decibels of signals of different lengths, or of their envelopes in a band."""
    below = sampling_rate
    if resonance is not None:
        filters = butter(4, resonance, "bandpass", fs=sampling_rate, output="sos")
        X, below = [abs(hilbert(sosfiltfilt(filters, x))) for x in X], 300
    spectra = [welch(x, sampling_rate, nperseg=2048) for x in X]
    return np.stack([10 * np.log10(power[frequency < below]) for frequency, power in spectra])


models = {"scattering": search.best_estimator_}
for name, resonance in ("spectrum", None), ("envelope spectrum", (2000, 4000)):
    features = FunctionTransformer(spectra, kw_args={"resonance": resonance})
    models[name] = make_pipeline(features, StandardScaler(), LogisticRegression(max_iter=1000))

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    start = time.perf_counter()
    score = model.fit(X_train, y_train).score(X_test, y_test)
    print(f"{name}: {score:.1%}, {time.perf_counter() - start:.1f} s")
    ConfusionMatrixDisplay.from_estimator(
        model, X_test, y_test, display_labels=states, ax=ax, colorbar=False, cmap="Blues"
    )
    ax.set_title(f"{name}\n{score:.1%}")
plt.show()

# %%
# The rates of the knocks change with the speed of the machine, and so do the lines of both spectra.
# Wavelets are wide enough for a change of this size. An expert would also measure the speed, and
# divide frequencies by it.
#
# The weights of the model
# ------------------------
# The weights are drawn on the same axes as the coefficients. They are largest in the bands around
# the resonance, at modulation frequencies between one turn of the shaft (29 Hz) and the rates of
# the two faults (104 and 157 Hz). An expert would look at the same features.

PathImportanceDisplay.from_estimator(search)
plt.show()

# %%
# .. [#model] P. D. McFadden and J. D. Smith, "Model for the vibration produced by a single point
#    defect in a rolling element bearing", Journal of Sound and Vibration 96(1), 1984.
