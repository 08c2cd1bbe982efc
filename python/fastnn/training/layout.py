"""Layout of a batch: what the door found for arrays of some shapes and types, kept for the next batch of the same ones.

A loop that calls `train_on_batch` and a generator hand over thousands of batches that differ in their values alone. For
these the shapes need not be read again; only the values are looked through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.data.arrays import Feed
from fastnn.engine.ownership import LayerChanges
from fastnn.losses.loss import Loss
from fastnn.metrics.metric import Metric
from fastnn.precision import largest_in
from fastnn.training.compiled import Compiled
from fastnn.training.programs import Programs

Array = NDArray[Any]


class Layout(NamedTuple):
    """Layout of the batches of a model of one input and one output, without sample weights.

    Attributes:
        compiled: What `compile` was given.
        changes: The count of changed layers when it was made.
        x: The shape of a sample, and its type.
        y: The shape of one row of the targets, and its type.
        rows_read: For each column of targets that graphs read the shape of a row.
        integers: The range of integers that the input may hold, or None.
        classes: The number of classes, of which targets must be labels, or None.
        within: The ranges of targets outside of which a loss has no meaning.
        floats: The type of floats of the model.
    """

    compiled: Compiled
    changes: int
    x: tuple[tuple[int, ...], np.dtype[Any]]
    y: tuple[tuple[int, ...], np.dtype[Any]]
    rows_read: Sequence[tuple[int, ...]]
    integers: tuple[int, int] | None
    classes: int | None
    within: Sequence[tuple[float, float]]
    floats: str

    def feed(self, compiled: Compiled, x: Any, y: Any, check_nan: bool) -> Feed | None:
        """Returns the arrays of a batch; None where it has another layout, or holds a value that the door refuses.

        Args:
            compiled: What `compile` was given.
            x: The samples.
            y: The targets.
            check_nan: True where NaN and infinity are refused.
        """
        if type(x) is not np.ndarray or type(y) is not np.ndarray or compiled is not self.compiled:
            return None
        of_x, of_y = x.shape, y.shape
        rows, sample, target = of_x[:1], of_x[1:], of_y[1:]
        if self.changes != LayerChanges.count or rows != of_y[:1] or rows == (0,):
            return None
        if sample != self.x[0] or target != self.y[0] or x.dtype != self.x[1] or y.dtype != self.y[1]:
            return None
        if check_nan and not (_is_finite(x, self.floats) and _is_finite(y, self.floats)):
            return None
        if self.integers is not None and _core.first_outside(x, *self.integers) >= 0:
            return None
        if self.classes is not None and _core.first_outside(y, 0, self.classes) >= 0:
            return None
        for low, high in self.within:
            if _core.first_beyond(y, low, high) >= 0:
                return None
        read = [y if shape == target else y.reshape(rows + shape) for shape in self.rows_read]
        return Feed(_core.Columns([x, *read], [None]), (sample,), (target,), [x])


def layout_of(
    programs: Programs, compiled: Compiled, x: Any, y: Any, samples: Array, read: Sequence[Array]
) -> Layout | None:
    """Returns the layout of a checked batch, where one can be kept: graphs read x and y as they are.

    Args:
        programs: The programs of the model.
        compiled: What `compile` was given.
        x: The samples as they were given.
        y: The targets as they were given.
        samples: The samples as they are read.
        read: The targets as they are read.
    """
    plain = samples is x and type(x) is np.ndarray and type(y) is np.ndarray and len(compiled.losses) == 1
    if not plain or not all(one.dtype == y.dtype and one.size == y.size for one in read):
        return None
    measures: list[Loss | Metric] = [*compiled.losses[0], *(measure.metric for measure in compiled.resolve())]
    if any(measure.__fastnn_mask__(y) is not None for measure in measures):
        return None
    shapes = (x.shape[1:],)
    limits = programs.inference(shapes).ranges[0]
    labelled = (0, "labels") in compiled.targets()
    within = [loss.__fastnn_computation__.targets_within for loss in compiled.losses[0]]
    return Layout(
        compiled,
        LayerChanges.count,
        (x.shape[1:], x.dtype),
        (y.shape[1:], y.dtype),
        [one.shape[1:] for one in read],
        None if limits is None else limits[:2],
        programs.output_shapes(shapes)[0][-1] if labelled else None,
        [one for one in within if one is not None],
        programs.floats(),
    )


def _is_finite(array: Array, floats: str) -> bool:
    if array.dtype.kind != "f":
        return True
    largest = largest_in(array, floats)
    return _core.first_beyond(array, -largest, largest) < 0
