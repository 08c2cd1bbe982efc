"""Files of TensorBoard, made by the package `tensorboard`: scalars, histograms, images, graphs and embeddings."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.engine.network import Network, edges_of


def require() -> None:
    """Checks that the package `tensorboard` is there.

    Raises:
        ImportError: It is missing.
    """
    try:
        import tensorboard  # noqa: F401
    except ImportError as error:
        raise ImportError("callbacks.TensorBoard needs the package tensorboard: pip install tensorboard") from error


class EventFile:
    """A file of events.

    Args:
        directory: The directory of the file, which is made where there is none.
    """

    def __init__(self, directory: str) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._writer: Any = EventFileWriter(directory)

    def _add(self, step: int, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._writer.add_event(Event(wall_time=time.time(), step=step, **content))

    def add_scalars(self, values: Mapping[str, Any], step: int) -> None:
        """Adds numbers.

        Args:
            values: The numbers by name; what is no number is left out.
            step: The step at which they stand.
        """
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        for name, value in values.items():
            if np.ndim(value) == 0 and not isinstance(value, str):
                self._add(step, summary=scalar_pb(name, value))

    def add_histogram(self, name: str, values: NDArray[Any], step: int) -> None:
        """Adds the distribution of the elements of an array.

        Args:
            name: The name.
            values: The array.
            step: The step.
        """
        from tensorboard.plugins.histogram.summary_v2 import histogram_pb

        self._add(step, summary=histogram_pb(name, values))

    def add_weight_image(self, name: str, weight: NDArray[Any], step: int) -> None:
        """Adds a weight as images in gray, from its smallest to its largest element; none for four dimensions and more.

        Args:
            name: The name.
            weight: The weight. Of three dimensions, after those of size 1 are left out, the last counts images.
            step: The step.
        """
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING
        from tensorboard.plugins.image.metadata import create_summary_metadata

        image = np.squeeze(weight)
        if image.ndim > 3 or image.size == 0:
            return
        if image.ndim < 2:
            image = image.reshape(1, -1)
        if image.ndim == 2:
            image = (image.T if image.shape[0] > image.shape[1] else image)[..., None]
        images = np.moveaxis(image, -1, 0)
        low, high = float(images.min()), float(images.max())
        gray = ((images - low) / ((high - low) or 1.0) * 255).astype(np.uint8)
        height, width = gray.shape[1:]
        texts = [str(width).encode(), str(height).encode(), *(_png(one) for one in gray[:10])]
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=len(texts))])
        summary = Summary()
        summary.value.add(
            tag=name,
            metadata=create_summary_metadata(display_name="", description=""),
            tensor=TensorProto(dtype=DT_STRING, string_val=texts, tensor_shape=shape),
        )
        self._add(step, summary=summary)

    def add_graph(self, model: Network) -> None:
        """Adds the graph of a model: a node for each layer, nested models as groups.

        Args:
            model: The model.
        """
        from tensorboard.compat.proto.attr_value_pb2 import AttrValue
        from tensorboard.compat.proto.graph_pb2 import GraphDef
        from tensorboard.compat.proto.node_def_pb2 import NodeDef

        graph = GraphDef()
        for name, kind, inputs in _nodes(model, ""):
            graph.node.append(
                NodeDef(name=name, op=kind, input=inputs, attr={"keras_class": AttrValue(s=kind.encode())})
            )
        self._add(0, graph_def=graph.SerializeToString())

    def flush(self) -> None:
        """Writes what was added to the disk."""
        self._writer.flush()

    def close(self) -> None:
        """Closes the file."""
        self._writer.close()


def _png(gray: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(gray).save(file, format="png")
    return file.getvalue()


def _nodes(model: Network, scope: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yields the name, the class and the inputs of each layer."""
    feeds: dict[int, list[str]] = {}
    for source, target in edges_of(model):
        feeds.setdefault(id(target), []).append(f"{scope}{source.name}")
    for layer in model.__fastnn_operations__():
        if isinstance(layer, Network):
            yield from _nodes(layer, f"{scope}{layer.name}/")
        yield f"{scope}{layer.name}", type(layer).__name__, feeds.get(id(layer), [])


def write_projector(directory: str, embeddings: Sequence[Any], metadata: str | Mapping[str, str] | None) -> None:
    """Writes which embeddings the projector shows.

    Args:
        directory: The directory.
        embeddings: The layers.
        metadata: The file that names the rows, or one for each name of a layer.

    Raises:
        ValueError: `metadata` names a layer that is not among them.
    """
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    files = {} if metadata is None or isinstance(metadata, str) else dict(metadata)
    config = ProjectorConfig()
    for layer in embeddings:
        path = metadata if isinstance(metadata, str) else files.pop(layer.name, None)
        config.embeddings.add(
            tensor_name=layer.name, tensor_path=f"{layer.name}.tsv", **({} if path is None else {"metadata_path": path})
        )
    if files:
        raise ValueError(
            f"TensorBoard: embeddings_metadata names {', '.join(files)}, but the Embedding layers are: "
            f"{', '.join(layer.name for layer in embeddings) or 'none'}"
        )
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "projector_config.pbtxt"), "w") as file:
        file.write(text_format.MessageToString(config))


def write_embedding(directory: str, name: str, rows: NDArray[Any]) -> None:
    """Writes the rows of an embedding for the projector.

    Args:
        directory: The directory.
        name: The name of the layer.
        rows: The embedding, a row for each entry.
    """
    np.savetxt(os.path.join(directory, f"{name}.tsv"), rows, fmt="%.6g", delimiter="\t")
