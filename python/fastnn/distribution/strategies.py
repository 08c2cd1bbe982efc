"""How training is divided among processes: `DataParallel`, and the distribution that is set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fastnn import _core
from fastnn.distribution.layouts import DeviceMesh, TensorLayout
from fastnn.distribution.world import World, list_devices, the_world


class DataParallel:
    """Distribution of the rows of each batch over all processes, each of which holds the whole model.

    `batch_size` is that of the whole. A batch is cut into parts by its size alone, each process computes consecutive
    parts, and their gradients are added in the order of the parts. So weights, losses and metrics have the same bits on
    any number of processes, with any number of threads. Batch normalization takes the statistics of the whole batch;
    dropout and shuffling count its rows. Metrics that keep a state of their own, such as `AUC`, are given all rows. The
    model begins with the weights, streams and orders of process 0.

    Every process runs the same script on the same data: arrays (a memory map costs nothing), or generators and data
    sets that yield the same batches. Process 0 alone shows progress and calls callbacks that write files.

    Args:
        device_mesh: A `DeviceMesh` of one axis over all devices; None: that of `devices`.
        devices: All devices, as `list_devices` names them; None: all.
        auto_shard_dataset: False where each process is given rows of its own, equally many in each. A batch then
            consists of `batch_size / processes` rows of each, so the result depends on the number of processes.
        parts: The number of parts into which a batch is cut, at least as many as there are processes. More serve more
            processes and threads evenly, and cost more where weights are large. Results depend on it.
        synchronized: False where batch normalization takes the statistics of the rows that each process has, unless the
            layer has `synchronized=True`. That saves messages, and makes the result depend on the number of processes.
            The moving statistics are those of the whole batch all the same.

    Attributes:
        device_mesh: The mesh.
        auto_shard_dataset: As given.
        parts: As given.
        synchronized: As given.
        batch_dim_name: The name of the axis of the mesh over which batches are divided.

    Raises:
        ValueError: The devices are not all devices, or there are fewer parts than processes.

    Example:
        >>> fastnn.distribution.set_distribution(fastnn.distribution.DataParallel())
        >>> fastnn.distribution.distribution()
        <DataParallel device_mesh=<DeviceMesh shape=(1,), axis_names=['batch']>>
        >>> fastnn.distribution.set_distribution(None)
    """

    def __init__(
        self,
        device_mesh: DeviceMesh | None = None,
        devices: Sequence[str] | None = None,
        auto_shard_dataset: bool = True,
        *,
        parts: int = 8,
        synchronized: bool = True,
    ) -> None:
        if device_mesh is not None and not isinstance(device_mesh, DeviceMesh):
            raise ValueError(f"DataParallel expects device_mesh to be a DeviceMesh, got {device_mesh!r}")
        if device_mesh is None:
            given = list_devices() if devices is None else list(devices)
            device_mesh = DeviceMesh((len(given),), ["batch"], given)
        everywhere = list_devices()
        if len(device_mesh.shape) != 1 or sorted(device_mesh.devices.ravel()) != sorted(everywhere):
            raise ValueError(
                f"DataParallel expects a mesh of one axis over all devices ({', '.join(everywhere)}), got "
                f"{device_mesh} over " + ", ".join(map(str, device_mesh.devices.ravel()))
            )
        if isinstance(parts, bool) or not isinstance(parts, int) or parts < len(everywhere):
            raise ValueError(
                f"DataParallel expects parts to be at least the number of processes, {len(everywhere)}, got {parts!r}; "
                "pass a multiple of it, such as parts=" + str(2 * len(everywhere))
            )
        self.device_mesh = device_mesh
        self.batch_dim_name = device_mesh.axis_names[0]
        self.auto_shard_dataset = auto_shard_dataset
        self.parts = parts
        self.synchronized = synchronized
        self._world: World | None = None
        self._peers: dict[Any, _core.Peers] = {}

    @property
    def num_model_replicas(self) -> int:
        """The number of processes."""
        return int(self.device_mesh.devices.size)

    def get_data_layout(self, data_shape: Sequence[int | None]) -> TensorLayout:
        """Returns the layout of data, which are divided along their first dimension.

        Args:
            data_shape: Their shape.
        """
        return TensorLayout([self.batch_dim_name, *[None] * (len(data_shape) - 1)], self.device_mesh)

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """Returns the layout of a variable, which is whole in every process.

        Args:
            variable: The variable.
        """
        return TensorLayout([None] * len(variable.shape), self.device_mesh)

    def get_tensor_layout(self, path: str) -> None:
        """Returns None: intermediate values have no layout.

        Args:
            path: The path of a tensor.
        """
        return None

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Sets the distribution within a `with` block.

        Returns:
            The context of the block.
        """
        outer = distribution()
        set_distribution(self)
        try:
            yield
        finally:
            set_distribution(outer)

    def __fastnn_world__(self) -> World:
        """Returns the processes."""
        if self._world is None:
            self._world = the_world()
        return self._world

    def __fastnn_peers__(self, core: Any) -> _core.Peers:
        """Returns the processes as a core sees them."""
        if core not in self._peers:
            world, parted = self.__fastnn_world__(), not self.auto_shard_dataset
            self._peers[core] = core.Peers(world.rank, world.size, self.parts, parted, self.synchronized, world)
        return self._peers[core]

    def __repr__(self) -> str:
        return f"<DataParallel device_mesh={self.device_mesh}>"


class ModelParallel:
    """Distribution of the weights of one model over devices, which fastnn does not have.

    Args:
        layout_map: The layouts of the weights.
        batch_dim_name: The name of the axis over which batches are divided.
        auto_shard_dataset: As in `DataParallel`.
        **kwargs: Accepted for Keras compatibility.

    Raises:
        NotImplementedError: Always.

    Example:
        >>> fastnn.distribution.ModelParallel(layout_map=None)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        NotImplementedError: ModelParallel is not supported: ...
    """

    def __init__(
        self, *, layout_map: Any = None, batch_dim_name: str | None = None, auto_shard_dataset: bool = True,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        raise NotImplementedError(
            "ModelParallel is not supported: every process holds the whole model; use DataParallel, which divides the "
            "rows of each batch"
        )


_current: DataParallel | None = None


def distribution() -> DataParallel | None:
    """Returns the distribution that is set, or None.

    Example:
        >>> fastnn.distribution.distribution() is None
        True
    """
    return _current


def set_distribution(value: DataParallel | None) -> None:
    """Sets the distribution of all models.

    Args:
        value: A `DataParallel`, or None for training by this process alone.

    Raises:
        TypeError: `value` is neither.

    Example:
        >>> fastnn.distribution.set_distribution(None)
    """
    global _current
    if value is not None and not isinstance(value, DataParallel):
        raise TypeError(f"set_distribution expects a DataParallel or None, got {value!r}")
    if value is not None:
        value.__fastnn_world__()
    _current = value
