"""A user's program, which runs against the installed package alone."""

from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from skscatter import (
    LogScattering1D,
    RowStore,
    RowStoreWarning,
    Scattering1D,
    SelectPaths,
    frame_signal,
)
from skscatter.datasets import get_data_home, load_spoken_digits


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

    band = assert_type(SelectPaths(scattering, order=1, carrier=(300, None)).fit(X), SelectPaths)
    assert_type(band.get_support(), NDArray[Any])

    store = RowStore(folder, max_bytes=10**6)
    assert_type(store.info().rows, int)
    assert_type(store.info().path, str)
    assert issubclass(RowStoreWarning, UserWarning)

    frames, start = frame_signal(X[0], 256, sampling_rate=8000)
    assert_type(frames, NDArray[Any])
    assert_type(start, NDArray[Any])
    assert_type(get_data_home(folder), str)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        transform(Path(folder))
