"""The table of features, with the channel, path, segment or frame, and statistic of each."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skscatter._common.units import units_for
from skscatter._scattering.paths import DIRECTIONS, path_names

ABSENT = -1  # stands for a channel, segment or frame that a feature does not have


class PathFeature(NamedTuple):
    """A feature made from the frames of a path: a statistic of a segment, or one frame."""

    suffix: str
    segment: int
    frame: int
    statistic: str


def path_features(n_segments: int, statistics: tuple[str, ...], n_frames: int) -> list[PathFeature]:
    """List the features of one path, in order. Without statistics, each frame is a feature."""
    if not statistics:
        return [PathFeature(f"_frame{i}", ABSENT, i, "") for i in range(n_frames)]
    return [
        PathFeature(f"_seg{i}_{name}", i, ABSENT, name)
        for i in range(n_segments)
        for name in statistics
    ]


def channel_prefixes(n_channels: int, statistics: tuple[str, ...]) -> list[tuple[str, int]]:
    """List the prefix of the feature names of each channel, and the number of the channel.

    The prefix of a single channel is empty. If channels are pooled, there is a prefix for each
    statistic instead.
    """
    if statistics:
        return [(f"ch{name}_", ABSENT) for name in statistics]
    return [(f"ch{i}_" if n_channels > 1 else "", i) for i in range(n_channels)]


def feature_table(
    prefixes: list[tuple[str, int]],
    paths: NDArray[np.void],
    per_path: list[PathFeature],
    sampling_rate: float | None,
) -> NDArray[np.void]:
    """Describe the features in order: by channel, then by path, then in the order of `per_path`.

    Features of joint scattering also have a ``scale`` and a ``direction``.

    Returns
    -------
    features : structured ndarray of shape (n_features,)
        With the fields that ``features_`` of the transformer documents.
    """
    rate = units_for(sampling_rate).rate
    is_joint = "n_fr" in (paths.dtype.names or ())

    def along_frequency(path: NDArray[np.void]) -> tuple[Any, ...]:
        return (path["scale"], DIRECTIONS[int(path["spin"])]) if is_joint else ()

    rows: list[tuple[Any, ...]] = [
        (
            prefix + name + feature.suffix,
            channel,
            i,
            path["order"],
            path["xi1"] * rate,
            path["xi2"] * rate,
            *along_frequency(path),
            feature.segment,
            feature.frame,
            feature.statistic,
        )
        for prefix, channel in prefixes
        for i, (name, path) in enumerate(zip(path_names(paths, sampling_rate), paths, strict=True))
        for feature in per_path
    ]
    longest = max(len(row[0]) for row in rows)
    return np.array(
        rows,
        dtype=[
            ("name", f"U{longest}"),
            ("channel", np.int32),
            ("path", np.int32),
            ("order", np.int8),
            ("carrier", np.float64),
            ("modulation", np.float64),
            *([("scale", np.float64), ("direction", "U4")] if is_joint else []),
            ("segment", np.int32),
            ("frame", np.int32),
            ("statistic", "U6"),
        ],
    )
