"""
Regression: fat in meat, from its spectrum
==========================================

A spectrometer measures how much near infrared light a piece of meat absorbs at 100 wavelengths. A
chemical analysis tells how much fat it contains. The task is to predict the fat from the spectrum.
A signal need not be a function of time: here it is a curve over wavelength.

The Tecator data set [#tecator]_ is included in `sktime <https://www.sktime.net>`_.
"""

# %%
# The spectra
# -----------
# The curves differ most in height, which says little about fat. Fat shows in their shape: the bump
# at 930 nm.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler, scale
from sklearn.svm import SVR
from sktime.datasets import load_tecator

from skscatter import LogScattering1D

X_train, y_train = load_tecator(split="train", return_type="numpy3D")
X_test, y_test = load_tecator(split="test", return_type="numpy3D")
X_train, X_test = X_train[:, 0], X_test[:, 0]  # one channel
print(f"training: {X_train.shape}, test: {X_test.shape}")

figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
fat = plt.cm.ScalarMappable(plt.Normalize(y_train.min(), y_train.max()))
for spectrum, color in zip(X_train, fat.to_rgba(y_train), strict=True):
    ax.plot(np.linspace(850, 1050, len(spectrum)), spectrum, color=color, linewidth=0.7)
figure.colorbar(fat, ax=ax, label="fat (%)")
ax.set(xlabel="wavelength (nm)", ylabel="absorbance")
plt.show()

# %%
# The models
# ----------
# Ridge regression and partial least squares are linear in the spectrum. The third model removes
# height and contrast of each spectrum, and uses a support vector machine. The fourth is ridge
# regression on scattering with its default parameters. All choices are made by cross-validation on
# the training part.

ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-6, 4, 21)))
curves = make_pipeline(
    FunctionTransformer(scale, kw_args={"axis": 1}), StandardScaler(), SVR(epsilon=0.1)
)
models = {
    "ridge": ridge,
    "partial least squares": GridSearchCV(PLSRegression(), {"n_components": range(1, 25)}, cv=5),
    "support vectors": GridSearchCV(
        curves, {"svr__C": [10, 100, 1000, 10000], "svr__gamma": [1e-4, 1e-3, 1e-2]}, cv=5
    ),
    "scattering, ridge": make_pipeline(LogScattering1D(), ridge),
}
LogScattering1D().fit_transform(X_train)  # the first call may compile

figure, axes = plt.subplots(1, 4, figsize=(10, 3.4), sharex=True, sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    start = time.perf_counter()
    predicted = model.fit(X_train, y_train).predict(X_test)
    seconds = time.perf_counter() - start
    error = root_mean_squared_error(y_test, predicted)
    print(f"{name:>22}: error {error:.2f}% fat, {seconds:.2f} s")
    ax.plot([0, 50], [0, 50], color="gray", linewidth=0.7)
    ax.plot(y_test, predicted, ".")
    ax.set(title=f"{name}\nerror {error:.2f}%", xlabel="measured fat (%)", box_aspect=1)
axes[0].set_ylabel("predicted fat (%)")
plt.show()

# %%
# The fat is not a linear function of the spectrum. Scattering computes moduli and a logarithm, so a
# linear model on its features follows it, to a quarter of the error. The support vector machine is
# as accurate on the spectra themselves, once their heights are removed, and takes a search.
#
# .. [#tecator] C. Borggaard and H. H. Thodberg, "Optimal minimal neural interpretation of spectra",
#    Analytical Chemistry 64(5), 1992.
