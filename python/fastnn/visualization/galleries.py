"""Galleries of images, with labels, boxes or masks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.plotting import pyplot
from fastnn.visualization.drawing import channels_last, draw_bounding_boxes, draw_segmentation_masks


def plot_image_gallery(
    images: Any,
    y_true: Any = None,
    y_pred: Any = None,
    label_map: Mapping[Any, str] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    value_range: tuple[float, float] = (0, 255),
    scale: float = 2,
    path: Any = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: float = 60,
    legend_handles: Sequence[Any] | None = None,
    data_format: str | None = None,
) -> Any:
    """Shows images in rows and columns, with their labels (`pip install matplotlib`).

    Args:
        images: A batch of images, (batch, height, width, channels).
        y_true: The label of each image, or None.
        y_pred: The predicted label of each image, or None.
        label_map: The names of the labels; required where there are labels.
        rows: The number of rows; None: as many as make a square.
        cols: The number of columns; None: as many as it takes.
        value_range: The smallest and the largest value of a pixel.
        scale: The size of an image, in inches.
        path: A file to write; None: the gallery is shown.
        show: True to show it, False to do neither; None: shown without `path`.
        transparent: True for a file without background.
        dpi: The resolution of the file, in dots per inch.
        legend_handles: Handles of matplotlib for a legend.
        data_format: "channels_last", "channels_first" or None for the setting.

    Returns:
        The figure of matplotlib.

    Raises:
        ValueError: The images are no batch, labels have no names, or both `path` and `show` are given.
        ImportError: matplotlib is missing.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "digits.png")
        >>> (x, y), _ = fastnn.datasets.digits.load_data()
        >>> names = {i: str(i) for i in range(10)}
        >>> figure = fastnn.visualization.plot_image_gallery(
        ...     x[:6, :, :, None], y[:6], label_map=names, rows=2, cols=3, value_range=(0, 16), path=path
        ... )
        >>> len(figure.axes), os.path.exists(path)
        (6, True)
    """
    plt = pyplot()
    if path is not None and show:
        raise ValueError("plot_image_gallery expects path= or show=True, got both")
    if (y_true is not None or y_pred is not None) and label_map is None:
        raise ValueError("plot_image_gallery expects label_map=, the names of the labels, where there are labels")
    array = channels_last(images, data_format, "plot_image_gallery")
    rows = rows or (math.ceil(len(array) / cols) if cols else math.ceil(math.sqrt(len(array))))
    cols = cols or math.ceil(len(array) / rows)
    low, high = value_range
    array = np.clip((array[: rows * cols].astype("float32") - low) / (high - low), 0, 1)
    titled = y_true is not None or y_pred is not None
    figure, axes = plt.subplots(
        rows, cols, figsize=(cols * scale, rows * (scale + (0.3 if titled else 0))), frameon=False,
        layout="constrained", squeeze=False,
    )  # fmt: skip
    for i, place in enumerate(axes.ravel()):
        place.axis("off")
        if i >= len(array):
            continue
        place.imshow(array[i, :, :, 0] if array.shape[-1] == 1 else array[i], cmap="gray", vmin=0, vmax=1)
        parts = [
            f"{what}: {(label_map or {}).get(_label(labels[i]), 'Unknown')}"
            for what, labels in (("Label", y_true), ("Pred", y_pred))
            if labels is not None and i < len(labels)
        ]
        if parts:
            # On two lines where one would be wider than the image.
            place.set_title(("  " if len("  ".join(parts)) < 9 * scale else "\n").join(parts), fontsize=8)
    if legend_handles is not None:
        figure.legend(handles=legend_handles, loc="outside lower center", ncols=len(legend_handles))
    if path is not None:
        figure.savefig(path, bbox_inches="tight", pad_inches=0.02, transparent=transparent, dpi=dpi)
    elif show is not False:
        plt.show()
    plt.close(figure)
    return figure


def _label(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def plot_bounding_box_gallery(
    images: Any,
    bounding_box_format: str,
    y_true: Mapping[str, Any] | None = None,
    y_pred: Mapping[str, Any] | None = None,
    value_range: tuple[float, float] = (0, 255),
    true_color: Sequence[int] = (0, 188, 212),
    pred_color: Sequence[int] = (255, 235, 59),
    line_thickness: int = 2,
    font_scale: float = 1.0,
    text_thickness: int | None = None,
    class_mapping: Mapping[int, str] | None = None,
    ground_truth_mapping: Mapping[int, str] | None = None,
    prediction_mapping: Mapping[int, str] | None = None,
    legend: bool = False,
    legend_handles: Sequence[Any] | None = None,
    rows: int | None = None,
    cols: int | None = None,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Shows images with true and predicted boxes (`pip install matplotlib pillow`).

    Args:
        images: A batch of images, (batch, height, width, channels).
        bounding_box_format: As in `draw_bounding_boxes`.
        y_true: The true boxes, as in `draw_bounding_boxes`, or None.
        y_pred: The predicted boxes, or None.
        value_range: The smallest and the largest value of a pixel.
        true_color: The color of true boxes: red, green and blue from 0 to 255.
        pred_color: The color of predicted boxes.
        line_thickness: The thickness of the lines, in pixels.
        font_scale: The size of the text; 1 is 12 pixels.
        text_thickness: The thickness of the text; None: that of the lines.
        class_mapping: The names of the labels.
        ground_truth_mapping: The names of true labels; None: `class_mapping`.
        prediction_mapping: The names of predicted labels; None: `class_mapping`.
        legend: True for a legend of the two colors.
        legend_handles: Handles of matplotlib for a legend of your own.
        rows: The number of rows; None: as many as make a square.
        cols: The number of columns; None: as many as it takes.
        data_format: "channels_last", "channels_first" or None for the setting.
        **kwargs: Further arguments of `plot_image_gallery`.

    Returns:
        The figure of matplotlib.

    Raises:
        ValueError: The images are no batch, or both kinds of legend are given.
        ImportError: matplotlib or Pillow is missing.

    Example:
        >>> boxes = {"boxes": np.array([[[2, 2, 9, 9]]]), "labels": np.array([[0]])}
        >>> fastnn.visualization.plot_bounding_box_gallery(np.zeros((1, 16, 16, 3)), "xyxy", boxes, show=False)
        <Figure size 200x200 with 1 Axes>
    """
    array = channels_last(images, data_format, "plot_bounding_box_gallery").astype("float32")
    low, high = value_range
    drawn: Any = (np.clip((array - low) / (high - low), 0, 1) * 255).astype("uint8")
    for boxes, color, names in (
        (y_true, true_color, ground_truth_mapping or class_mapping),
        (y_pred, pred_color, prediction_mapping or class_mapping),
    ):
        if boxes is not None:
            drawn = draw_bounding_boxes(
                drawn, boxes, bounding_box_format, names, color, line_thickness, text_thickness or line_thickness,
                font_scale, "channels_last",
            )  # fmt: skip
    if legend:
        if legend_handles:
            raise ValueError("plot_bounding_box_gallery expects legend=True or legend_handles=, got both")
        from matplotlib.patches import Patch

        pairs = ((true_color, "Ground Truth"), (pred_color, "Prediction"))
        colors = [tuple(float(part) / 255 for part in color) for color, _ in pairs]
        made: Any = Patch
        legend_handles = [made(color=color, label=label) for color, (_, label) in zip(colors, pairs, strict=True)]
    return plot_image_gallery(
        drawn, rows=rows, cols=cols, legend_handles=legend_handles, data_format="channels_last", **kwargs
    )


