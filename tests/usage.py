"""A user's program, which mypy reads and Python runs against the installed package alone.

mypy must know each type that is asserted, and accept no call that is marked. What depends on the
kind of input or on `set_output` (features, coefficients, data frames, data sets) is Any. So is
what comes from scikit-learn, which has no types, such as `fit_transform`.
"""

from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from skscatter import (
    FilterBankDisplay,
    LogScattering1D,
    LogTimeFrequencyScattering,
    PathImportanceDisplay,
    RowStore,
    RowStoreWarning,
    ScalogramDisplay,
    Scattering1D,
    ScatteringClassifier,
    ScatteringDisplay,
    SelectPaths,
    TimeFrequencyDisplay,
    TimeFrequencyScattering,
    WaveletPPV,
    frame_signal,
)
from skscatter.datasets import clear_data_home, get_data_home, load_recordings, load_spoken_digits


def transform(folder: Path) -> None:
    digits = load_spoken_digits(subset="test", n_times=4096)
    X: NDArray[np.float32] = digits.data[:20]
    ragged: list[NDArray[np.float32]] = [X[0], X[1, :3000]]

    scattering = assert_type(LogScattering1D(sampling_rate=8000).fit(X), LogScattering1D)
    assert_type(Scattering1D(J=5, Q=(8, 2), T=20.5, pooling=("mean", "max")).fit(X), Scattering1D)
    assert_type(LogScattering1D(memory=folder / "store").fit(ragged), LogScattering1D)
    assert_type(scattering.J_, int)
    assert_type(scattering.Q_, tuple[int, int])
    assert_type(scattering.T_, float)
    assert_type(scattering.stride_, int)
    assert_type(scattering.n_times_, int | None)
    assert_type(scattering.n_channels_, int)
    assert_type(scattering.n_frames_, int | None)
    features: NDArray[np.float32] = scattering.transform(X)
    assert features.dtype == np.float32
    assert features.shape == (20, len(scattering.get_feature_names_out()))
    assert_type(scattering.transform_batches([X, X]), Generator[Any, None, None])
    assert_type(scattering.frame_times(), NDArray[np.float64])
    assert_type(scattering.get_feature_names_out(), NDArray[Any])
    assert_type(scattering.paths_, NDArray[np.void])
    assert_type(scattering.features_, NDArray[np.void])

    ppv = assert_type(WaveletPPV(J=4, padding="zero").fit(X), WaveletPPV)
    assert_type(ppv.J_, int)
    assert ppv.transform(X).shape == (20, len(ppv.get_feature_names_out()))
    model = ScatteringClassifier(LogScattering1D(trim=25), ppv, ppv_share=0.5)
    assert_type(model.fit(X, digits.target[:20]), ScatteringClassifier)
    assert_type(model.predict(X), NDArray[Any])

    band = assert_type(SelectPaths(scattering, order=1, carrier=(300, None)).fit(X), SelectPaths)
    assert_type(band.get_support(), NDArray[Any])

    joint = assert_type(TimeFrequencyScattering(J=7, F="global").fit(X), TimeFrequencyScattering)
    assert_type(joint.by_frequency(joint.scatter(X))[0], NDArray[np.void])
    assert_type(LogTimeFrequencyScattering(parts=("first", "joint")), LogTimeFrequencyScattering)

    store = RowStore(folder, max_bytes=10**6)
    assert_type(store.info().rows, int)
    assert_type(store.info().path, str)
    assert issubclass(RowStoreWarning, UserWarning)

    frames, start = frame_signal(X[0], 256, sampling_rate=8000)
    assert_type(frames, NDArray[Any])
    assert_type(start, NDArray[Any])
    assert_type(get_data_home(folder), str)


def draw(scattering: Scattering1D, model: object, x: NDArray[np.float32]) -> None:
    assert_type(ScalogramDisplay.from_estimator(scattering, x), ScalogramDisplay)
    assert_type(ScatteringDisplay.from_estimator(scattering, x).plot(), ScatteringDisplay)
    assert_type(FilterBankDisplay.from_estimator(scattering), FilterBankDisplay)
    assert_type(PathImportanceDisplay.from_estimator(model), PathImportanceDisplay)
    joint = LogTimeFrequencyScattering().fit([x])
    assert_type(TimeFrequencyDisplay.from_estimator(joint, x), TimeFrequencyDisplay)


def mistakes(X: NDArray[np.float32]) -> None:
    from skscatter import Scattering2D  # type: ignore[attr-defined]  # noqa: F401

    Scattering1D(J="8")  # type: ignore[arg-type]
    Scattering1D(8, 8, None, 2)  # type: ignore[call-arg]
    LogScattering1D(log_epsilon=1e-3)  # type: ignore[call-arg]
    Scattering1D(Q=(8, 1, 1))  # type: ignore[arg-type]
    SelectPaths("J=8")  # type: ignore[arg-type]
    LogScattering1D().fit()  # type: ignore[call-arg]
    LogScattering1D().fit(X).transform_batches(8)  # type: ignore[arg-type]
    frame_signal(X[0], "256")  # type: ignore[arg-type]
    RowStore(8)  # type: ignore[arg-type]
    load_recordings("folder", 8000)  # type: ignore[call-arg]
    load_spoken_digits(n_samples=10)  # type: ignore[call-arg]
    clear_data_home().exists()  # type: ignore[attr-defined]


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        transform(Path(folder))
