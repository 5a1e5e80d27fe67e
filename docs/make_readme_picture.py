"""Make docs/_static/readme.png: from a recording to its features to digits told apart.

Usage, with ``skscatter[plot]`` installed::

    python docs/make_readme_picture.py [OUTPUT]

Deterministic for given versions of the libraries; needs no network.
"""

import sys
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscatter import LogScattering1D
from skscatter.datasets import load_spoken_digits

OUTPUT = Path(__file__).parent / "_static" / "readme.png"
RECORDING = "7_rp-m5_0.wav"
BLUE = "#1f4e79"


def draw_recording(axes, signal, sampling_rate):
    seconds = np.arange(len(signal)) / sampling_rate
    axes.plot(seconds, signal, linewidth=0.5, color=BLUE)
    axes.set(
        title="a recording", xlabel="time (s)", ylabel="amplitude", xlim=(0, seconds[-1]), yticks=[]
    )


def draw_features(axes, signal, sampling_rate):
    scattering = LogScattering1D(
        J=8, Q=8, T=64, stride=32, max_order=1, include_order0=False, pooling=None
    ).fit(signal[np.newaxis])
    features = scattering.transform(signal[np.newaxis]).reshape(-1, scattering.n_frames_)
    seconds = np.arange(scattering.n_frames_) * scattering.stride_ / sampling_rate
    frequencies = scattering.paths_["xi1"] * sampling_rate
    axes.pcolormesh(seconds, frequencies, features, shading="nearest", cmap="magma")
    axes.set(
        title="its scattering coefficients",
        xlabel="time (s)",
        ylabel="frequency (Hz)",
        yscale="log",
        ylim=(60, 3600),
        yticks=[100, 300, 1000, 3000],
        yticklabels=["100", "300", "1000", "3000"],
    )
    axes.minorticks_off()


def draw_confusion(axes, digits):
    model = make_pipeline(
        LogScattering1D(n_segments=4), StandardScaler(), LogisticRegression(max_iter=1000)
    )
    # In float64, so that rounding, which differs between machines, decides nothing.
    data = digits.data.astype(np.float64)
    model.fit(data[digits.train], digits.target[digits.train])
    target = digits.target[digits.test]
    matrix = confusion_matrix(target, model.predict(data[digits.test]))
    axes.imshow(matrix, cmap="Blues")
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            color = "white" if row == column else BLUE
            axes.text(column, row, count, ha="center", va="center", color=color, fontsize=9)
    axes.set(
        title=f"{np.trace(matrix)} of {matrix.sum()} digits right",
        xlabel="predicted digit",
        ylabel="spoken digit",
        xticks=range(10),
        yticks=range(10),
    )


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    recordings = load_spoken_digits(n_times=None)
    signal = recordings.data[list(recordings.filenames).index(RECORDING)]
    rate = recordings.sampling_rate

    mpl.rcParams.update({"font.size": 11.5, "axes.titlesize": 13, "axes.titleweight": "bold"})
    figure = Figure(figsize=(12, 4.1), dpi=100, facecolor="white")
    panels = [figure.add_axes([left, 0.15, 0.235, 0.66]) for left in (0.04, 0.395, 0.745)]
    draw_recording(panels[0], signal, rate)
    draw_features(panels[1], signal, rate)
    draw_confusion(panels[2], load_spoken_digits())

    centres = [0.1575, 0.5125, 0.8625]
    steps = ["LogScattering1D", "StandardScaler, LogisticRegression"]
    for (start, stop), name in zip(pairwise(centres), steps, strict=True):
        arrow = FancyArrowPatch(
            (start + 0.01, 0.925),
            (stop - 0.01, 0.925),
            transform=figure.transFigure,
            arrowstyle="-|>",
            mutation_scale=20,
            linewidth=2,
            color=BLUE,
        )
        figure.add_artist(arrow)
        figure.text(
            (start + stop) / 2,
            0.925,
            name,
            ha="center",
            va="center",
            family="monospace",
            color=BLUE,
            bbox={"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": BLUE},
        )
    output.parent.mkdir(exist_ok=True)
    # Without the version of matplotlib, which would make the file differ.
    figure.savefig(output, metadata={"Software": None})


if __name__ == "__main__":
    main()
