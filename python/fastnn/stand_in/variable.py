"""`tf.Variable`: a variable of fastnn under the arguments that TensorFlow gave it."""

from __future__ import annotations

from typing import Any

from fastnn.symbolic.variable import Variable as OfFastnn


class _OfAnyName(type):
    """Lets variables of fastnn, such as weights of layers, be instances too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, OfFastnn)


class Variable(OfFastnn, metaclass=_OfAnyName):
    """Array of float32 values that a step reads and may change.

    Args:
        initial_value: The first value: an array, a number, or a function that returns one.
        trainable: Whether training may change it; None: yes.
        validate_shape: Accepted for compatibility; ignored.
        caching_device: Accepted for compatibility; ignored.
        name: A name; None makes one.
        variable_def: Accepted for compatibility; ignored.
        dtype: The element type; None: that of the value.
        import_scope: Accepted for compatibility; ignored.
        constraint: The constraint applied after each update, or None.
        synchronization: Accepted for compatibility; ignored.
        aggregation: Accepted for compatibility; ignored.
        shape: Accepted for compatibility; ignored.
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if initial_value is None:
            raise ValueError("tf.Variable expects a first value: tf.Variable(tf.zeros((3, 2)))")
        value = initial_value() if callable(initial_value) and not hasattr(initial_value, "shape") else initial_value
        super().__init__(value, dtype=dtype, trainable=trainable is not False, name=name, constraint=constraint)

    def read_value(self) -> Any:
        """Returns the value in a step, and the variable outside of one."""
        return self
