"""
Spoken digits: from recordings to a tuned, saved model
======================================================

A classifier of spoken digits in three steps of a pipeline: scattering, scaling, and a linear
model. Two parameters of the scattering transform are chosen by grid search like those of any other
estimator, and the model is saved and used again.

The recordings come with skscatter and are made by a speech synthesiser. They are good for trying
things out; for recordings of people, put :func:`~skscatter.datasets.fetch_fsdd` in the place of
:func:`~skscatter.datasets.load_spoken_digits`.
"""

# %%
# The recordings
# --------------
# 22 voices say the ten digits, three times each. Take 0 is kept for the test, the other two are
# for training; so the voices of the test are known from training. All recordings were brought to
# the same largest magnitude and to one length, with zeros around.

import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D
from skscatter.datasets import load_spoken_digits

digits = load_spoken_digits()
X_train, y_train = digits.data[digits.train], digits.target[digits.train]
X_test, y_test = digits.data[digits.test], digits.target[digits.test]
print(f"training: {X_train.shape}, test: {X_test.shape}, {digits.sampling_rate} Hz")

# %%
# One of each digit, as the model will see them:

rows = [np.flatnonzero(digits.target == digit)[0] for digit in range(10)]
seconds = np.arange(digits.data.shape[1]) / digits.sampling_rate
figure, axes = plt.subplots(5, 2, figsize=(8, 6), sharex=True, sharey=True, layout="constrained")
for axis, row in zip(axes.T.flat, rows, strict=True):
    axis.plot(seconds, digits.data[row], linewidth=0.5)
    axis.set_ylabel(f"{digits.target[row]}", rotation=0, labelpad=10, fontweight="bold")
for axis in axes[-1]:
    axis.set_xlabel("time (s)")
figure.supylabel("amplitude")
plt.show()

# sphinx_gallery_thumbnail_number = 2

# %%
# The search
# ----------
# `J` sets how long the longest wavelets and the average are: ``2**6`` samples are 8 ms and
# ``2**8`` are 32 ms at 8 kHz. `n_segments` sets in how many parts of the recording the coefficients
# are averaged: with one part, the model knows what sounds there were, and not in which order.
#
# The search runs its fits on two processes; each of them transforms on one thread. Everything
# that happens to the signals happens inside of the pipeline, so cross-validation judges all of it.

pipeline = make_pipeline(
    LogScattering1D(sampling_rate=digits.sampling_rate),
    StandardScaler(),
    LogisticRegression(max_iter=1000),
)
search = GridSearchCV(
    pipeline,
    {"logscattering1d__J": [6, 8], "logscattering1d__n_segments": [1, 4]},
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    n_jobs=2,
)
search.fit(X_train, y_train)

results = search.cv_results_
for parameters, mean in zip(results["params"], results["mean_test_score"], strict=True):
    setting = ", ".join(f"{name.split('__')[1]}={value}" for name, value in parameters.items())
    print(f"{setting}: {mean:.1%} right in cross-validation")

# %%
# The model
# ---------
# `best_estimator_` is the pipeline with the best setting, fitted to all of the training part.

model = search.best_estimator_
print(model)

# %%
# The features have names that say what they are: the frequencies of the path in Hz, the part of
# the recording, and the statistic.

names = model[0].get_feature_names_out()
print(f"{len(names)} features, among them {', '.join(names[[0, 1, -1]])}")

# %%
# How good is it on the recordings that it has not seen?

figure, axis = plt.subplots(figsize=(6, 5.5), layout="constrained")
ConfusionMatrixDisplay.from_estimator(model, X_test, y_test, ax=axis, cmap="Blues", colorbar=False)
axis.set(
    title=f"embedded spoken digits, {model.score(X_test, y_test):.1%} of {len(y_test)} right",
    xlabel="predicted digit",
    ylabel="spoken digit",
)
plt.show()

# %%
# Saving the model
# ----------------
# A fitted pipeline is saved with joblib. Loading runs the code that the file names, so only load
# files that you trust.

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "digits.joblib"
    joblib.dump(model, file)
    print(f"{file.stat().st_size / 1000:.0f} kB")
    again = joblib.load(file)

print(f"spoken: {y_test[:5]}, predicted: {again.predict(X_test[:5])}")
