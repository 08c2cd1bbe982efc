"""What is inside a model: its weights, the outputs of its layers, its gradients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.models import Model
from fastnn.plotting import new_figure


def plot_weights(model: Any, bins: int = 40, path: Any = None) -> Any:
    """Draws a histogram of each weight (`pip install matplotlib`).

    Args:
        model: A model or a layer that is built.
        bins: The number of bins.
        path: A file to write, or None.

    Returns:
        The figure of matplotlib, which a notebook shows.

    Raises:
        ValueError: It has no weights.
        ImportError: matplotlib is missing.

    Example:
        >>> model = fastnn.Sequential([layers.Input((4,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
        >>> [axes.get_title().split()[0] for axes in fastnn.visualization.plot_weights(model).axes]
        ['a/kernel', 'a/bias', 'b/kernel', 'b/bias']
    """
    weights = {weight.path: np.asarray(weight) for weight in model.weights}
    if not weights:
        raise ValueError(f"plot_weights: {model.name!r} has no weights; build it first")
    return _histograms(weights, bins, path)


def plot_gradients(model: Any, x: Any, y: Any, sample_weight: Any = None, path: Any = None) -> Any:
    """Draws the size of the gradient of each trained weight, in the order of the layers (`pip install matplotlib`).

    Gradients that shrink or grow from layer to layer by orders of magnitude are seen at once.

    Args:
        model: A compiled model.
        x: The samples, all as one batch.
        y: The targets.
        sample_weight: The weight of each row, or None.
        path: A file to write, or None.

    Returns:
        The figure of matplotlib, which a notebook shows.

    Raises:
        ValueError: The data do not fit the model.
        ImportError: matplotlib is missing.

    Example:
        >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
        >>> model.compile("sgd", "mse")
        >>> figure = fastnn.visualization.plot_gradients(model, np.ones((4, 2)), np.ones((4, 1)))
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['a/kernel', 'a/bias', 'b/kernel', 'b/bias']
    """
    gradients = model.gradients(x, y, sample_weight)
    names = list(gradients)
    figure = new_figure((6.4, 0.32 * len(names) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    rows = range(len(names))
    sizes = [np.abs(gradients[name]).ravel() for name in names]
    axes.barh(rows, [size.mean() for size in sizes], color="#4c78a8", label="mean")
    axes.plot([size.max() for size in sizes], rows, "k|", markersize=9, label="largest")
    axes.set_yticks(rows, names)
    axes.invert_yaxis()
    shown = np.array([value for size in sizes for value in (size.mean(), size.max()) if value > 0])
    if len(shown):
        # Whole decades, so that the numbers below stand apart.
        axes.set_xscale("log")
        axes.set_xlim(10.0 ** np.floor(np.log10(shown.min())), 10.0 ** np.ceil(np.log10(shown.max())))
    axes.set(xlabel="absolute value of the gradient")
    axes.grid(axis="x", alpha=0.3)
    axes.legend()
    return _saved(figure, path)


def plot_feature_maps(model: Any, x: Any, layer: Any = None, most: int = 32, path: Any = None) -> Any:
    """Draws what a layer makes of one image, a picture for each channel (`pip install matplotlib`).

    Args:
        model: A model made of layers.
        x: The image, (height, width, channels), or a batch whose first image is taken.
        layer: The layer, or its name; None: the first whose output is an image.
        most: The largest number of channels.
        path: A file to write, or None.

    Returns:
        The figure of matplotlib, which a notebook shows.

    Raises:
        ValueError: The output of the layer is no image.
        ImportError: matplotlib is missing.

    Example:
        >>> model = fastnn.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(5, 3, name="c"), layers.Flatten()])
        >>> len(fastnn.visualization.plot_feature_maps(model, np.ones((8, 8, 1)), "c").axes)
        5
    """
    found = layer
    if layer is None:
        images = [one for one in model.layers if len(getattr(one, "output_shape", ())) == 4 and one.weights]
        if not images:
            raise ValueError("plot_feature_maps: no layer with weights makes images")
        found = images[0]
    elif isinstance(layer, str):
        found = model.get_layer(layer)
    if len(found.output_shape) != 4:
        raise ValueError(
            f"plot_feature_maps expects a layer that makes images, got {found.name!r}: {found.output_shape}"
        )
    batch = np.asarray(x)
    batch = batch[None] if batch.ndim == 3 else batch[:1]
    maps = np.asarray(Model(model.inputs, found.output)(batch))[0]
    count = min(most, maps.shape[-1])
    columns = min(8, math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    figure = new_figure((1.3 * columns, 1.3 * rows + 0.4), layout="constrained")
    figure.suptitle(
        f"{found.name}: {count} of {maps.shape[-1]} channels, {maps.shape[0]} x {maps.shape[1]}", fontsize=9
    )
    for i in range(count):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.imshow(maps[..., i], cmap="viridis")
        axes.axis("off")
    return _saved(figure, path)


def _histograms(arrays: dict[str, NDArray[Any]], bins: int, path: Any) -> Any:
    columns = min(4, len(arrays))
    rows = math.ceil(len(arrays) / columns)
    figure = new_figure((3.0 * columns, 2.2 * rows), layout="constrained")
    for i, (name, array) in enumerate(arrays.items()):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.hist(array.ravel(), bins=bins, color="#4c78a8")
        axes.set_title(f"{name}\n{array.shape}", fontsize=8)
        axes.tick_params(labelsize=7)
    return _saved(figure, path)


def _saved(figure: Any, path: Any) -> Any:
    if path is not None:
        figure.savefig(path)
    return figure
