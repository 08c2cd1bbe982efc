"""State of a model as nested dicts of arrays, and the arguments of `compile` as a config."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.step_trace import StepTrace
from fastnn.training.trainer import Trainer

_VARIABLES = ("trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables")


class StateTree(Trainer):
    """Base of models, which give their state away and take it back.

    Attributes:
        run_eagerly: As given to `compile`; steps run in the core whatever it is.
        jit_compile: The same.
        steps_per_execution: The same.
    """

    run_eagerly = False
    jit_compile = True
    steps_per_execution = 1

    @property
    def compiled(self) -> bool:
        """True once `compile` was called."""
        return self.__fastnn_training__.compiled is not None

    @property
    def metrics_names(self) -> list[str]:
        """The names of the values that `evaluate` returns."""
        compiled = self.__fastnn_training__.compiled
        return [] if compiled is None else compiled.names()

    def reset_metrics(self) -> None:
        """Sets the sums of losses and metrics to zero."""
        self.__fastnn_training__.programs.reset_sums()

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """Returns copies of all variables in nested dicts: by kind, then by the parts of their paths.

        Args:
            value_format: "backend_tensor" or "numpy_array"; both are arrays.

        Raises:
            ValueError: `value_format` is something else, or two variables have the same path.
        """
        if value_format not in ("backend_tensor", "numpy_array"):
            raise ValueError(f"value_format expects 'backend_tensor' or 'numpy_array', got {value_format!r}")
        return {kind: _nested(self._of_kind(kind)) for kind in _VARIABLES}

    def set_state_tree(self, state_tree: Mapping[str, Any]) -> None:
        """Writes variables in place.

        Args:
            state_tree: What `get_state_tree` returned; kinds that are left out stay as they are.

        Raises:
            ValueError: A kind or a path is unknown, or a shape differs.
        """
        for kind, tree in state_tree.items():
            if kind not in _VARIABLES:
                raise ValueError(f"set_state_tree expects the kinds {list(_VARIABLES)}, got {kind!r}")
            values = dict(_leaves(tree))
            for variable in self._of_kind(kind):
                if variable.path in values:
                    variable.assign(values.pop(variable.path))
            if values:
                raise ValueError(f"set_state_tree: there are no {kind} {', '.join(values)}")

    def _of_kind(self, kind: str) -> list[Any]:
        """Returns the variables of a kind."""
        if kind == "optimizer_variables":
            return list(getattr(self.optimizer, "variables", ()))
        return list(getattr(self, kind))

    def get_compile_config(self) -> dict[str, Any] | None:
        """Returns the arguments of `compile` as a config, which `compile_from_config` reads; None before `compile`."""
        from fastnn.saving.compilation import describe_compile

        return describe_compile(self, own=True)

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compiles the model as a config says.

        Args:
            config: What `get_compile_config` returned.

        Raises:
            ValueError: The config names something that is unknown.
        """
        from fastnn.saving.compilation import compile_as
        from fastnn.saving.reading import Reading

        compile_as(self, config, Reading(), own=True)

    def get_metrics_result(self) -> dict[str, Any]:
        """Returns the values of the loss and the metrics as they are now, by name."""
        compiled = self.__fastnn_training__.compiled
        if StepTrace.running() is not None:
            return self.__fastnn_results__()
        names = self.metrics_names
        if compiled is None:
            return {}
        found: dict[str, Any] = {"loss": np.float32(compiled.loss_tracker.result())}
        found.update({measure.name: measure.metric.result() for measure in compiled.measures or []})
        return {name: found[name] for name in names if name in found}


def _nested(variables: Iterable[Any]) -> dict[str, Any]:
    """Returns the values of variables in dicts by the parts of their paths."""
    tree: dict[str, Any] = {}
    seen: set[str] = set()
    for variable in variables:
        if variable.path in seen:
            raise ValueError(
                f"get_state_tree: two variables have the path {variable.path!r}; give layers names of their own"
            )
        seen.add(variable.path)
        *parts, last = variable.path.split("/")
        place = tree
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = np.array(variable.numpy())
    return tree


def _leaves(tree: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, NDArray[Any]]]:
    """Yields the values of nested dicts with their paths."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{key}/")
        else:
            yield f"{path}{key}", value
