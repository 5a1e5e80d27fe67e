"""The row store: what it returns, its keys and its limit.

`test_store_sharing.py` has many processes at once, `test_store_files.py` files from elsewhere, and
`test_store_faults.py` what else can go wrong.
"""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from store_worker import SetClock, fill, key, opened

from skscatter import RowStore
from skscatter._cache import filling, tallies
from skscatter._cache.filling import MAX_ROWS, size_of_next_block
from skscatter._cache.keys import key_context, row_keys
from skscatter._cache.session import TOUCH_AFTER
from skscatter._cache.store import DEFAULT_MAX_BYTES


@pytest.fixture
def store(tmp_path):
    return RowStore(tmp_path)


# ---------------------------------------------------------------- what a store returns


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_come_back_bit_for_bit_in_any_order(store, dtype):
    assert fill(store, range(600), dtype=dtype, block_multiple=8) == list(range(600))
    assert fill(store, reversed(range(600)), dtype=dtype) == []
    assert fill(store, [700, 3, 701], dtype=dtype) == [700, 701]
    assert store.info()[1] == 602


def through(store, keys, rows):
    """Take rows through the store, and return them with the positions that were computed."""
    out, computed = [None] * len(keys), []

    def compute(positions):
        computed.extend(positions.tolist())
        for position in positions:
            yield [position], rows[position][np.newaxis]

    shapes = [row.shape for row in rows]
    for positions, block in filling.fill(store, keys, shapes, rows[0].dtype, compute):
        for position, row in zip(positions, block, strict=True):
            out[position] = row
    return out, computed


def test_special_values_come_back(store):
    values = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324])
    for _ in range(2):
        (row,), _ = through(store, [b"key"], [values])
        assert row.tobytes() == values.tobytes()


def test_rows_may_have_any_shapes(store):
    rows = [np.full(shape, i, float) for i, shape in enumerate([(), (3,), (2, 3), (1, 0, 2), (3,)])]
    keys = [bytes([i]) for i in range(len(rows))]
    for expected in [[0, 1, 2, 3, 4], []]:
        out, computed = through(store, keys, rows)
        assert computed == expected
        for row, right in zip(out, rows, strict=True):
            np.testing.assert_array_equal(row, right, strict=True)


def test_equal_rows_are_computed_once(store):
    assert fill(store, [1, 2, 1, 1, 3, 2]) == [1, 2, 3]
    assert store.info()[-2:] == (3, 3)


def test_no_rows_need_nothing(store):
    assert list(filling.fill(store, [], [], np.dtype(float), compute=None)) == []


def test_large_rows_are_computed_a_few_at_a_time(store, monkeypatch):
    monkeypatch.setattr(filling, "MAX_BYTES", 3 * 16 * 4)
    sizes = []
    fill(store, range(10), before=lambda rows: sizes.append(len(rows)))
    assert sizes == [3, 3, 3, 1]


def test_blocks_grow_with_speed_in_multiples():
    size, sizes = 24, []
    for _ in range(20):
        size = size_of_next_block(size, 1e9, 6)
        sizes.append(size)
    assert sizes[:3] == [48, 96, 192]
    assert all(size % 6 == 0 for size in sizes)
    assert sizes[-1] == MAX_ROWS // 6 * 6


def test_blocks_take_a_quarter_of_a_second(store):
    clock, sizes = SetClock(), []

    def compute_slowly(rows):
        sizes.append(len(rows))
        clock.sleep(len(rows) / 50)

    fill(store, range(60), before=compute_slowly, block_multiple=2, clock=clock)
    assert sizes == [8, 12, 12, 12, 12, 4]


def test_blocks_of_slow_rows_have_one_multiple(store):
    clock, sizes = SetClock(), []

    def compute_slowly(rows):
        sizes.append(len(rows))
        clock.sleep(len(rows))

    fill(store, range(20), before=compute_slowly, block_multiple=3, clock=clock)
    assert sizes == [12, 3, 3, 2]


# ---------------------------------------------------------------- paths, limits and counts


