import os
import time
from pathlib import Path

import pytest

from skscatter._common.files import write_atomically
from skscatter.datasets import clear_data_home, fetch_fsdd, get_data_home
from skscatter.datasets.data_home import remove_stale_parts

PART = ".fsdd-1.0.10.npz." + "0" * 32 + ".part"


def test_data_home_is_created(tmp_path):
    folder = tmp_path / "mit Leerzeichen" / "дата"
    assert get_data_home(folder) == str(folder)
    assert folder.is_dir()
    assert get_data_home(str(folder)) == str(folder)


def test_data_home_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SKSCATTER_DATA", str(tmp_path / "here"))
    assert get_data_home() == str(tmp_path / "here")
    assert get_data_home(tmp_path / "there") == str(tmp_path / "there")


@pytest.mark.parametrize("value", [None, ""])
def test_data_home_by_default(tmp_path, monkeypatch, value):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    if value is None:
        monkeypatch.delenv("SKSCATTER_DATA", raising=False)
    else:
        monkeypatch.setenv("SKSCATTER_DATA", value)
    assert get_data_home() == str(tmp_path / "skscatter_data")
    assert get_data_home("~/elsewhere") == str(tmp_path / "elsewhere")


@pytest.mark.parametrize("function", [get_data_home, clear_data_home])
@pytest.mark.parametrize(("value", "error"), [(3, TypeError), (b"x", TypeError), ("", ValueError)])
@pytest.mark.reliability("Bad input")
def test_bad_data_home_is_named(function, value, error):
    with pytest.raises(error, match=f"data_home={value!r}"):
        function(value)


@pytest.mark.parametrize("function", [get_data_home, clear_data_home, fetch_fsdd])
@pytest.mark.reliability("Bad input")
def test_without_a_home_folder_the_error_says_what_to_choose(function, monkeypatch):
    def fail(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", fail)
    monkeypatch.delenv("SKSCATTER_DATA", raising=False)
    with pytest.raises(OSError, match=r"There is no folder .* data_home= or .* SKSCATTER_DATA\.$"):
        function()
    with pytest.raises(ValueError, match="data_home='~other/data' begins with a home folder"):
        function(data_home="~other/data")


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX users")
def test_a_user_without_an_entry_has_no_home_folder(monkeypatch):
    import pwd

    def fail(_):
        raise KeyError("uid not found")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("SKSCATTER_DATA", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", fail)
    with pytest.raises(OSError, match="There is no folder to keep data sets in"):
        get_data_home()


def test_data_home_below_a_file(tmp_path):
    (tmp_path / "file").write_text("mine")
    for below in ("file", "file/folder"):
        with pytest.raises(OSError, match="SKSCATTER_DATA"):
            get_data_home(tmp_path / below)


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_clear_deletes_our_files_only(tmp_path):
    theirs = [
        "notes.txt",
        "fsdd.npz",
        "fsdd-mine.npz",
        "my-fsdd-1.0.10.npz",
        "fsdd-1.0.10.npz.bak",
        "fsdd-1.0.10.zip",
        ".fsdd-1.0.10.npz.part",
    ]
    for name in [*theirs, "fsdd-1.0.10.npz", "fsdd-1.0.9.npz", PART]:
        (tmp_path / name).write_text("x")
    (tmp_path / "fsdd-2.0.0.npz").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "fsdd-1.0.10.npz").write_text("x")
    clear_data_home(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*theirs, "fsdd-2.0.0.npz", "sub"}
    assert (tmp_path / "sub" / "fsdd-1.0.10.npz").exists()


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_clear_does_not_follow_links(tmp_path):
    (tmp_path / "target").write_text("theirs")
    home = tmp_path / "home"
    home.mkdir()
    (home / "fsdd-1.0.10.npz").symlink_to(tmp_path / "target")
    (home / "fsdd-1.0.9.npz").symlink_to(tmp_path / "nowhere")
    clear_data_home(home)
    assert list(home.iterdir()) == []
    assert (tmp_path / "target").read_text() == "theirs"


def test_clear_knows_the_names_that_are_written(tmp_path, monkeypatch):
    def clear(descriptor):
        assert len(list(tmp_path.iterdir())) == 1
        clear_data_home(tmp_path)
        assert list(tmp_path.iterdir()) == []

    monkeypatch.setattr(os, "fsync", clear)
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "fsdd-1.0.10.npz", b"new")


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_two_may_clear_at_once(tmp_path, monkeypatch):
    path = tmp_path / "fsdd-1.0.10.npz"
    path.write_text("x")
    unlink = Path.unlink

    def be_late(self, **options):
        unlink(self)  # another process
        unlink(self, **options)

    monkeypatch.setattr(Path, "unlink", be_late)
    clear_data_home(tmp_path)
    assert not path.exists()


def test_clear_without_a_folder_creates_none(tmp_path):
    clear_data_home(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_stale_parts_are_removed_fresh_ones_stay(tmp_path):
    fresh, stale = tmp_path / PART, tmp_path / PART.replace("0" * 32, "1" * 32)
    other = tmp_path / "other.part"
    for path in (fresh, stale, other):
        path.write_text("x")
    for path in (stale, other):
        os.utime(path, (time.time() - 3600,) * 2)
    remove_stale_parts(tmp_path)
    assert fresh.exists()
    assert not stale.exists()
    assert other.exists()


def test_write_replaces_as_a_whole(tmp_path):
    path = tmp_path / "fsdd-1.0.10.npz"
    for contents in (b"old", b"new and longer"):
        write_atomically(path, contents)
        assert path.read_bytes() == contents
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.reliability("Faults of servers, disks and processes")
def test_two_may_write_at_once(tmp_path, monkeypatch):
    path, fsync = tmp_path / "fsdd-1.0.10.npz", os.fsync

    def write_in_between(descriptor):
        monkeypatch.setattr(os, "fsync", fsync)
        write_atomically(path, b"another process")
        assert path.read_bytes() == b"another process"

    monkeypatch.setattr(os, "fsync", write_in_between)
    write_atomically(path, b"the last one")
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"the last one"


@pytest.mark.parametrize("error", [OSError("no space left"), KeyboardInterrupt()])
@pytest.mark.reliability("Faults of servers, disks and processes")
def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    path = tmp_path / "fsdd-1.0.10.npz"
    path.write_bytes(b"old")

    def fail(descriptor):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        write_atomically(path, b"new")
    assert {found.name: found.read_bytes() for found in tmp_path.iterdir()} == {path.name: b"old"}
