"""Data on their way into a model: sources of rows, batch by batch, and datasets in the interface of `tf.data`."""

from fastnn.data.dataset import Dataset
from fastnn.data.iteration import AUTOTUNE, INFINITE, UNKNOWN
from fastnn.data.specs import DatasetSpec, TensorSpec

__all__ = ["AUTOTUNE", "INFINITE", "UNKNOWN", "Dataset", "DatasetSpec", "TensorSpec"]
