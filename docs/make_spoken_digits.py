"""Make the recordings that `skscatter.datasets.load_spoken_digits` returns.

Usage, with espeak-ng and skscatter installed (``apt-get install espeak-ng``)::

    python docs/make_spoken_digits.py [OUTPUT]

The default of OUTPUT is ``skscatter/datasets/data/spoken_digits.npz`` of this checkout.
The shipped file was made with espeak-ng 1.51. With that version, the script makes the same
recordings every time. ``--check`` compares them with an existing file instead of writing.

Each recording is one English digit, spoken by espeak-ng and then made less clean:

1. speed and pitch differ from take to take;
2. it is trimmed to the sound itself and resampled from 22,050 Hz to 8 kHz;
3. its spectrum is tilted, as by a microphone and its distance;
4. up to 60 ms of silence are added before and after it;
5. coloured background noise is added, 5 to 25 dB below the speech;
6. it gets a gain of 0 to -20 dB;
7. in a third of the recordings, the recorder runs for 0.1 to 0.25 s before and after the word, and
   records noise 60 dB below the loudest sample;
8. it is stored as G.711 mu-law, 8 bits a sample, which keeps the wheel small.
"""

import argparse
import itertools
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
from scipy import signal

from skscatter.datasets.audio import read_recording
from skscatter.datasets.digits import SAMPLING_RATE, Recordings
from skscatter.datasets.spoken_digits import MU_LAW, TAG

OUTPUT = Path(__file__).parents[1] / "skscatter" / "datasets" / "data" / "spoken_digits.npz"
SEED = 20261122
N_TAKES = 3
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# Accents of espeak-ng by the name that they have here, each with variants of the voice (m is male,
# f is female). Whispers, robots, and variants that imitate other synthesizers are left out.
VOICES = {
    "caribbean": ("en-029", ["m1", "m3", "f2"]),
    "england": ("en-gb", ["m1", "m3", "f2", "f4"]),
    "lancaster": ("en-gb-x-gbclan", ["m2", "f5"]),
    "newyork": ("en-us-nyc", ["m4", "m7", "f1"]),
    "rp": ("en-gb-x-rp", ["m5", "f3"]),
    "scotland": ("en-gb-scotland", ["m2", "m7", "f4"]),
    "usa": ("en-us", ["m1", "m6", "f1", "f5"]),
    "westmidlands": ("en-gb-x-gbcwmd", ["m6"]),
}


def speak(word, voice, rng):
    """Return a word spoken by espeak-ng, at 8 kHz, trimmed."""
    command = ["espeak-ng", "-v", voice, "--stdout"]
    command += ["-s", str(rng.integers(155, 226)), "-p", str(rng.integers(25, 76)), word]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    sound, rate = read_recording(output)
    # Not the resampler of `read_recording`: it would make other recordings than those shipped.
    speech = signal.resample_poly(sound[0].astype(np.float64), SAMPLING_RATE, rate)
    (sounding,) = np.nonzero(np.abs(speech) > 0.01 * np.abs(speech).max())
    return speech[sounding[0] : sounding[-1] + 1]


def coloured_noise(n_times, exponent, rng):
    """Return noise of unit power whose power spectrum falls as ``frequency ** -exponent``."""
    spectrum = np.fft.rfft(rng.standard_normal(n_times))
    spectrum[1:] *= np.arange(1, len(spectrum)) ** (-exponent / 2)
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, n_times)
    return noise / np.sqrt(np.mean(noise**2))


def record(word, voice, rng):
    """Return one take as int16 samples at 8 kHz."""
    speech = speak(word, voice, rng)
    tilt = rng.uniform(-0.5, 0.5)
    speech = signal.lfilter([1, tilt], [1], speech)
    speech /= np.sqrt(np.mean(speech**2))
    take = np.pad(speech, rng.integers(0, 0.06 * SAMPLING_RATE, size=2))
    noise_level = 10 ** (-rng.uniform(5, 25) / 20)
    take += noise_level * coloured_noise(len(take), rng.uniform(0, 1.5), rng)
    peak = 10 ** (-rng.uniform(0, 20) / 20)
    take *= peak / np.abs(take).max()
    if rng.integers(3) == 0:
        around = rng.integers(0.1 * SAMPLING_RATE, 0.25 * SAMPLING_RATE, size=2)
        silence = 10 ** (-60 / 20) * peak * rng.standard_normal(around.sum()).clip(-3, 3)
        take = np.concatenate([silence[: around[0]], take, silence[around[0] :]])
    return np.round(take * (2**15 - 1)).astype(np.int16)


def mu_law(samples):
    """Return the bytes whose values in the table MU_LAW are nearest to the samples."""
    order = np.argsort(MU_LAW, kind="stable")
    levels = MU_LAW[order].astype(np.int64)
    return order[np.searchsorted((levels[1:] + levels[:-1]) // 2, samples)].astype(np.uint8)


def make_take(number, digit, index):
    """Return the file name and the mu-law bytes of one take of a voice, given by its number."""
    accent, language, variant = [
        (accent, language, variant)
        for accent, (language, variants) in VOICES.items()
        for variant in variants
    ][number]
    # A generator for each take, so that none depends on the others.
    rng = np.random.default_rng([SEED, number, digit, index])
    take = record(WORDS[digit], f"{language}+{variant}", rng)
    return f"{digit}_{accent}-{variant}_{index}.wav", mu_law(take)


def make():
    """Make all recordings, sorted by file name."""
    n_voices = sum(len(variants) for _, variants in VOICES.values())
    numbers = itertools.product(range(n_voices), range(len(WORDS)), range(N_TAKES))
    return Recordings.from_dict(dict(itertools.starmap(make_take, numbers)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", nargs="?", type=Path, default=OUTPUT)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    made = make()
    if arguments.check:
        # Not byte by byte: another zlib compresses differently.
        found = Recordings.from_npz(arguments.output.read_bytes(), TAG)
        names = [field.name for field in fields(Recordings)]
        same = all(np.array_equal(getattr(made, name), getattr(found, name)) for name in names)
        sys.exit(None if same else f"{arguments.output} holds other recordings.")
    contents = made.to_npz(TAG, compressed=True)
    arguments.output.write_bytes(contents)
    print(f"{arguments.output}: {len(contents)} bytes")


if __name__ == "__main__":
    main()
