"""Functions that `keras.backend` had in Keras 2, on `fastnn.ops`: `K.mean`, `K.sum` and their like."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import ops, random
from fastnn.symbolic.variable import Variable

_SAME = (
    "abs all any arange argmax argmin cast clip concatenate cos cumprod cumsum dot elu equal exp expand_dims eye "
    "greater greater_equal hard_sigmoid less less_equal log logsumexp max maximum mean min minimum ndim not_equal "
    "ones ones_like prod relu repeat reshape round shape sigmoid sign sin softmax softplus softsign sqrt square "
    "squeeze stack std stop_gradient sum tanh tile transpose var zeros zeros_like"
)
"""Functions that `fastnn.ops` has under the same name and with the same arguments."""


def batch_flatten(x: Any) -> Any:
    """Returns the rows of a batch as vectors."""
    return ops.reshape(x, (-1, int(np.prod(x.shape[1:]))))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Returns the binary crossentropy, value by value."""
    return ops.binary_crossentropy(target, output, from_logits)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Returns the crossentropy with integer targets, row by row."""
    return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Returns the crossentropy with one-hot targets, row by row."""
    return ops.categorical_crossentropy(target, output, from_logits, axis)


def eval(x: Any) -> Any:
    """Returns the values of an array or a variable."""
    return np.asarray(x)


def flatten(x: Any) -> Any:
    """Returns all values as a vector."""
    return ops.reshape(x, (-1,))


def gather(reference: Any, indices: Any) -> Any:
    """Returns rows by their numbers."""
    return ops.take(reference, indices, axis=0)


def int_shape(x: Any) -> tuple[int | None, ...]:
    """Returns the shape; None stands for a size that is not known."""
    return tuple(x.shape)


def l2_normalize(x: Any, axis: int | None = None) -> Any:
    """Returns values divided by their Euclidean norm."""
    return x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))


def set_value(x: Any, value: Any) -> None:
    """Assigns a value to a variable."""
    x.assign(value)


def update(x: Any, new_x: Any) -> Any:
    """Assigns a value to a variable."""
    return x.assign(new_x)


def update_add(x: Any, increment: Any) -> Any:
    """Adds to a variable."""
    return x.assign_add(increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtracts from a variable."""
    return x.assign_sub(decrement)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Returns values of one of two expressions."""
    then, other = (one() if callable(one) else one for one in (then_expression, else_expression))
    return ops.where(condition, then, other)


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Returns normally distributed numbers."""
    return random.normal(shape, mean, stddev, dtype, seed)


def random_uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Returns evenly distributed numbers."""
    return random.uniform(shape, minval, maxval, dtype, seed)


def reverse(x: Any, axes: Any) -> Any:
    """Returns values in reverse order along axes."""
    return ops.flip(x, axes)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """Returns a value as an array; one number fills a shape."""
    made = ops.convert_to_tensor(value, dtype)
    return made if shape is None else ops.broadcast_to(made, shape)


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """Returns a variable with a value."""
    return Variable(np.asarray(value, np.float32 if dtype is None else dtype), name=name)


def cast_to_floatx(x: Any) -> Any:
    """Returns values of the default floating-point type."""
    return ops.cast(x, "float32")


def learning_phase() -> int:
    """Returns 0: whether a model trains is told by the argument `training` of a call."""
    return 0


def set_learning_phase(value: Any) -> None:
    """Does nothing: whether a model trains is told by the argument `training` of a call."""


NAMES: dict[str, Any] = {
    **{name: getattr(ops, name) for name in _SAME.split()},
    **{
        one.__name__: one
        for one in (
            batch_flatten, binary_crossentropy, cast_to_floatx, categorical_crossentropy, constant, eval, flatten,
            gather, int_shape, l2_normalize, learning_phase, random_normal, random_uniform, reverse,
            set_learning_phase, set_value, sparse_categorical_crossentropy, switch, update, update_add, update_sub,
            variable,
        )
    },
    "batch_get_value": lambda ones: [np.asarray(one) for one in ones],
    "count_params": lambda x: int(np.prod(x.shape)),
    "get_value": eval, "permute_dimensions": ops.transpose, "pow": ops.power, "repeat_elements": ops.repeat,
}  # fmt: skip
"""Functions by name."""


class Reduction:
    """Names of the reductions of losses, as `keras.losses.Reduction` of Keras 2 had them."""

    AUTO = "sum_over_batch_size"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"


OF_LOSSES = {"Reduction": Reduction}
"""What `keras.losses` had in Keras 2."""