def test_folders_hold_a_file_of_fixed_name(tmp_path):
    (tmp_path / "with.suffix").mkdir()
    (tmp_path / "no_suffix").touch()
    for path, expected in [
        (tmp_path, "features.sqlite"),
        (str(tmp_path / "new"), "new/features.sqlite"),
        (tmp_path / "with.suffix", "with.suffix/features.sqlite"),
        (tmp_path / "new.db", "new.db"),
        (tmp_path / "no_suffix", "no_suffix"),
    ]:
        assert RowStore(path).path == str(tmp_path / expected)


def test_relative_paths_are_taken_from_where_the_store_was_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert RowStore("cache").path == str(tmp_path / "cache" / "features.sqlite")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RowStore("~/cache").path == str(tmp_path / "cache" / "features.sqlite")


@pytest.mark.parametrize("name", ["a b#c?d%20&e", "ünï'\"", "new/folders/below"])
def test_paths_may_hold_any_character(tmp_path, name):
    store = RowStore(tmp_path / name)
    fill(store, range(3))
    assert (tmp_path / name / "features.sqlite").is_file()
    assert fill(store, range(3)) == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([1], TypeError, "path=1 must be"),
        ([b"folder"], TypeError, "path=b'folder' must be"),
        ([""], ValueError, "path='' must be"),
        (["folder", 0], ValueError, "max_bytes=0 must be an integer of at least 1"),
        (["folder", 1e9], TypeError, "max_bytes=1000000000.0 must be an integer"),
    ],
)
@pytest.mark.reliability("Bad input")
def test_bad_arguments_are_named_with_what_is_accepted(arguments, error, message):
    with pytest.raises(error, match=message):
        RowStore(*arguments)


def test_nothing_is_created_before_it_is_needed(tmp_path):
    store = RowStore(tmp_path / "new")
    assert store.info() == (store.path, 0, 0, DEFAULT_MAX_BYTES, 0, 0)
    store.clear()
    assert list(tmp_path.iterdir()) == []


def test_between_calls_there_is_one_file_and_nothing_open(store, tmp_path):
    fill(store, range(3))
    assert [path.name for path in tmp_path.iterdir()] == ["features.sqlite"]


def test_copies_stand_for_the_same_file(store):
    fill(store, range(3))
    for twin in copy.deepcopy(store), pickle.loads(pickle.dumps(store)), RowStore(store.path):
        assert twin == store
        assert hash(twin) == hash(store)
        assert fill(twin, range(3)) == []
    assert len(pickle.dumps(store)) < 200 + len(store.path)
    assert store != RowStore(store.path, max_bytes=None)
    assert repr(store) == f"RowStore({store.path!r}, max_bytes=10737418240)"


def test_info_counts(store):
    fill(store, range(5))
    fill(RowStore(store.path), range(8))
    info = store.info()
    assert (info.path, info.rows, info.hits, info.misses) == (store.path, 8, 5, 8)
    assert 0 < info.bytes <= Path(store.path).stat().st_size


def test_counts_do_not_grow_with_calls(store):
    fill(store, range(2))
    n_tallies = len(tallies._tallies)
    for _ in range(5):
        fill(store, range(2))
    assert len(tallies._tallies) == n_tallies
    assert store.info()[-2:] == (10, 2)


def test_counts_include_what_was_done_before_an_error(store):
    def fail(rows):
        raise RuntimeError

    fill(store, range(3))
    with pytest.raises(RuntimeError):
        fill(store, range(5), before=fail)
    assert store.info()[-2:] == (3, 3)


def test_clear_drops_all_rows_and_gives_the_space_back(store):
    fill(store, range(500), width=64)
    before = Path(store.path).stat().st_size
    store.clear()
    assert store.info().rows == 0
    assert Path(store.path).stat().st_size < before / 4
    assert fill(store, range(3)) == [0, 1, 2]


# ---------------------------------------------------------------- keys


def keys_of(*rows, context="context"):
    return row_keys(rows, context)


def test_keys_do_not_depend_on_the_memory_layout():
    X = np.arange(24.0).reshape(4, 6)
    wide = np.zeros((8, 12))
    wide[::2, ::2] = X
    expected = keys_of(*X)
    for same in np.asfortranarray(X), wide[::2, ::2], X[::-1][::-1], X.astype(">f8"):
        assert keys_of(*same) == expected


