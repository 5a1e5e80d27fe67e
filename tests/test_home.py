"""Paths that begin with a home folder."""

from pathlib import Path

import numpy as np
import pytest

from skscatter import LogScattering1D, RowStore
from skscatter._common.home import expand_path
from skscatter.datasets import fetch_fsdd, get_data_home

NO_HOME = "~a user who does not exist/x"


@pytest.fixture
def homeless(monkeypatch):
    """A process without a home folder, as in a container with an arbitrary user id."""

    def fail(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", fail)
    monkeypatch.delenv("SKSCATTER_DATA", raising=False)


def test_a_tilde_stands_for_the_home_folder():
    assert expand_path("out", "~/x", "a path") == Path.home() / "x"
    assert expand_path("out", "x/~", "a path") == Path("x/~")


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("data_home", lambda: get_data_home(NO_HOME)),
        ("source", lambda: fetch_fsdd(source=NO_HOME, data_home="unused")),
        ("path", lambda: RowStore(NO_HOME)),
        ("memory", lambda: LogScattering1D(memory=NO_HOME).fit(np.zeros((1, 64)))),
    ],
)
@pytest.mark.reliability("Bad input")
def test_a_home_folder_that_does_not_exist_is_named(name, use, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"{name}='{NO_HOME}' begins with a home folder that"):
        use()


@pytest.mark.reliability("Bad input")
def test_data_sets_need_a_folder_where_there_is_no_home(homeless, monkeypatch):
    with pytest.raises(OSError, match=r"'~/skscatter_data' .* Choose one with data_home= or the"):
        get_data_home()
    monkeypatch.setenv("SKSCATTER_DATA", "~/data")
    with pytest.raises(OSError, match="SKSCATTER_DATA='~/data' begins with a home folder"):
        get_data_home()
