"""The state of an estimator: how `fit` replaces it, and how a later version reads a saved one."""

import inspect
from typing import Any

# Version of what a fitted estimator saves besides its parameters. Raise it when the meaning of that
# changes: models of another version are then refused with a clear error instead of failing later.
# In version 1, of skscatter 0.1.0, some parameters had other names.
STATE = 2


class Saved:
    """The state of an estimator: its parameters, what `fit` found, and the version that wrote it.

    It is to be listed before scikit-learn's ``BaseEstimator``. Parameters that were added after a
    model was saved get their default, which keeps the model's behaviour.
    """

    def _draft(self) -> Any:
        """Return a copy for `fit` to change, whose attributes then replace those of the estimator.

        An error or an interrupt leaves an earlier fit as it was, with the names of its columns.
        """
        draft = object.__new__(type(self))
        draft.__dict__.update(self.__dict__)
        return draft

    def __getstate__(self) -> dict[str, Any]:
        """Return the state, with the versions."""
        from skscatter import __version__  # which imports this module

        state: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        return state | {"_skscatter_version": __version__, "_state_version": STATE}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a state.

        Raises
        ------
        ValueError
            If this version of skscatter cannot read it.
        """
        from skscatter import __version__

        state = dict(state)
        version = state.pop("_skscatter_version", "an unknown version")
        parameters = inspect.signature(type(self).__init__).parameters
        unknown: list[str] = []
        if version != __version__:
            unknown = [n for n in sorted(state) if _is_parameter(n) and n not in parameters]
        if state.pop("_state_version", None) != STATE or unknown:
            what = f" with the parameters {', '.join(unknown)}" if unknown else ""
            raise ValueError(
                f"This {type(self).__name__} was saved by skscatter {version}{what}. skscatter "
                f"{__version__} cannot read it. Fit it again, or install the version that saved it."
            )
        defaults = {
            name: parameter.default
            for name, parameter in parameters.items()
            if parameter.default is not parameter.empty
        }
        super().__setstate__(defaults | state)  # type: ignore[misc]


def _is_parameter(name: str) -> bool:
    """Whether a name is that of a parameter, by scikit-learn's naming convention."""
    return not (name.startswith("_") or name.endswith("_"))
