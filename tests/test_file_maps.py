import re
import tracemalloc
from pathlib import Path

import joblib
import numpy as np
import pytest

from skscatter import LogScattering1D, frame_signal
from skscatter._signals import file_maps

SMAPS = Path("/proc/self/smaps")


def resident_file_bytes(path):
    """Memory that maps of a file take in this process, in bytes."""
    total, inside = 0, False
    for line in SMAPS.read_text(encoding="utf-8").splitlines():
        if re.match("[0-9a-f]+-[0-9a-f]+ ", line):
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1]) * 1024
    return total


needs_smaps = pytest.mark.skipif(
    not SMAPS.exists(),
    reason="only Linux shows the memory of a file's map",
)


@pytest.fixture
def mapped_record(tmp_path):
    """A record of 16 MiB on a file, mapped but not read."""
    path = tmp_path / "record.npy"
    np.save(path, np.random.default_rng(0).standard_normal(4 * 2**20, dtype=np.float32))
    return np.load(path, mmap_mode="r"), path


@needs_smaps
def test_mapped_files_are_not_read(mapped_record):
    record, path = mapped_record
    frames = frame_signal(record, 1000, 10).frames
    assert np.shares_memory(frames, record)
    assert resident_file_bytes(path) < 2**20
    np.testing.assert_array_equal(frames[1000], record[10_000:11_000])


@needs_smaps
def test_a_mapped_file_does_not_stay_in_memory_after_a_transform(mapped_record):
    record, path = mapped_record
    frames = frame_signal(record, 2**16).frames
    transformer = LogScattering1D(Q=1, max_order=1)
    features = transformer.fit(frames).transform(frames)
    assert resident_file_bytes(path) < 2**20
    np.testing.assert_array_equal(features, transformer.transform(np.array(frames)))


def test_a_copy_on_write_map_keeps_its_changes(mapped_record):
    _, path = mapped_record
    record = np.load(path, mmap_mode="c")
    record[:] = 1
    transformer = LogScattering1D(Q=1, max_order=1)
    transformer.fit_transform(record.reshape(64, -1))
    assert record.min() == 1


def test_a_writable_map_keeps_what_was_written(tmp_path):
    record = np.memmap(tmp_path / "record", np.float32, "w+", shape=(64, 1024))
    record[:] = 1
    LogScattering1D(Q=1, max_order=1).fit_transform(record)
    assert record.min() == 1


def test_a_frame_that_is_not_finite_is_found_without_a_copy():
    x = np.zeros(2**22, np.float32)
    x[-1] = np.nan
    frames = frame_signal(x, 2**21, 2**14).frames
    tracemalloc.start()
    try:
        message = r"X\[128, 2097151\] is nan\. .* NaN\. Signals must hold finite numbers"
        with pytest.raises(ValueError, match=message):
            LogScattering1D().fit(frames)
        assert tracemalloc.get_traced_memory()[1] < frames.nbytes / 10
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(7,), (7, 100), (100, 7), (3, 50, 20), (1, 1, 999), (0, 5)])
@pytest.mark.parametrize("block_bytes", [8, 80, 1000, 10**6])
def test_blocks_are_all_of_an_array(shape, block_bytes, monkeypatch):
    monkeypatch.setattr(file_maps, "BLOCK_BYTES", block_bytes)
    x = np.random.default_rng(0).standard_normal(shape)
    found = list(file_maps.blocks_of(x))
    assert all(block.nbytes <= block_bytes for block in found)
    np.testing.assert_array_equal(np.concatenate([block.ravel() for block in found]), x.ravel())


def test_frames_on_a_file_go_to_processes_as_they_are(mapped_record):
    frames = frame_signal(mapped_record[0], 2**12, 2**4).frames  # 4 GiB as an array
    shapes = joblib.Parallel(n_jobs=2)(
        joblib.delayed(lambda frames: (frames.shape, float(frames[7, 0])))(frames) for _ in "ab"
    )
    assert shapes == [(frames.shape, float(frames[7, 0]))] * 2
