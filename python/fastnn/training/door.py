"""The door: raw data become checked arrays before the first step.

Owns the arguments `x`, `y`, `sample_weight` and `class_weight` of `fit`, and those of `evaluate`,
`predict` and the methods for one batch. Arrays are read in place where their type allows it. Targets are
handed over by output and by the form in which losses and metrics read them (see `compiled.py`). Every error says who
expects what, what came, and how to mend it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core, config, losses
from fastnn.data.arrays import Feed
from fastnn.data.batches import yields_batches
from fastnn.engine.arrays import numeric
from fastnn.engine.network import Port
from fastnn.losses.computation import computation_of
from fastnn.metrics.metric import Metric
from fastnn.precision import largest_in
from fastnn.symbolic.structure import Structure
from fastnn.symbolic.tensors import Shape
from fastnn.training.class_weights import weights_by_class
from fastnn.training.compiled import Compiled, Target, how_targets_are_read, how_weights_are_read
from fastnn.training.layout import Layout, layout_of
from fastnn.training.ports import (
    Shapes,
    Trainable,
    alone,
    by_port,
    label,
    quoted,
    refuse_missing,
    shapes_of,
    with_absent,
)
from fastnn.training.programs import Programs

Array = NDArray[Any]


class Door:
    """Checks the data of one model.

    Args:
        network: The model.
        programs: Its programs, which know the shapes of outputs and the limits of inputs.
    """

    def __init__(self, network: Trainable, programs: Programs) -> None:
        self._network = network
        self._programs = programs
        self._layout: Layout | None = None

    def feed(
        self,
        compiled: Compiled,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        check_nan: bool = False,
    ) -> Feed:
        """Returns the arrays of a call of training or evaluation, checked.

        Args:
            compiled: What `compile` was given.
            x: The samples.
            y: The targets.
            sample_weight: The weights of rows, or None.
            class_weight: The weights of labels, or None.
            check_nan: True before training: NaN and infinity are refused, unless the configuration lifts the check.

        Raises:
            ValueError: The data do not fit the model or one another.
            TypeError: The data are not numbers.
        """
        check_nan = check_nan and config.check_nan()
        unweighted = sample_weight is None and class_weight is None
        if self._layout is not None and unweighted:
            found = self._layout.feed(compiled, x, y, check_nan)
            if found is not None:
                return found
        xs = self.inputs(x)
        ys = self.targets(compiled, y, len(xs[0]))
        shapes = shapes_of(xs)
        weights = self.weights(len(xs[0]), ys, sample_weight, class_weight, shapes)
        read = self._read_targets(compiled, ys, shapes, weights)
        if check_nan:
            self._refuse_not_finite(xs, ys, weights)
        self._refuse_labels(compiled, ys)
        self.check_ranges(xs, shapes)
        of_y = tuple(None if y is None else y.shape[1:] for y in ys)
        self._layout = layout_of(self._programs, compiled, x, y, xs[0], read) if unweighted else None
        return Feed(_core.Columns([*xs, *read], weights), shapes, of_y, xs)

    def who(self) -> str:
        """Returns how errors call the model."""
        return self._network.who()

    def weights_of_classes(self, y: Any, sample_weight: Any, class_weight: Any) -> Array:
        """Returns the weight of each row, by its label.

        Raises:
            ValueError: There are weights of rows too, or no labels.
        """
        if sample_weight is not None:
            raise ValueError(
                "sample_weight and class_weight cannot both be given; multiply them into one sample_weight"
            )
        if y is None:
            raise ValueError(f"{self.who()}: class_weight needs labels, got no y")
        return weights_by_class(np.asarray(y), class_weight, self.who())

    def feed_of_inputs(self, x: Any) -> Feed:
        """Returns the arrays of a call of prediction, checked.

        Raises:
            ValueError: The data do not fit the model.
            TypeError: The data are not numbers.
        """
        xs = self.inputs(x)
        shapes = shapes_of(xs)
        self.check_ranges(xs, shapes)
        return Feed(_core.Columns(xs), shapes, (), xs)

    # Inputs.

    def inputs(self, x: Any) -> list[Array]:
        """Returns x as arrays that fit the inputs of the model, which is built for it where it is not built.

        Raises:
            ValueError: The shapes do not fit.
            TypeError: x does not hold numbers.
        """
        who = self._network.who()
        x = self._network.prepare(x)
        inputs, given = self._network.ports().inputs, self._network.ports().given
        if given.nested and isinstance(x, (list, tuple, Mapping)):
            leaves = Structure(x)
            x = leaves.flat(x) if leaves.count == given.count else x
        if len(inputs) == 1 and isinstance(x, (list, tuple)) and len(x) == 1 and x[0] is None:
            raise ValueError(f"{who}: x is [None], and the input {inputs[0].name!r} is not optional; give data for it")
        if len(inputs) == 1:
            _refuse_pair(x, who, inputs[0].shape)
            x = unwrapped(alone(who, "x", x, inputs[0]), 1)
            _refuse_several(x, who, inputs[0].shape)
            return [self._fitted_input(who, x, "x", inputs[0].shape)]
        data = by_port(who, "x", x, inputs)
        refuse_missing(who, data, inputs)
        arrays = with_absent(
            who,
            [
                None if one is None else self._fitted_input(who, _only(one, port), f"x of {port.name!r}", port.shape)
                for one, port in zip(data, inputs, strict=True)
            ],
            inputs,
        )
        for array, port in zip(arrays, inputs, strict=True):
            if len(array) != len(arrays[0]):
                raise ValueError(
                    f"{who}: x of {inputs[0].name!r} has {len(arrays[0])} rows and x of {port.name!r} has "
                    f"{len(array)}; they must be equal"
                )
        return arrays

    def taken_again(self, x: Any, xs: list[Array]) -> tuple[list[Array], Callable[[Any], Any]]:
        """Returns arrays of all rows, and what packs parts of them into data that `inputs` takes again.

        They are those that `inputs` made, or for a model that reads texts the data as they were given.

        Args:
            x: The data as they were given.
            xs: What `inputs` made of them.
        """
        given = Structure(x)
        if not self._network.reads_texts():
            return xs, lambda part: part
        arrays = [np.asarray(leaf) for leaf in given.flat(x)]
        return arrays, given.pack if len(arrays) > 1 else lambda part: given.pack([part])

    def _fitted_input(self, who: str, x: Any, word: str, expected: Shape | None) -> Array:
        array = samples(x, who, word)
        assert expected is not None
        if fits(array.shape[1:], expected[1:]):
            return array
        if array.ndim == len(expected) - 1 and expected[-1] == 1 and fits(array.shape[1:], expected[1:-1]):
            return array[..., np.newaxis]
        if array.ndim == len(expected) + 1 and array.shape[-1] == 1 and fits(array.shape[1:-1], expected[1:]):
            return array[..., 0]
        wanted, got = expected[1:], array.shape[1:]
        if fits(array.shape, wanted) or (wanted[-1:] == (1,) and fits(array.shape, wanted[:-1])):
            mend = "a single sample needs a batch axis: x[np.newaxis]"
        elif len(got) > 1 and len(got) == len(wanted) and fits((*got[1:], got[0]), wanted):
            mend = "its channels come first, and belong at the end: np.moveaxis(x, 1, -1)"
        elif None not in wanted and math.prod(size or 1 for size in wanted) == math.prod(got):
            flat = "put Flatten() first in the model or " if len(wanted) == 1 else ""
            mend = f"{flat}reshape: x.reshape(len(x), {', '.join(map(str, wanted))})"
        else:
            mend = "give it data of that shape, or build the model for this one"
        raise ValueError(f"{who} expects {word} of shape {_batch(wanted)}, got {array.shape}; {mend}")

    def check_ranges(self, xs: Sequence[Array], shapes: Shapes) -> None:
        """Checks that inputs hold only the integers that the layers behind them take, such as rows of a table.

        Raises:
            ValueError: An integer is out of its range.
        """
        inputs = self._network.ports().inputs
        for array, port, limits in zip(xs, inputs, self._programs.inference(shapes).ranges, strict=True):
            if limits is None:
                continue
            low, high, who = limits
            row = _core.first_outside(array, low, high)
            if row >= 0:
                raise ValueError(
                    f"{self._network.who()}: {label('x', port, inputs)} holds {_outside(array[row], low, high)} in row "
                    f"{row}, but {who} takes integers from {low} to {high - 1}; number them so, or give that layer "
                    "more rows"
                )

    def check_batches(self, shapes: Shapes, rows: int, batch_size: int) -> None:
        """Checks that all batches have the size that an input fixes, or for which a layer keeps states.

        Raises:
            ValueError: A batch has another size.
        """
        fixed = self._programs.inference(shapes).rows
        size = min(batch_size, rows)
        if fixed is not None and (size != fixed[0] or rows % size):
            got = f"{size} rows" if size != fixed[0] else f"{rows} rows, the last batch of which would be smaller"
            raise ValueError(
                f"{self._network.who()}: {fixed[1]} expects batches of {fixed[0]} rows, got {got}; pass "
                f"batch_size={fixed[0]} and a multiple of as many rows"
            )

    # Targets.

    def targets(self, compiled: Compiled, y: Any, rows: int) -> list[Array | None]:
        """Returns y as arrays of as many rows as x has, one for each output that needs one.

        Raises:
            ValueError: y is missing, or its rows are not those of x.
        """
        who, outputs = self._network.who(), self._network.ports().outputs
        if y is None:
            if not any(compiled.wanted()):
                return [None] * len(outputs)
            raise ValueError(f"{who}: y is missing; pass the targets as y=")
        if len(outputs) == 1:
            y = alone(who, "y", y, outputs[0])
            return [self._target(who, unwrapped(y, 0) if rows != 1 else y, "y", rows)]
        wanted = compiled.wanted()
        y = self._in_order(y)
        if not isinstance(y, (list, tuple, Mapping)) and sum(wanted) == 1:
            y = [y]
        if isinstance(y, (list, tuple)) and len(y) == sum(wanted) < len(outputs):
            # As in Keras, outputs without a loss or metric may be left out.
            given = iter(y)
            y = [next(given) if one else None for one in wanted]
        found: list[Array | None] = []
        for one, port, needed in zip(by_port(who, "y", y, outputs, True), outputs, wanted, strict=True):
            if one is None and needed:
                raise ValueError(f"{who}: y has nothing for the output {port.name!r}, which has a loss or metric")
            found.append(self._target(who, one, f"y of {port.name!r}", rows) if needed else None)
        return found

    def _in_order(self, given: Any) -> Any:
        """Returns the data of nested outputs in one list, where they have the structure of the outputs."""
        made = self._network.ports().made
        follows = made.nested and not isinstance(given, np.ndarray) and made.leads(given)
        return made.entries(given) if follows else given

    def _target(self, who: str, y: Any, word: str, rows: int) -> Array:
        array = numeric(y, f"{who}: {word}", labels=True)
        if array.ndim == 0:
            raise ValueError(f"{who} expects {word} of shape (batch, ...), got a single number")
        if len(array) != rows:
            raise ValueError(f"{who}: x has {rows} rows and {word} has {len(array)}; they must be equal")
        return array

    def _read_targets(
        self, compiled: Compiled, ys: Sequence[Array | None], x: Shapes, weights: Sequence[Array | None]
    ) -> list[Array]:
        """Returns the targets in the order in which graphs read them, checked against losses and metrics."""
        outputs = self._network.ports().outputs
        arrays: dict[Target, Array] = {}
        shapes = self._programs.output_shapes(x)

        def read(k: int, measure: losses.Loss | Metric) -> None:
            y, how = ys[k], how_targets_are_read(measure)
            if y is None or (k, how) in arrays:
                return
            if how != "as given":
                y = self._fitted_target(y, outputs[k]._replace(shape=shapes[k]), measure, compiled.losses[k])
            arrays[k, how] = y

        for term in compiled.terms:
            loss, k = term.loss, term.outputs[0]
            for output in term.outputs:
                read(output, loss)
            if loss.reduction == "mean_with_sample_weight":
                how = how_weights_are_read(loss)
                rows, shape = len(arrays[k, how_targets_are_read(loss)]), shapes[k]
                if how == "weights":
                    arrays[k, how] = self._weights_of_rows(loss.name, weights[k], rows)
                else:
                    arrays[k, how] = _weights_of_values(weights[k], (rows, *(size or 0 for size in shape[1:-1])))
        fresh = compiled.measures is None
        try:
            for measure in compiled.resolve(tuple(None if y is None else y.shape[1:] for y in ys)):
                read(measure.output, measure.metric)
                if measure.reads_weights:
                    name, y = measure.metric.name, ys[measure.output]
                    rows = 0 if y is None else len(y)
                    arrays[measure.output, "weights"] = self._weights_of_rows(name, weights[measure.output], rows)
        except ValueError:
            if fresh:
                # The meaning of "accuracy" was read from targets that do not fit; it is read anew from the next.
                compiled.measures = None
            raise
        return [arrays[target] for target in compiled.targets()]

    def _fitted_target(
        self, y: Array, port: Port, measure: losses.Loss | Metric, of_output: Sequence[losses.Loss]
    ) -> Array:  # fmt: skip
        """Returns y as a loss or metric reads it.

        Args:
            y: The targets of one output.
            port: The output, with the shape for these samples.
            measure: The loss or metric.
            of_output: The losses of the output: labels that one of them ignores may be any number.
        """
        assert port.shape is not None
        outputs = self._network.ports().outputs
        word = label("y", port, outputs)
        shape = tuple(size or 0 for size in port.shape[1:])
        described = computation_of(measure)
        if not described.labels:
            if y.shape[1:] == shape:
                return y
            if (*y.shape[1:], 1) == shape:
                return y[..., np.newaxis]
            raise ValueError(
                f"{self._network.who()}: {described.kind} expects {word} of shape {_batch(shape)}, got {y.shape}; "
                f"{_mend_for_values(y, shape, measure)}"
            )
        if y.ndim == len(port.shape) and y.shape[-1] == 1:
            y = y[..., 0]
        if y.shape[1:] != shape[:-1]:
            mend = "pass integers, one for each sample"
            if len(shape) > 1 and y.ndim < len(port.shape) - 1:
                mend = _mend_for_places(shape)
            elif y.shape[1:] == shape:
                mend = f"for one-hot rows use loss={described.counterpart!r}, or pass y.argmax(axis=-1)"
            raise ValueError(
                f"{self._network.who()}: {described.kind} expects {word} of shape {_batch(shape[:-1])}, got "
                f"{y.shape}; {mend}"
            )
        checked = y
        for one in (*of_output, measure):
            counted = one.__fastnn_mask__(y)
            checked = checked if counted is None else np.where(counted, checked, 0)
        row = _core.first_outside(checked, 0, shape[-1])
        if row >= 0 and shape[-1] == 1:
            raise ValueError(
                f"{self._network.who()}: {word} holds the label {_outside(checked[row], 0, 1)} in row {row}, but the "
                "last layer has one unit; for two classes use activation='sigmoid' and loss='binary_crossentropy', "
                "else give it as many units as there are classes"
            )
        if row >= 0:
            raise ValueError(
                f"{self._network.who()}: {word} holds the label {_outside(checked[row], 0, shape[-1])} in row {row}, "
                f"but the model has {shape[-1]} outputs: labels must be integers from 0 to {shape[-1] - 1}; number "
                "them from 0, or give the last layer more units"
            )
        return y

    # Weights of rows.

    def weights(
        self, rows: int, ys: Sequence[Array | None], sample_weight: Any, class_weight: Any, x: Shapes
    ) -> list[Array | None]:
        """Returns for each output the weights of its rows, or None.

        Raises:
            ValueError: Their shape is not that of the rows, or both kinds of weights are given.
        """
        outputs = self._network.ports().outputs
        if sample_weight is None and class_weight is None:
            return [None] * len(outputs)
        who = self._network.who()
        if sample_weight is not None and class_weight is not None:
            raise ValueError(
                "sample_weight and class_weight cannot both be given; multiply them into one sample_weight"
            )
        if class_weight is not None:
            if len(outputs) > 1 or ys[0] is None:
                raise ValueError(
                    f"{who}: class_weight is for models of one output; give sample_weight as a list or dict with an "
                    f"entry for each of the outputs {quoted(outputs)}"
                )
            return [weights_by_class(ys[0], class_weight, who, outputs[0].shape)]
        if len(outputs) == 1:
            given = [alone(who, "sample_weight", sample_weight, outputs[0])]
        elif isinstance(sample_weight := self._in_order(sample_weight), Mapping) or (
            isinstance(sample_weight, (list, tuple)) and any(w is None or np.ndim(w) for w in sample_weight)
        ):
            given = by_port(who, "sample_weight", sample_weight, outputs, True)
        else:
            given = [sample_weight] * len(outputs)
        return [
            None if one is None else self._fitted_weights(one, label("sample_weight", port, outputs), shape, rows)
            for one, port, shape in zip(given, outputs, self._programs.output_shapes(x), strict=True)
        ]

    def _fitted_weights(self, given: Any, word: str, shape: Shape, rows: int) -> Array:
        who = self._network.who()
        weights = numeric(given, f"{who}: {word}")
        output, steps = tuple(shape[1:]), tuple(shape[1:-1])
        if weights.ndim == len(shape) and weights.shape[-1] == 1 and output[-1:] != (1,) and len(steps) > 0:
            weights = weights[..., 0]
        if weights.shape == (rows, *(1,) * (weights.ndim - 1)):
            return weights.reshape(rows)
        if weights.shape == (rows, *output):
            # A loss or metric of the user's own may have a value for each element of the output.
            return weights if steps != weights.shape[1:-1] or output[-1] != 1 else weights[..., 0]
        of_places = weights.shape[:1] == (rows,) and weights.ndim == len(shape) - 1
        if of_places and all(w in (1, s) for w, s in zip(weights.shape[1:], steps, strict=True)):
            return np.broadcast_to(weights, (rows, *(size or 0 for size in steps)))
        each = f", or {(rows, *steps)}, one for each place" if steps else ""
        raise ValueError(
            f"{who} expects {word} of shape ({rows},), one for each row{each}, got {weights.shape}"
        )  # fmt: skip

    def _weights_of_rows(self, metric: str, weights: Array | None, rows: int) -> Array:
        """Returns the weights that the code of a metric reads; ones where there are none."""
        if weights is not None and weights.ndim > 1:
            raise ValueError(
                f"{self._network.who()}: the metric {metric!r} takes one sample weight a row, got {weights.shape}"
            )
        return np.ones(rows, np.float32) if weights is None else weights

    def _refuse_labels(self, compiled: Compiled, ys: Sequence[Array | None]) -> None:
        """Raises where targets are outside the range that a loss gives a meaning."""
        outputs = self._network.ports().outputs
        for y, of_output, port in zip(ys, compiled.losses, outputs, strict=True):
            for loss in of_output:
                computation = loss.__fastnn_computation__
                if y is None or computation.targets_within is None:
                    continue
                low, high = computation.targets_within
                row = _core.first_beyond(y, low, high)
                if row < 0:
                    continue
                values = np.asarray(y[row]).ravel()
                value = values[~((values >= low) & (values <= high))][0]
                if not np.isnan(value):
                    raise ValueError(
                        f"{self._network.who()}: {loss.name} expects {label('y', port, outputs)} from {low:g} to "
                        f"{high:g}, got {value} in row {row}; {computation.mend_target(value)}"
                    )

    def _refuse_not_finite(
        self, xs: Sequence[Array], ys: Sequence[Array | None], weights: Sequence[Array | None]
    ) -> None:  # fmt: skip
        ports, floats = self._network.ports(), self._network.floats()
        for word, arrays, side in (
            ("x", xs, ports.inputs),
            ("y", ys, ports.outputs),
            ("sample_weight", weights, ports.outputs),
        ):
            for array, port in zip(arrays, side, strict=True):
                if array is None or array.dtype.kind != "f":
                    continue
                largest = largest_in(array, floats)
                row = _core.first_beyond(array, -largest, largest)
                if row >= 0:
                    values = np.asarray(array[row]).ravel()
                    value = values[~(np.abs(values) <= largest)][0]
                    found = "a NaN" if np.isnan(value) else str(value)
                    raise ValueError(
                        f"{self._network.who()}: {label(word, port, side)} holds {found} in row {row}, which would "
                        "destroy the weights; remove or replace it (np.nan_to_num), or lift this check with "
                        "fastnn.config.set_check_nan(False)"
                    )


def samples(x: Any, who: str, word: str = "x") -> Array:
    """Returns samples as an array with at least one row.

    Args:
        x: An array, or what becomes one.
        who: How errors call the model.
        word: How errors call the data.

    Raises:
        TypeError: x yields batches, or does not hold numbers.
        ValueError: x has no rows.
    """
    if not isinstance(x, np.ndarray) and yields_batches(x):
        raise TypeError(
            f"{who}: {word} is a {type(x).__name__}, which yields batches; fit, evaluate and predict take it alone, "
            "as x"
        )
    array = numeric(x, f"{who}: {word}")
    if array.ndim == 0:
        raise ValueError(f"{who} expects {word} of shape (batch, ...), got a single number")
    if len(array) == 0:
        raise ValueError(f"{who}: {word} is empty, of shape {array.shape}; at least one row is needed")
    return array


def _refuse_pair(x: Any, who: str, expected: Shape | None) -> None:
    """Raises where x is a pair (x, y) of arrays for a model of one input, which expects this shape."""
    arrays = isinstance(x, tuple) and len(x) in (2, 3) and all(isinstance(one, np.ndarray) and one.ndim for one in x)
    whole = arrays and expected is not None and x[0].ndim == len(expected) and fits(x[0].shape, expected)
    if arrays and len({len(one) for one in x}) == 1 and (whole or len({one.shape for one in x}) > 1):
        raise ValueError(
            f"{who} has one input and expects x to be one array, got a tuple of {len(x)} arrays; where it is (x, y), "
            "pass them one by one: fit(x, y)"
        )


def _refuse_several(x: Any, who: str, expected: Shape | None) -> None:
    """Raises where x is a list of arrays for a model of one input, each of which that input would take."""
    arrays = isinstance(x, (list, tuple)) and len(x) > 1 and all(isinstance(one, np.ndarray) for one in x)
    if arrays and expected is not None and all(fits(one.shape, expected) for one in x):
        raise ValueError(
            f"{who} has one input and expects x to be one array, got a list of {len(x)} arrays of shape {x[0].shape}; "
            "pass one of them, or all rows in one array: np.concatenate(x)"
        )


def unwrapped(given: Any, least_axes: int) -> Any:
    """Returns the array of a list of one array with more axes than `least_axes`; anything else as it is."""
    if isinstance(given, (list, tuple)) and len(given) == 1 and isinstance(given[0], np.ndarray):
        return given[0] if given[0].ndim > least_axes else given
    return given


def fits(shape: Sequence[int | None], expected: Sequence[int | None]) -> bool:
    """Returns whether a shape is one that is expected; None in the latter means any size."""
    return len(shape) == len(expected) and all(e in (None, s) for s, e in zip(shape, expected, strict=True))


def _batch(shape: Sequence[int | None]) -> str:
    return f"({', '.join(['batch', *map(str, shape)])})" if shape else "(batch,)"


def _outside(row: Any, low: int, high: int) -> Any:
    """Returns the first element of a row that is not an integer in [low, high)."""
    inside = np.asarray(row)
    return inside[~((inside >= low) & (inside < high) & (inside == np.floor(inside)))].flat[0]


def _mend_for_places(shape: tuple[int, ...]) -> str:
    """Returns the advice for targets of whole samples where the output has a row for each place of a sample."""
    places = "place of an image" if len(shape) > 2 else "step"
    layers = "Flatten() or GlobalAveragePooling2D()" if len(shape) > 2 else "Flatten() or GlobalAveragePooling1D()"
    last = "" if len(shape) > 2 else ", or leave return_sequences=True out of the last recurrent layer"
    return f"the last layer gives one answer for each {places}; put {layers} before it{last}"


def _only(one: Any, port: Port) -> Any:
    """Returns the array of a list that holds it alone, where the port takes one of its rank."""
    inner = one[0] if isinstance(one, (list, tuple)) and len(one) == 1 else None
    return inner if isinstance(inner, np.ndarray) and inner.ndim == len(port.shape or ()) else one


def _mend_for_values(y: Array, shape: tuple[int, ...], measure: losses.Loss | Metric) -> str:
    """Returns the advice for targets that do not have the shape of the output."""
    if len(shape) > 1 and y.ndim < len(shape):
        return _mend_for_places(shape)
    labels = y.ndim == len(shape) or y.shape[1:] == (*shape[:-1], 1)
    counterpart = computation_of(measure).counterpart
    if labels and counterpart:
        return f"turn labels into rows with utils.to_categorical(y, {shape[-1]}), or use {counterpart}"
    if y.shape[1:] in ((*shape[:-1], 1), shape[:-1]):
        if labels and y.dtype.kind in "biu" and y.size and y.min() >= 0 and y.max() < shape[-1]:
            return (
                f"for class labels use the loss sparse_categorical_crossentropy, or make rows of them with "
                f"utils.to_categorical(y, {shape[-1]}); for one number a sample the last layer is Dense(1)"
            )
        return f"the last layer has {shape[-1]} outputs for one number a sample; Dense(1) has one"
    return "give the last layer as many units as y has columns"


def _weights_of_values(weights: Array | None, shape: tuple[int, ...]) -> Array:
    """Returns a weight for each value of a loss; ones where there are no weights."""
    if weights is None:
        return np.broadcast_to(np.float32(1.0), shape)
    return np.broadcast_to(weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim)), shape)
