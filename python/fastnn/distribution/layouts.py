"""Meshes of devices, and layouts of tensors over them: descriptions, which compute nothing.

A device is a process. Batches are divided along the first axis of a mesh; weights are whole in every process.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.distribution.world import list_devices


class DeviceMesh:
    """Devices in a grid, whose axes have names.

    Args:
        shape: The sizes of the axes.
        axis_names: The names of the axes.
        devices: The devices, as `list_devices` names them; None: all.

    Raises:
        ValueError: The sizes, names and devices do not fit one another.

    Example:
        >>> fastnn.distribution.DeviceMesh((1,), ["batch"])
        <DeviceMesh shape=(1,), axis_names=['batch']>
    """

    def __init__(self, shape: Sequence[int], axis_names: Sequence[str], devices: Any = None) -> None:
        if not shape or not axis_names:
            raise ValueError(
                f"DeviceMesh expects at least one axis, got shape={tuple(shape)} and axis_names={list(axis_names)}"
            )
        if len(shape) != len(axis_names):
            raise ValueError(f"DeviceMesh expects a name for each axis of {tuple(shape)}, got {list(axis_names)}")
        found = np.array(list_devices() if devices is None else devices).ravel()
        if math.prod(shape) != found.size:
            raise ValueError(
                f"DeviceMesh of shape {tuple(shape)} expects {math.prod(shape)} devices, got {found.size}; there is "
                "one for each process"
            )
        self._shape = tuple(shape)
        self._axis_names = list(axis_names)
        self._devices = found.reshape(self._shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes."""
        return self._shape

    @property
    def axis_names(self) -> list[str]:
        """The names of the axes."""
        return self._axis_names

    @property
    def devices(self) -> NDArray[Any]:
        """The names of the devices, in an array of the shape of the mesh."""
        return self._devices

    def __repr__(self) -> str:
        return f"<DeviceMesh shape={self.shape}, axis_names={self.axis_names}>"


class TensorLayout:
    """The axes of a mesh along which the dimensions of a tensor are divided.

    Args:
        axes: For each dimension the name of an axis of the mesh, or None where it is not divided.
        device_mesh: The mesh, or None.

    Raises:
        ValueError: The mesh has no axis of a name.

    Example:
        >>> mesh = fastnn.distribution.DeviceMesh((1,), ["batch"])
        >>> fastnn.distribution.TensorLayout(["batch", None], mesh).axes
        ('batch', None)
    """

    def __init__(self, axes: Sequence[str | None], device_mesh: DeviceMesh | None = None) -> None:
        self._axes = tuple(axes)
        self._device_mesh = device_mesh
        self._check()

    def _check(self) -> None:
        if self._device_mesh is None:
            return
        unknown = sorted({axis for axis in self._axes if axis} - set(self._device_mesh.axis_names))
        if unknown:
            raise ValueError(
                f"TensorLayout names the axis {unknown[0]!r}; the mesh has {', '.join(self._device_mesh.axis_names)}"
            )

    @property
    def axes(self) -> tuple[str | None, ...]:
        """For each dimension the name of an axis of the mesh, or None."""
        return self._axes

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh, or None."""
        return self._device_mesh

    @device_mesh.setter
    def device_mesh(self, device_mesh: DeviceMesh) -> None:
        if self._device_mesh is not None:
            raise ValueError("The mesh of this TensorLayout is set already; make another layout")
        self._device_mesh = device_mesh
        self._check()

    def __repr__(self) -> str:
        return f"<TensorLayout axes={self.axes}, device_mesh={self.device_mesh}>"


class LayoutMap(MutableMapping[str, TensorLayout]):
    """Layouts by paths of variables, or by patterns (regular expressions) of paths.

    Args:
        device_mesh: The mesh of layouts that are given as axes alone, or None.

    Example:
        >>> mesh = fastnn.distribution.DeviceMesh((1,), ["model"])
        >>> layouts = fastnn.distribution.LayoutMap(mesh)
        >>> layouts["dense.*kernel"] = (None, "model")
        >>> layouts["dense_1/kernel"].axes
        (None, 'model')
    """

    def __init__(self, device_mesh: DeviceMesh | None) -> None:
        self._layouts: dict[str, TensorLayout] = {}
        self._device_mesh = device_mesh

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh of layouts that are given as axes alone."""
        return self._device_mesh

    def __getitem__(self, key: str) -> Any:
        """Returns the layout of a path: its own, or that of the only pattern that fits; None where there is none.

        Raises:
            ValueError: Several patterns fit.
        """
        if key in self._layouts:
            return self._layouts[key]
        fitting = [pattern for pattern in self._layouts if re.search(pattern, key)]
        if len(fitting) > 1:
            raise ValueError(f"Path {key!r} fits several patterns of the LayoutMap: {fitting}; one at most is expected")
        return self._layouts[fitting[0]] if fitting else None

    def __setitem__(self, key: str, layout: Any) -> None:
        if key in self._layouts:
            raise ValueError(f"LayoutMap has a layout for {key!r} already; delete it first")
        made = TensorLayout(layout, self._device_mesh) if isinstance(layout, tuple) else layout
        if not isinstance(made, TensorLayout):
            raise ValueError(f"LayoutMap expects a TensorLayout or a tuple of axes for {key!r}, got {layout!r}")
        if made.device_mesh is None and self._device_mesh is not None:
            made.device_mesh = self._device_mesh
        self._layouts[key] = made

    def __delitem__(self, key: str) -> None:
        del self._layouts[key]

    def __len__(self) -> int:
        return len(self._layouts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layouts)


def distribute_tensor(tensor: Any, layout: TensorLayout) -> Any:
    """Returns a tensor as it is where a layout divides none of its dimensions.

    Args:
        tensor: The tensor.
        layout: Its layout.

    Raises:
        NotImplementedError: The layout divides a dimension: tensors are whole in every process.

    Example:
        >>> fastnn.distribution.distribute_tensor(np.ones(2), fastnn.distribution.TensorLayout([None]))
        array([1., 1.])
    """
    if any(axis is not None for axis in layout.axes):
        raise NotImplementedError(
            "fastnn keeps tensors whole in every process and divides the rows of batches alone; use DataParallel"
        )
    return tensor
