"""`tf.config`: there are processors and no other devices."""

from __future__ import annotations

import types
from typing import Any

from fastnn.config import num_threads, set_num_threads

__all__ = [
    "experimental", "get_visible_devices", "list_logical_devices", "list_physical_devices", "optimizer",
    "run_functions_eagerly", "set_visible_devices", "threading",
]  # fmt: skip


class PhysicalDevice:
    """Device of the machine.

    Args:
        name: Its name.
        device_type: Its type.
    """

    def __init__(self, name: str, device_type: str) -> None:
        self.name = name
        self.device_type = device_type

    def __repr__(self) -> str:
        return f"PhysicalDevice(name={self.name!r}, device_type={self.device_type!r})"


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Returns the processor; the list of GPUs is empty."""
    return [PhysicalDevice("/physical_device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


list_logical_devices = get_visible_devices = list_physical_devices


def _accepted(*args: Any, **kwargs: Any) -> None:
    """Does nothing: the setting has no meaning here."""


run_functions_eagerly = set_visible_devices = _accepted

threading = types.SimpleNamespace(
    get_inter_op_parallelism_threads=lambda: 1,
    get_intra_op_parallelism_threads=num_threads,
    set_inter_op_parallelism_threads=_accepted,
    set_intra_op_parallelism_threads=set_num_threads,
)
"""Names of `tf.config.threading`."""
optimizer = types.SimpleNamespace(set_jit=_accepted, set_experimental_options=_accepted)
"""Names of `tf.config.optimizer`."""
experimental = types.SimpleNamespace(
    enable_op_determinism=_accepted,
    list_physical_devices=list_physical_devices,
    list_logical_devices=list_physical_devices,
    set_memory_growth=_accepted,
    set_virtual_device_configuration=_accepted,
)
"""Names of `tf.config.experimental`."""
