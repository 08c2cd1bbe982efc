"""Where and how often values are computed, which scripts of Keras may say: on the processor, once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["RematScope", "device", "remat"]


@contextlib.contextmanager
def device(device_name: str) -> Iterator[None]:
    """Context in which values are computed on a device, which can only be the processor.

    Args:
        device_name: "cpu", "cpu:0" or "/device:CPU:0".

    Returns:
        A context manager.

    Raises:
        ValueError: It is another device.

    Example:
        >>> with fastnn.device("cpu:0"):
        ...     fastnn.layers.Flatten()(np.ones((2, 3))).shape
        (2, 3)
    """
    if "cpu" not in str(device_name).lower():
        raise ValueError(
            f"device expects 'cpu', got {device_name!r}: fastnn computes on the processor; leave device() out, and set "
            "the number of threads with fastnn.config.set_num_threads"
        )
    yield


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the function as it is: values of the forward pass are kept, never computed again.

    Args:
        f: A function or a layer.

    Example:
        >>> fastnn.remat(ops.square)(np.array([3.0]))
        array([9.], dtype=float32)
    """
    return f


class RematScope:
    """Context in which Keras computes values of the forward pass again; accepted, and without effect.

    Args:
        mode: "full", "activations", "larger_than", "list_of_layers" or None; ignored.
        output_size_threshold: Accepted for Keras compatibility; ignored.
        layer_names: Accepted for Keras compatibility; ignored.

    Raises:
        ValueError: The mode is unknown.

    Example:
        >>> with fastnn.RematScope(mode="full"):
        ...     layer = layers.Dense(2)
    """

    def __init__(self, mode: str | None = "full", output_size_threshold: int = 1024, layer_names: Any = None) -> None:
        known = ("full", "activations", "larger_than", "list_of_layers", None)
        if mode not in known:
            raise ValueError(f"RematScope expects mode to be one of {known}, got {mode!r}")
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = layer_names or []

    def __enter__(self) -> RematScope:
        return self

    def __exit__(self, *exc: object) -> None:
        pass
