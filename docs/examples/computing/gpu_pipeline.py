"""
A pipeline on a GPU
===================

With PyTorch tensors and scikit-learn's array API support, signals, features and the model stay on
one device from end to end. The documentation build runs this page only if PyTorch finds a CUDA
device. The code also runs on a CPU.
"""

# %%
# SciPy requires this variable. It must be set before SciPy is imported.

import os

os.environ["SCIPY_ARRAY_API"] = "1"

import sklearn
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D
from skscatter.datasets import load_spoken_digits

device = "cuda" if torch.cuda.is_available() else "cpu"
digits = load_spoken_digits()
train, test = digits.train, digits.test

# %%
# NumPy in, NumPy out
# -------------------
# Signals in NumPy arrays are copied to the device block by block. The features are NumPy arrays.

pipe = make_pipeline(
    LogScattering1D(backend="torch", device=device),
    StandardScaler(),
    LogisticRegression(max_iter=1000),
)
pipe.fit(digits.data[train], digits.target[train])
accuracy = pipe.score(digits.data[test], digits.target[test])
print(f"features computed on {device}: {accuracy:.1%}")

# %%
# A model fitted on a GPU also runs on a machine without one, because the device is chosen when
# signals are transformed.

pipe.set_params(logscattering1d__device="cpu")
print(f"the same model on the CPU: {pipe.score(digits.data[test], digits.target[test]):.1%}")

# %%
# Tensors from end to end
# -----------------------
# With ``array_api_dispatch`` everything is computed on the device of the tensors: features,
# scaling, classifier and predictions.

X, y = (torch.asarray(each, device=device) for each in (digits.data, digits.target))
with sklearn.config_context(array_api_dispatch=True):
    whole = make_pipeline(LogScattering1D(), StandardScaler(), LogisticRegression(max_iter=1000))
    predicted = whole.fit(X[train], y[train]).predict(X[test])
print(f"tensors on {predicted.device}: {(predicted == y[test]).float().mean():.1%}")
