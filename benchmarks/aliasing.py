"""Error of the coefficients from subsampling between the orders.

The coefficients are compared with those of a transform without subsampling. The table gives the
relative error (Frobenius norm) of each order over all recordings, and of the worst path. The
recordings are from the Free Spoken Digit Dataset, or the embedded digits if it is not available.

The table of docs/guide/parameters.md comes from::

    python benchmarks/aliasing.py

The data set can also be read from an archive::

    python benchmarks/aliasing.py --source free-spoken-digit-dataset-1.0.10.zip
"""

import argparse

import numpy as np

from skscatter import Scattering1D
from skscatter._cli.demo import load_digits


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", help="path or URL of a copy of the archive")
    parser.add_argument("--n-signals", type=int, default=30)
    parser.add_argument("-J", type=int, default=8)
    parser.add_argument("-Q", type=int, default=12)
    arguments = parser.parse_args()
    digits = load_digits("auto", n_times=8192, source=arguments.source)
    every = len(digits.bunch.data) // arguments.n_signals
    X = digits.bunch.data[::every].astype(np.float64)
    settings = {"J": arguments.J, "Q": arguments.Q, "n_jobs": -1}

    # Nothing is subsampled at a stride of one sample. Results are large, so one signal at a time.
    unsampled = Scattering1D(stride=1, **settings).fit(X)
    frames = {}
    for subsampling in "standard", "critical":
        transformer = Scattering1D(subsampling=subsampling, **settings).fit(X)
        frames[subsampling] = transformer.scatter(X)[:, 0]
    stride, n_frames = transformer.stride_, transformer.n_frames_
    exact = np.stack([unsampled.scatter(x[np.newaxis])[0, 0, :, ::stride] for x in X])
    exact = exact[..., :n_frames]

    order = transformer.paths_["order"]
    print(f"{digits.title}: {len(X)} recordings, J={arguments.J}, Q={arguments.Q}, float64")
    print("relative error against the transform without subsampling\n")
    print(f"{'subsampling':12}{'order 1':>12}{'order 2':>12}{'worst path':>12}")
    for subsampling, S in frames.items():
        errors = [relative_error(S[:, order == k], exact[:, order == k]) for k in (1, 2)]
        worst = max(relative_error(S[:, i], exact[:, i]) for i in range(len(order)))
        print(f"{subsampling:12}{errors[0]:12.1e}{errors[1]:12.1e}{worst:12.1e}")


def relative_error(S: np.ndarray, exact: np.ndarray) -> float:
    """Frobenius norm of the difference over that of the exact values."""
    return float(np.linalg.norm(S - exact) / np.linalg.norm(exact))


if __name__ == "__main__":
    main()