def plot_segmentation_mask_gallery(
    images: Any,
    num_classes: int,
    value_range: tuple[float, float] = (0, 255),
    y_true: Any = None,
    y_pred: Any = None,
    color_mapping: Mapping[int, Sequence[int]] | None = None,
    blend: bool = True,
    alpha: float = 0.8,
    ignore_index: int = -1,
    data_format: str | None = None,
    **kwargs: Any,
) -> Any:
    """Shows images, each beside itself with the true and the predicted classes of its pixels.

    Args:
        images: A batch of images, (batch, height, width, channels).
        num_classes: The number of classes.
        value_range: The smallest and the largest value of a pixel.
        y_true: The true masks, as in `draw_segmentation_masks`, or None.
        y_pred: The predicted masks, or None.
        color_mapping: The color of each class; None: distinct ones.
        blend: False to draw the colors alone.
        alpha: The opacity of the colors.
        ignore_index: The class that is not drawn.
        data_format: "channels_last", "channels_first" or None for the setting.
        **kwargs: Further arguments of `plot_image_gallery`.

    Returns:
        The figure of matplotlib.

    Raises:
        ValueError: The images are no batch.
        ImportError: matplotlib is missing.

    Example:
        >>> masks = np.zeros((2, 8, 8), dtype="int32")
        >>> fastnn.visualization.plot_segmentation_mask_gallery(np.zeros((2, 8, 8, 3)), 2, y_true=masks, show=False)
        <Figure size 400x400 with 4 Axes>
    """
    array = channels_last(images, data_format, "plot_segmentation_mask_gallery").astype("float32")
    low, high = value_range
    array = np.clip((array - low) / (high - low), 0, 1) * 255
    shown = [array]
    for masks in (y_true, y_pred):
        if masks is not None:
            masks = np.asarray(masks).astype("int32")
            if masks.ndim == 4:
                masks = channels_last(masks, data_format, "plot_segmentation_mask_gallery")[..., 0]
            drawn = draw_segmentation_masks(
                array, masks, num_classes, color_mapping, alpha, blend, ignore_index, "channels_last"
            )
            shown.append(drawn.astype("float32"))
    gallery = np.stack(shown, axis=1).reshape(-1, *array.shape[1:])
    return plot_image_gallery(gallery, rows=len(array), cols=len(shown), data_format="channels_last", **kwargs)
