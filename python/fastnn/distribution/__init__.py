"""Training of one model by several processes, under the names of `keras.distribution`.

    import fastnn
    fastnn.distribution.initialize()
    fastnn.distribution.set_distribution(fastnn.distribution.DataParallel())

and `mpiexec -n 4 python train.py`. The engine is MPI, through mpi4py (`pip install mpi4py mpich`).
"""

from fastnn.distribution.layouts import DeviceMesh, LayoutMap, TensorLayout, distribute_tensor
from fastnn.distribution.strategies import DataParallel, ModelParallel, distribution, set_distribution
from fastnn.distribution.world import get_device_count, initialize, list_devices

__all__ = [
    "DataParallel",
    "DeviceMesh",
    "LayoutMap",
    "ModelParallel",
    "TensorLayout",
    "distribute_tensor",
    "distribution",
    "get_device_count",
    "initialize",
    "list_devices",
    "set_distribution",
]


def __dir__() -> list[str]:
    return __all__
