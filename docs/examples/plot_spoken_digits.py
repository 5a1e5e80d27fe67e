"""
Spoken digits: from recordings to a tuned, saved model
======================================================

This example classifies spoken digits with a pipeline of three steps: scattering, scaling, and a
linear model. A grid search chooses two parameters of the scattering transform. The model is then
saved and loaded.

The recordings are included in skscatter and were made with a speech synthesiser. For recordings of
people, replace :func:`~skscatter.datasets.load_spoken_digits` by
:func:`~skscatter.datasets.fetch_fsdd`.
"""

# %%
# The recordings
# --------------
# 22 voices say the ten digits, three times each. Take 0 is the test part, and the other two takes
# are the training part. Both parts therefore have the same voices. All recordings are scaled to the
# same largest magnitude and padded with zeros to the same length.

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
# One recording of each digit:

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
# `n_segments` sets the number of segments of the recording in which the coefficients are averaged.
# With one segment, the features do not contain the order of the sounds. With `trim`, the segments
# divide the part of a recording that is at most 25 dB fainter than its loudest moment, instead of
# the padded recording.
#
# The search runs its fits in two processes, and each fit transforms on one thread. All processing
# of the signals is part of the pipeline, so cross-validation covers it. The four candidates have
# the same coefficients, which `memory` keeps in a folder: each recording is transformed once.

folder = tempfile.TemporaryDirectory()
pipeline = make_pipeline(
    LogScattering1D(sampling_rate=digits.sampling_rate, memory=folder.name),
    StandardScaler(),
    LogisticRegression(max_iter=1000),
)
search = GridSearchCV(
    pipeline,
    {"logscattering1d__trim": [None, 25], "logscattering1d__n_segments": [1, 4]},
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    n_jobs=2,
)
search.fit(X_train, y_train)

results = search.cv_results_
for parameters, mean in zip(results["params"], results["mean_test_score"], strict=True):
    setting = ", ".join(f"{name.split('__')[1]}={value}" for name, value in parameters.items())
    print(f"{setting}: accuracy {mean:.1%} in cross-validation")

# %%
# The model
# ---------
# `best_estimator_` is the pipeline with the best setting, fitted to the whole training part. It
# needs the folder no more.

model = search.best_estimator_.set_params(logscattering1d__memory=None)
folder.cleanup()
print(model)

# %%
# The names of the features contain the frequencies of the path in Hz, the segment of the recording,
# and the statistic.

names = model[0].get_feature_names_out()
print(f"{len(names)} features, among them {', '.join(names[[0, 4, -1]])}")

# %%
# The confusion matrix on the test part:

figure, axis = plt.subplots(figsize=(6, 5.5), layout="constrained")
ConfusionMatrixDisplay.from_estimator(model, X_test, y_test, ax=axis, cmap="Blues", colorbar=False)
axis.set(
    title=f"embedded spoken digits, accuracy {model.score(X_test, y_test):.1%}, n={len(y_test)}",
    xlabel="predicted digit",
    ylabel="spoken digit",
)
plt.show()

# %%
# Saving the model
# ----------------
# Save the fitted pipeline with joblib. Loading a file runs the code that it names, so only load
# files that you trust.

with tempfile.TemporaryDirectory() as saved:
    file = Path(saved) / "digits.joblib"
    joblib.dump(model, file)
    print(f"{file.stat().st_size / 1000:.0f} kB")
    again = joblib.load(file)

print(f"spoken: {y_test[:5]}, predicted: {again.predict(X_test[:5])}")
