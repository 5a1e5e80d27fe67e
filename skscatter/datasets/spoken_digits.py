"""The embedded recordings of spoken digits."""

from dataclasses import replace
from typing import Any

import numpy as np

from skscatter._common.public import public

from .digits import Recordings, View, read_resource

# What docs/make_spoken_digits.py writes and load_spoken_digits reads.
TAG = "skscatter-spoken-digits-1"
N_TEST_TAKES = 1

# ITU-T G.711 mu-law: the int16 sample of each byte. A byte is stored inverted. It holds a sign
# bit, three bits of exponent and four of mantissa. A bias of 132 makes the segments join.
_code = ~np.arange(256, dtype=np.uint8)
_magnitude = (((_code & 0x0F).astype(np.int16) << 3) + 132 << (_code >> 4 & 0x07)) - 132
MU_LAW = np.where(_code & 0x80, -_magnitude, _magnitude).astype(np.int16)


@public
def load_spoken_digits(
    *,
    subset: str = "all",
    n_times: int | None = 8192,
    normalize: bool = True,
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Any:
    """Load the embedded spoken digits (classification), without a network.

    The ten English digits, "zero" to "nine", are spoken by 22 synthetic voices, three takes
    each. The takes differ in speed, pitch, loudness, background noise and the silence around
    them, which is up to a quarter of a second long. They are meant for examples, tests and
    demonstrations, not for claims about speech.
    `fetch_fsdd` has recordings of people.

    =================   ==========================
    Classes                                     10
    Recordings           660 (440 train, 220 test)
    Voices                                      22
    Sampling rate                         8,000 Hz
    Length                  1,841 to 8,344 samples
    =================   ==========================

    Parameters
    ----------
    subset : {"all", "train", "test"}, default="all"
        Which recordings to return. Take 0 of each voice and digit is the test part, and the
        others are the training part. Every voice is in both.
    n_times : int or None, default=8192
        Length of every recording, in samples. The first `n_times` samples are kept, and
        shorter recordings are centred in zeros. If None, each keeps its own length.
    normalize : bool, default=True
        Whether to divide each recording by its largest magnitude. If False, 1 is the full
        scale of the 16-bit samples.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Whether to return pandas objects. Requires an integer `n_times`.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        Recordings in ascending order of their file names (as strings), with these
        attributes:

        data : ndarray of shape (n_samples, n_times), float32
            The signals. A DataFrame with columns ``t0``, ``t1``, ... if `as_frame`; a list of
            1-D float32 arrays if `n_times` is None.
        target : ndarray of shape (n_samples,), int64
            The digit, 0 to 9. A Series if `as_frame`.
        frame : DataFrame or None
            `data` and `target` together, if `as_frame`.
        target_names : ndarray of shape (10,), str
            ``"0"`` to ``"9"``.
        speaker : ndarray of shape (n_samples,), str
            The voice: its accent and variant, for example ``"scotland-f4"``.
        index : ndarray of shape (n_samples,), int64
            Number of the take.
        train, test : ndarray of shape (n_samples,), bool
            Whether each recording is in the training part, and in the test part.
        lengths : ndarray of shape (n_samples,), int64
            Length of each recording before it was cut or padded, in samples.
        filenames : ndarray of shape (n_samples,), str
            ``{digit}_{speaker}_{index}.wav``.
        sampling_rate : int
            8000, in Hz.
        DESCR : str
            Description, provenance and licence.

    (data, target) : tuple
        If `return_X_y`.

    Raises
    ------
    TypeError, ValueError
        If a parameter has a value that is not accepted.
    ImportError
        If `as_frame` and pandas is not installed.

    See Also
    --------
    fetch_fsdd : 3000 recordings of six people.

    Notes
    -----
    The recordings were made for skscatter with espeak-ng 1.51, by
    ``docs/make_spoken_digits.py``. They are licensed like skscatter (BSD-3-Clause) and stored as
    8-bit G.711 mu-law.

    Examples
    --------
    >>> from skscatter.datasets import load_spoken_digits
    >>> digits = load_spoken_digits()
    >>> digits.data.shape
    (660, 8192)
    """
    view = View(subset, n_times, normalize, return_X_y, as_frame)
    stored = Recordings.from_npz(read_resource("data", "spoken_digits.npz"), TAG)
    recordings = replace(stored, samples=MU_LAW[stored.samples])
    return view.of(recordings, n_test_takes=N_TEST_TAKES, descr="spoken_digits")