def test_undefined_bytes_of_extended_precision_do_not_count():
    a, b = np.empty((2, 5), np.longdouble)
    for row, garbage in (a, 0), (b, 255):
        row.view(np.uint8)[:] = garbage
        row[:] = np.arange(5)
    assert keys_of(a) == keys_of(b)


def test_keys_depend_on_values_type_shape_and_context():
    row = np.arange(1, 7.0)
    others = [
        row[:5],
        row + np.finfo(float).eps * 8,
        row[::-1],
        row.reshape(2, 3),
        row.reshape(3, 2),
        row.reshape(1, 6),
        row.astype(np.float32),
        row.astype(np.int64),
        row.view(np.int64),
        np.append(row, 0),
    ]
    keys = keys_of(row, *others) + keys_of(row, context="another")
    assert len(set(keys)) == len(others) + 2


def test_keys_are_the_same_on_every_machine():
    # If keys changed with an update, stores would be useless, but not wrong.
    row = np.arange(3, dtype=np.float32)
    assert keys_of(row)[0].hex() == "3377f814f00364cdbca359394db1c6b46a6ccc07"


def test_contexts_depend_on_parameters_precision_and_version():
    parameters = {"J": 4, "Q": (8, 1), "pooling": None}
    single, double = np.dtype("float32"), np.dtype("float64")
    contexts = [
        key_context(parameters, double, 1),
        key_context(parameters, double, 2),
        key_context(parameters, single, 1),
        key_context(parameters | {"J": 5}, double, 1),
        key_context(parameters | {"pooling": "mean"}, double, 1),
        key_context({"nested": parameters}, double, 1),
    ]
    assert len(set(contexts)) == len(contexts)
    assert key_context(dict(reversed(parameters.items())), double, 1) == contexts[0]


# ---------------------------------------------------------------- the limit


def test_least_recently_used_rows_go_first(tmp_path):
    clock = SetClock()
    store = RowStore(tmp_path, max_bytes=460_000)
    for first in 0, 100, 200:
        numbers = [*range(first, first + 100)]
        assert fill(store, numbers, width=256, clock=clock) == numbers
        clock.sleep(1000)
    assert fill(store, range(100), width=256, clock=clock) == []
    clock.sleep(1000)  # now the second hundred is the oldest
    fill(store, range(300, 350), width=256, clock=clock)
    assert store.info().bytes <= 460_000

    def stored(numbers):
        with opened(store) as connection:
            there = {found for (found,) in connection.execute("SELECT key FROM rows")}
        return sum(key(number) in there for number in numbers)

    assert stored(range(100, 200)) < 60
    assert stored(range(100)) == stored(range(200, 300)) == 100
    assert stored(range(300, 350)) == 50


def test_the_limit_holds_whatever_is_written(tmp_path):
    store = RowStore(tmp_path, max_bytes=200_000)
    for first in range(0, 2000, 100):
        fill(store, range(first, first + 100), width=200, block_multiple=10)
        assert store.info().bytes <= 200_000
    assert Path(store.path).stat().st_size <= 300_000
    fill(store, range(3), width=100_000)  # not even one fits
    assert store.info().bytes <= 200_000


def test_a_store_without_a_limit_keeps_everything(tmp_path):
    store = RowStore(tmp_path, max_bytes=None)
    fill(store, range(500), width=200)
    assert fill(store, range(500), width=200) == []
    assert store.info().max_bytes is None


def test_looking_up_does_not_write(store):
    clock = SetClock()
    fill(store, range(50), clock=clock)
    with opened(store) as connection:
        (before,) = connection.execute("PRAGMA data_version").fetchone()
        fill(store, range(50), clock=clock)
        assert connection.execute("PRAGMA data_version").fetchone() == (before,)
        clock.sleep(2 * TOUCH_AFTER)
        fill(store, range(50), clock=clock)
        assert connection.execute("PRAGMA data_version").fetchone() != (before,)
