"""Save models of this version for later versions to read: ``python tests/make_saved.py``.

Run once for each release. Files in ``tests/saved`` are never replaced.
"""

import json
import pickle
from pathlib import Path

import numpy as np
from cases import noise

from skscatter import LogScattering1D, Scattering1D, SelectPaths, __version__

FOLDER = Path(__file__).parent / "saved"

X = noise(300, 4, np.float32)
LISTED = [x[:n] for x, n in zip(X, (300, 180, 222, 300), strict=True)]
CHANNELS = X.reshape(2, 2, 300)
MODELS = {
    "defaults": (LogScattering1D(), X),
    "every-frame": (Scattering1D(J=4, Q=(4, 2), T=20.0, pooling=None, input_scaling="rms"), X),
    "lists": (LogScattering1D(J=5, n_segments=3, pooling=("mean", "std")), LISTED),
    "channels": (Scattering1D(J=5, channel_pooling="max", include_order0=True), CHANNELS),
    "paths": (SelectPaths(LogScattering1D(J=5, sampling_rate=100.0), order=2), X),
}


def main():
    folder = FOLDER / __version__
    folder.mkdir()
    for name, (estimator, signals) in MODELS.items():
        fitted = estimator.fit(signals)
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(fitted, protocol=5))
        features = {
            "names": fitted.get_feature_names_out().tolist(),
            "features": fitted.transform(signals[:1]).tolist(),
        }
        (folder / f"{name}.json").write_text(json.dumps(features) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
