"""Files that are not row stores, or hostile: nothing in them is run, and they are left alone."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from store_worker import fill, opened

from skscatter import RowStore, RowStoreWarning
from skscatter._cache import database
from skscatter._cache.database import Connection


@pytest.fixture
def store(tmp_path):
    return RowStore(tmp_path)


def contents(store):
    """Everything in the folder of a store."""
    return {path: path.read_bytes() for path in Path(store.path).parent.iterdir()}


def make_foreign_database(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE rows (key BLOB PRIMARY KEY)")
        connection.commit()


def make_other_version(path):
    fill(RowStore(path), range(3))
    with opened(RowStore(path)) as connection:
        connection.execute("PRAGMA user_version = 7")


def make_store_of_one_process(path):
    fill(RowStore(path), range(3))
    with opened(RowStore(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_text("something"), "a file of another kind"),
        (lambda path: path.write_bytes(b""), "a file of another kind"),
        (make_foreign_database, "a file of another kind"),
        (make_other_version, r"another version of skscatter \(its format is 7, ours 1\)"),
        (make_store_of_one_process, "another program changed its journal mode"),
        (lambda path: path.with_name("store.sqlite-wal").touch(), "its file is missing"),
    ],
)
def test_files_of_others_are_left_alone(tmp_path, make, reason):
    store = RowStore(tmp_path / "store.sqlite")
    make(Path(store.path))
    before = contents(store)
    message = rf"The row store .*store\.sqlite' cannot be used: .*{reason}"
    with pytest.warns(RowStoreWarning, match=message):
        assert fill(store, range(3)) == [0, 1, 2]
    if Path(store.path).exists():
        for method in store.info, store.clear:
            with pytest.raises(OSError, match=message):
                method()
    assert contents(store) == before


FOR_EVER = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT"
ROWS = database.STATEMENTS[0]


def with_other_rows(statement):
    return f"DROP TABLE rows; {statement}"


HOSTILE = {
    "view": with_other_rows(
        f"CREATE VIEW rows AS {FOR_EVER} x'00' AS key, 1 AS id, 1 AS used, 1 AS size FROM r"
    ),
    "view beside the tables": f"CREATE VIEW other AS {FOR_EVER} i FROM r",
    "trigger on insert": f"""CREATE TRIGGER other BEFORE INSERT ON owners BEGIN
        INSERT INTO claims {FOR_EVER.replace("SELECT 1", "VALUES (1)")} i, i FROM r; END""",
    "trigger on delete": f"""CREATE TRIGGER other BEFORE DELETE ON rows BEGIN
        INSERT INTO claims {FOR_EVER.replace("SELECT 1", "VALUES (1)")} i, i FROM r; END""",
    "trigger on update": "CREATE TRIGGER other AFTER UPDATE ON rows BEGIN DELETE FROM rows; END",
    "index": "CREATE INDEX other ON rows (used)",
    "index of an expression": "CREATE INDEX other ON rows (abs(used))",
    "partial index": "CREATE INDEX other ON rows (used) WHERE size > 1",
    "table": "CREATE TABLE other (key)",
    "statistics": "ANALYZE",
    "generated column": with_other_rows(
        ROWS.replace("used INTEGER NOT NULL", "used INTEGER AS (abs(size))")
    ),
    "check": with_other_rows(ROWS.replace("used INTEGER", "used INTEGER CHECK (abs(used) > 1)")),
    "default": with_other_rows(ROWS.replace("used INTEGER", "used INTEGER DEFAULT (random())")),
    "collation": with_other_rows(ROWS.replace("key BLOB", "key BLOB COLLATE NOCASE")),
    "other case": with_other_rows(ROWS.replace("BLOB", "blob")),
    "other blanks": with_other_rows(ROWS.replace(" ", "  ")),
    "missing table": "DROP TABLE rows",
    "foreign key": with_other_rows(
        ROWS.replace("id INTEGER", "id INTEGER REFERENCES payloads ON DELETE CASCADE")
    ),
    "large statement": f"CREATE VIEW other AS SELECT '{'x' * 3_000_000}'",
    "many entries": f"""PRAGMA writable_schema = ON; INSERT INTO sqlite_master
        {FOR_EVER} 'view', 'v' || i, 'v' || i, 0, 'CREATE VIEW v' || i || ' AS SELECT 1' FROM r
        LIMIT 20000""",
    "statement that cannot be parsed": """PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = 'CREATE TABLE rows (' WHERE name = 'rows'""",
    "bytes for text": """PRAGMA writable_schema = ON;
        INSERT INTO sqlite_master VALUES (x'ff', x'ff', x'ff', 0, NULL)""",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.reliability("Faults of servers, disks and processes")
def test_nothing_that_a_file_defines_is_run(store, name):
    fill(store, range(3))
    with opened(store) as connection:
        connection.executescript(HOSTILE[name])
    before = contents(store)
    reason = "its tables are not those of a row store"
    if name in ("statement that cannot be parsed", "bytes for text"):
        reason = "it is damaged"
    with pytest.warns(RowStoreWarning, match=reason):
        assert fill(store, range(5)) == list(range(5))
    for method in store.info, store.clear:
        with pytest.raises(OSError, match=reason):
            method()
    assert contents(store) == before


def test_virtual_tables_are_not_used(store):
    fill(store, range(3))
    with opened(store) as connection:
        modules = {name for (name,) in connection.execute("PRAGMA module_list")}
        for module in modules & {"fts5", "rtree"}:
            connection.execute(f"CREATE VIRTUAL TABLE {module}_table USING {module} (a, b, c)")
        if not modules & {"fts5", "rtree"}:
            pytest.skip("this SQLite has no virtual tables")
    with pytest.raises(OSError, match="its tables are not those of a row store"):
        store.info()


def let_a_table_run_in_circles(store):
    """Let all branches of the table of rows lead to one page, level after level."""
    with opened(store) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name='rows'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    pages = bytearray(Path(store.path).read_bytes())

    def page(number):
        return memoryview(pages)[(number - 1) * size : number * size]

    def children(node):
        """Where the numbers of the pages below are."""
        n_cells = int.from_bytes(node[3:5], "big")
        cells = (int.from_bytes(node[12 + 2 * i : 14 + 2 * i], "big") for i in range(n_cells))
        return [8, *cells]

    assert page(root)[0] == 2  # a node of an index
    branches = children(page(root))
    levels = [int.from_bytes(page(root)[at : at + 4], "big") for at in branches]
    node = bytes(page(root))
    for upper, lower in zip([root, *levels[:-2]], levels[:-1], strict=True):
        page(upper)[:] = node
        for at in branches:
            page(upper)[at : at + 4] = lower.to_bytes(4, "big")
    Path(store.path).write_bytes(pages)
    return len(branches) ** (len(levels) - 1)


def test_tables_with_cycles_end(store, monkeypatch):
    fill(store, range(2000), width=1)
    assert let_a_table_run_in_circles(store) > 10**12
    monkeypatch.setattr(Connection, "n_steps", 10**6)
    with pytest.raises(OSError, match="a query takes far more steps than"):
        store.info()
    small = RowStore(store.path, max_bytes=10_000)
    with pytest.warns(RowStoreWarning, match="a query takes far more steps than|it is damaged"):
        assert set(fill(small, range(2000, 2100))) == set(range(2000, 2100))


def test_folders_are_not_stores(tmp_path):
    (tmp_path / "features.sqlite").mkdir()
    with pytest.warns(RowStoreWarning, match="it is not a file"):
        fill(RowStore(tmp_path), range(3))
    (tmp_path / "file").touch()
    with pytest.warns(RowStoreWarning, match="cannot be used: Not a directory"):
        fill(RowStore(tmp_path / "file" / "below"), range(3))
