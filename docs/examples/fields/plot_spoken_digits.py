"""
Speech: from a folder of recordings to a saved model
====================================================

A model recognizes spoken digits of voices that it has never heard. This example starts from a
folder of WAV files, chooses a parameter, and compares the model with the usual features of speech.
It ends with the command line, which classifies a new recording.

The recordings are included in skscatter, and were made with a speech synthesiser. For recordings of
people, see :func:`~skscatter.datasets.fetch_fsdd`.
"""

# %%
# A folder
# --------
# For the sake of the example, the recordings are written to a folder first: ``0/``, ``1/`` and so
# on, one folder for each class. :func:`~skscatter.datasets.load_recordings` reads such a folder.
# The names of the sub-folders become labels. The file names contain the voice.

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from scipy.fft import dct
from scipy.io import wavfile
from scipy.signal import spectrogram
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skscatter import LogScattering1D
from skscatter.datasets import load_recordings, load_spoken_digits

temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name, "recordings")
spoken = load_spoken_digits(subset="train", n_times=None)
for name, signal in zip(spoken.filenames, spoken.data, strict=True):
    folder.joinpath(name[0]).mkdir(parents=True, exist_ok=True)
    wavfile.write(folder / name[0] / name, spoken.sampling_rate, signal)

digits = load_recordings(folder)
voice = np.array([Path(name).stem.split("_")[1] for name in digits.filenames])
print(f"{len(digits.data)} recordings, {len(set(voice))} voices, {digits.sampling_rate} Hz")

figure, axes = plt.subplots(2, 5, figsize=(9, 3), sharex=True, sharey=True, layout="constrained")
for k, ax in enumerate(axes.flat):
    signal = digits.data[np.flatnonzero(digits.target == k)[0]]
    ax.plot(np.arange(len(signal)) / digits.sampling_rate, signal, linewidth=0.5)
    ax.set_title(digits.target_names[k])
figure.supxlabel("time (s)")
plt.show()

# sphinx_gallery_thumbnail_number = 2

# %%
# The models
# ----------
# Six of the 22 voices are for the test. The number of segments of time is chosen by
# cross-validation over the others, in which no voice is in two folds. `trim` is set, whatever
# cross-validation says: new recordings will have other silence around the word. It makes features
# of the part of a recording that is at most 25 dB fainter than its loudest moment. `memory` keeps
# the coefficients in a folder, so each recording is transformed once.
#
# Mel-frequency cepstral coefficients (MFCC) are the usual features of speech. Here they have their
# mean and standard deviation in each segment.


def mfcc(X, n_segments):
    """Mel-frequency cepstral coefficients, and their mean and deviation in segments."""
    features = []
    for x in X:
        hertz, _, power = spectrogram(x, digits.sampling_rate, nperseg=200, noverlap=120, nfft=256)
        mel = 2595 * np.log10(1 + hertz / 700)
        centres = np.linspace(100, mel[-1], 28)[:, np.newaxis]
        bands = np.maximum(0, 1 - abs(mel - centres) / (centres[1] - centres[0]))
        cepstrum = dct(np.log(bands @ power + 1e-10), axis=0, norm="ortho")[:13]
        parts = np.array_split(cepstrum, n_segments, axis=1)
        features.append(np.ravel([[part.mean(axis=1), part.std(axis=1)] for part in parts]))
    return np.array(features)


scattering = LogScattering1D(trim=25, sampling_rate=digits.sampling_rate, memory=temporary.name)
searched = {
    "scattering": (scattering, {"logscattering1d__n_segments": [2, 4]}),
    "MFCC": (
        FunctionTransformer(mfcc),
        {"functiontransformer__kw_args": [{"n_segments": n} for n in (1, 4, 8)]},
    ),
}
test = np.isin(voice, np.unique(voice)[::4])
X_train, X_test = ([digits.data[i] for i in np.flatnonzero(part)] for part in (~test, test))
y_train, y_test = digits.target[~test], digits.target[test]
LogScattering1D().fit_transform(X_test)  # the first call may compile

searches = {}
for name, (features, grid) in searched.items():
    start = time.perf_counter()
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3)
    search = GridSearchCV(make_pipeline(features, StandardScaler(), lda), grid, cv=GroupKFold(3))
    searches[name] = search.fit(X_train, y_train, groups=voice[~test])
    seconds = time.perf_counter() - start
    print(f"{name}: {search.best_params_}, {search.score(X_test, y_test):.1%}, {seconds:.0f} s")

# %%
# The confusion matrix of the model on scattering, on voices that it has never heard:

model = searches["scattering"].best_estimator_
figure, ax = plt.subplots(figsize=(5.5, 5), layout="constrained")
ConfusionMatrixDisplay.from_estimator(model, X_test, y_test, ax=ax, cmap="Blues", colorbar=False)
ax.set(xlabel="predicted digit", ylabel="spoken digit")
plt.show()

# %%
# A new recording
# ---------------
# The model is saved. A recording has faint noise before and after the digit, as recordings do.
# ``skscatter predict MODEL RECORDING`` classifies it. Loading a model runs the code that its file
# names, so only load files that you trust.

file = Path(temporary.name, "digits.joblib")
joblib.dump(model, file)
noise = 1e-3 * np.random.default_rng(0).standard_normal(len(X_test[0]) + 12000)
noise[8000:-4000] += X_test[0]  # one second before the digit, half a second after it
recording = Path(temporary.name, f"a_{digits.target_names[y_test[0]]}.wav")
wavfile.write(recording, int(digits.sampling_rate), noise.astype(np.float32))

command = [sys.executable, "-m", "skscatter", "predict", file.name, recording.name]
print(subprocess.check_output(command, cwd=temporary.name, text=True))
temporary.cleanup()
