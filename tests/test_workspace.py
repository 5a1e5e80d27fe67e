"""Workspaces are used again by the same cascade, unless they are large."""

from types import SimpleNamespace

from skscatter._scattering.workspace import Workspaces


def cascade(kept_bytes):
    return SimpleNamespace(bytes_per_signal=10, xp=SimpleNamespace(kept_bytes=kept_bytes))


def test_a_workspace_is_used_again_for_as_many_signals_or_fewer():
    workspaces, one, other = Workspaces(), cascade(100), cascade(100)
    new = lambda n: [n]  # noqa: E731
    first = workspaces.get(one, 4, new)
    assert workspaces.get(one, 4, new) is first
    assert workspaces.get(one, 2, new) is first
    larger = workspaces.get(one, 5, new)
    assert larger == [5]
    assert workspaces.get(other, 5, new) is not larger
    assert workspaces.get(one, 5, new) is not larger


def test_a_large_workspace_is_not_kept():
    workspaces, one = Workspaces(), cascade(100)
    assert workspaces.get(one, 11, lambda n: [n]) is not workspaces.get(one, 11, lambda n: [n])


def test_the_last_workspace_is_freed_before_the_next_one_is_made():
    workspaces, held = Workspaces(), []
    workspaces.get(cascade(100), 4, lambda n: [n])
    workspaces.get(cascade(100), 5, lambda n: held.append(workspaces._workspace))
    assert held == [None]
