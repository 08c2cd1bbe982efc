"""Quantization of the layers of a model."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from fastnn.caller import warn
from fastnn.engine.contract import state_of, title
from fastnn.engine.layer import Layer
from fastnn.engine.ownership import refuse_float64, sublayers
from fastnn.layers.core.embedding import Embedding
from fastnn.layers.quantization import NEEDS_FLOAT32, checked_config
from fastnn.signatures import WrongKindError, explained

Filters = str | Sequence[str] | Callable[[Any], bool] | None


class QuantizableLayers:
    """Base of models: what is quantized are their layers."""

    @explained
    def quantize(
        self,
        mode: Any = None,
        config: Any = None,
        filters: Any = None,
        *,
        type_check: bool = True,
        convolutions: bool = False,
        report: bool = False,
    ) -> None:
        """Makes integers of 8 bits of the large weights of `Dense`, `EinsumDense` and embeddings, in place.

        Products are then products of integers: the inputs of these layers are quantized row by row as they come. The
        integers are not trained any more. A warning names the layers with weights that stay as they are. Keras leaves
        convolutions as they are, and so does this, unless they are asked for.

        Args:
            mode: "int8".
            config: An `Int8QuantizationConfig` in place of the mode.
            filters: Which layers: a regular expression that is found in their names, several, or a function of a
                layer; None: all.
            type_check: Whether classes derived from layers of the package are left out.
            convolutions: Whether `Conv1D`, `Conv2D` and `Conv3D` of one group are quantized as well, window by window.
                Keras cannot read the file of such a model.
            report: Whether to print a table of the layers: how far their outputs for random inputs are from those of
                float32, and how much faster they are, on this machine. Layers that lose are better left out by
                `filters`.

        Raises:
            ValueError: The arguments contradict each other, or a layer is not built or is quantized already.

        Example:
            >>> model = fastnn.Sequential([layers.Input((8,)), layers.Dense(16, "relu"), layers.Dense(2)])
            >>> before = sum(weight.nbytes for weight in model.get_weights())
            >>> model.quantize("int8")
            >>> before, sum(weight.nbytes for weight in model.get_weights())
            (712, 304)
        """
        for name, flag in (("type_check", type_check), ("convolutions", convolutions), ("report", report)):
            if not isinstance(flag, (bool, np.bool_)):
                raise WrongKindError(f"{title(self)}: quantize expects {name} to be True or False, got {flag!r}")
        chosen = choose_layers(self, mode, config, filters)
        before = [Trial(layer) for layer in chosen if layer.built and _asked(layer, convolutions)] if report else []
        quantize_layers(chosen, mode, config, type_check, convolutions)
        if report:
            print_report(before)


def choose_layers(model: Any, mode: Any, config: Any, filters: Filters) -> list[Any]:
    """Returns the layers of a model that are to be quantized, and those with weights that cannot be.

    Args:
        model: The model, which is built.
        mode: "int8", or None where `config` says it.
        config: An `Int8QuantizationConfig`, or None.
        filters: Which layers: a regular expression that is found in their names, several, or a function of a layer;
            None: all.

    Raises:
        ValueError: The arguments contradict each other, or a layer is not built or is quantized already.
    """
    who = title(model)
    checked_config(who, mode, config)
    refuse_float64(model, NEEDS_FLOAT32)
    wanted = _wanted(who, filters)
    chosen = [layer for layer in _leaves(model) if wanted(layer) and (layer.weights or not layer.built)]
    if not chosen:
        warn(f"{who}: quantize changes nothing: there is no layer with weights that filters={filters!r} chooses")
    for layer in chosen:
        if not layer.built and type(layer).__fastnn_quantizes__:
            raise ValueError(f"{who}: {title(layer)} is not built; build the model first, or call it on data")
        if layer.quantization_mode is not None:
            raise ValueError(
                f"{who}: {title(layer)} is quantized already, to {layer.dtype_policy.name!r}; leave it out by filters"
            )
    return chosen


def quantize_layers(
    layers: Sequence[Any], mode: Any, config: Any, type_check: bool, convolutions: bool = False
) -> None:
    """Quantizes layers, in place; warns of those that cannot be quantized.

    Args:
        layers: What `choose_layers` returned.
        mode: "int8", or None where `config` says it.
        config: An `Int8QuantizationConfig`, or None.
        type_check: Whether classes derived from layers of the package are left out.
        convolutions: Whether convolutions are quantized, which Keras leaves as they are.
    """
    for layer in layers:
        if type(layer).__fastnn_quantizes__ and not _asked(layer, convolutions):
            warn(f"{title(layer)}: its weights stay float32, as in Keras; convolutions=True takes it too")
            continue
        try:
            layer.quantize(mode, type_check=type_check, config=config)
        except NotImplementedError as error:
            warn(str(error))


def _asked(layer: Any, convolutions: bool) -> bool:
    """Returns whether a layer is to be quantized, if it can be."""
    return type(layer).__fastnn_quantizes__ and (convolutions or type(layer).__fastnn_keras_quantizes__)


def _leaves(part: Any) -> Iterator[Any]:
    """Yields the layers within a part that hold no others, each once."""
    seen: set[int] = set()
    waiting = list(sublayers(part))
    while waiting:
        layer = waiting.pop(0)
        within = sublayers(layer)
        if not within and id(layer) not in seen and isinstance(layer, Layer):
            yield layer
        if id(layer) not in seen:
            waiting[:0] = within
        seen.add(id(layer))


def _wanted(who: str, filters: Filters) -> Callable[[Any], bool]:
    if filters is None:
        return lambda layer: True
    if callable(filters) and not isinstance(filters, Layer):
        return filters
    patterns = [filters] if isinstance(filters, str) else filters
    if not isinstance(patterns, (list, tuple)) or not all(isinstance(one, str) for one in patterns):
        raise ValueError(
            f"{who}: quantize expects filters to be a regular expression, a list of them or a function of a layer, got "
            f"{filters!r}"
        )
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(
                f"{who}: quantize expects filters to be regular expressions, got {pattern!r}: {error}; write "
                "re.escape(name) for the name itself"
            ) from None
    return lambda layer: any(re.search(pattern, layer.name) for pattern in patterns)


class Trial:
    """What a layer makes of random inputs, and how long it takes.

    Args:
        layer: A layer that is built.
    """

    def __init__(self, layer: Any) -> None:
        rng = np.random.default_rng(0)
        rows, *sizes = state_of(layer).build_shape or (None,)
        sizes = [size or _STEPS for size in sizes]
        shape = (rows or max(1, min(_ROWS, _ELEMENTS // math.prod(sizes))), *sizes)
        indices = isinstance(layer, Embedding)
        self.layer = layer
        self.inputs = rng.integers(0, layer.input_dim, shape) if indices else rng.normal(size=shape).astype(np.float32)
        self.outputs = np.asarray(layer(self.inputs))
        self.seconds = self._timed()

    def _timed(self) -> float:
        """Returns the shortest time of a call."""
        calls = 0
        shortest, begin = math.inf, time.perf_counter()
        while calls < 3 or time.perf_counter() - begin < _SECONDS:
            start = time.perf_counter()
            self.layer(self.inputs)
            shortest = min(shortest, time.perf_counter() - start)
            calls += 1
        return shortest

    def row(self) -> str:
        """Returns the line of the table for the layer, which is quantized now."""
        error = np.asarray(self.layer(self.inputs)) - self.outputs
        share = math.sqrt(float(np.mean(error**2))) / max(math.sqrt(float(np.mean(self.outputs**2))), 1e-30)
        faster = self.seconds / self._timed()
        size = "x".join(map(str, self.layer.__fastnn_adapted__().shape))
        told = "" if faster >= 0.95 else "  slower: leave it out by filters"
        return _LINE.format(title(self.layer)[:36], size, f"{share:.2%}", f"{faster:.2f}x") + told


def print_report(trials: Sequence[Trial]) -> None:
    """Prints a table of layers that were quantized between the trials and now.

    Args:
        trials: Those of before.
    """
    print(_LINE.format("layer", "weights", "error", "speed").rstrip())
    for trial in trials:
        if trial.layer.quantization_mode is not None:
            print(trial.row())


_ROWS, _STEPS, _ELEMENTS, _SECONDS = 64, 16, 1 << 20, 0.02
_LINE = "{:<36} {:>16} {:>8} {:>8}"
