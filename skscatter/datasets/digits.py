"""Shared code of the data sets of spoken digits: storage, file names, options and the Bunch."""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skscatter._common.optional import import_optional
from skscatter._common.parameters import MAX_TIMES, check_choice, check_integer

from .audio import fit_length
from .wav import to_float32

SAMPLING_RATE = 8000
# {digit}_{speaker}_{index}.wav
FILE_NAME = re.compile(r"([0-9])_([a-z0-9-]+)_([0-9]{1,4})\.wav")


class DamagedFileError(Exception):
    """A stored file does not hold what was written to it."""


@dataclass(frozen=True)
class Recordings:
    """Recordings, concatenated.

    Parameters
    ----------
    filenames : ndarray of str, of shape (n,)
        In ascending order. Each matches `FILE_NAME`.
    lengths : ndarray of int64, of shape (n,)
        Samples in each recording.
    samples : ndarray of int16 or uint8, of shape (sum of lengths,)
    """

    filenames: NDArray[Any]
    lengths: NDArray[Any]
    samples: NDArray[Any]

    @classmethod
    def from_dict(cls, recordings: Mapping[str, NDArray[Any]]) -> "Recordings":
        """Concatenate recordings in the order of their file names."""
        filenames = sorted(recordings)
        return cls(
            np.array(filenames),
            np.array([len(recordings[name]) for name in filenames], dtype=np.int64),
            np.concatenate([recordings[name] for name in filenames]),
        )

    def to_npz(self, tag: str, *, compressed: bool = False) -> bytes:
        """Return the bytes of an npz file.

        Parameters
        ----------
        tag : str
            Says what is stored, for `from_npz`.
        compressed : bool, default=False
        """
        file = io.BytesIO()
        save = np.savez_compressed if compressed else np.savez
        save(
            file,
            tag=np.array(tag),
            filenames=self.filenames,
            lengths=self.lengths,
            samples=self.samples,
        )
        return file.getvalue()

    @classmethod
    def from_npz(cls, contents: bytes, tag: str) -> "Recordings":
        """Read what `to_npz` wrote under the same tag.

        Raises
        ------
        DamagedFileError
            If the bytes are anything else.
        """
        try:
            # NumPy trusts the shapes in an npz file and does not check its checksums.
            with zipfile.ZipFile(io.BytesIO(contents)) as archive:
                broken = archive.testzip()
            if broken is not None:
                raise ValueError(f"the checksum of {broken} is wrong")
            with np.load(io.BytesIO(contents), allow_pickle=False) as arrays:
                found = cls(arrays["filenames"], arrays["lengths"], arrays["samples"])
                if arrays["tag"] != tag:
                    raise ValueError(f"it holds {arrays['tag']}, not {tag}")
            if found.lengths.sum() != len(found.samples):
                raise ValueError("the lengths do not fit the samples")
        except Exception as error:  # damaged bytes raise nearly anything
            raise DamagedFileError(str(error)) from error
        return found


@dataclass(frozen=True)
class View:
    """The options of the caller, which are checked when it is made."""

    subset: str
    n_times: int | None
    normalize: bool
    return_X_y: bool  # noqa: N815 (scikit-learn's name)
    as_frame: bool

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("subset", self.subset, ("all", "train", "test"))
        for name in ("normalize", "return_X_y", "as_frame"):
            check_choice(name, getattr(self, name), (False, True))
        if self.n_times is not None:
            check_integer("n_times", self.n_times, minimum=1, maximum=MAX_TIMES)
        if self.as_frame:
            if self.n_times is None:
                raise ValueError(
                    "as_frame=True needs recordings of one length, but n_times=None leaves "
                    "each its own. Pass an integer n_times, or as_frame=False."
                )
            _import_pandas()  # an error comes before a download

    def of(self, recordings: Recordings, *, n_test_takes: int, descr: str) -> Any:
        """Prepare recordings according to the options.

        Parameters
        ----------
        recordings : Recordings
            Of int16 samples.
        n_test_takes : int
            Takes 0 to ``n_test_takes - 1`` of each speaker and digit are the test part.
        descr : str
            Name of the description's file, without ``.rst``.

        Returns
        -------
        Bunch, or (data, target)
        """
        parsed = [FILE_NAME.fullmatch(name) for name in recordings.filenames]
        digit, speaker, index = np.array([match.groups() for match in parsed if match]).T
        target, index = digit.astype(np.int64), index.astype(np.int64)
        test = index < n_test_takes
        chosen = {"all": np.ones_like(test), "train": ~test, "test": test}[self.subset]

        bounds = np.concatenate([[0], np.cumsum(recordings.lengths)])
        prepared = [
            fit_length(
                to_float32(recordings.samples[bounds[row] : bounds[row + 1]]),
                self.n_times,
                self.normalize,
            )
            for row in np.flatnonzero(chosen)
        ]
        data: Any = prepared if self.n_times is None else np.stack(prepared)
        target = target[chosen]
        frame = None
        if self.as_frame:
            pd = _import_pandas()
            data = pd.DataFrame(data, columns=[f"t{time}" for time in range(data.shape[1])])
            target = pd.Series(target, name="target")
            frame = pd.concat([data, target], axis=1)
        if self.return_X_y:
            return data, target
        return Bunch(
            data=data,
            target=target,
            frame=frame,
            target_names=np.array([str(name) for name in range(10)]),
            speaker=speaker[chosen],
            index=index[chosen],
            train=~test[chosen],
            test=test[chosen],
            lengths=recordings.lengths[chosen],
            filenames=recordings.filenames[chosen],
            sampling_rate=SAMPLING_RATE,
            DESCR=read_resource("descr", f"{descr}.rst").decode(),
        )


def read_resource(*path: str) -> bytes:
    """Return the contents of a file that is installed with this module."""
    return resources.files("skscatter.datasets").joinpath(*path).read_bytes()


def _import_pandas() -> Any:
    return import_optional("pandas", None, "as_frame=True")
