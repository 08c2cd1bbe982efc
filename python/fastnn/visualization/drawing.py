"""Boxes and masks drawn on images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import config

Array = NDArray[Any]

_FORMATS = ("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw")


def channels_last(images: Any, data_format: str | None, what: str) -> Array:
    """Returns a batch of images with the channels at the end.

    Args:
        images: The images.
        data_format: "channels_last", "channels_first" or None for the setting.
        what: The function, for errors.

    Raises:
        ValueError: They are no batch of images.
    """
    array = np.asarray(images)
    if array.ndim != 4:
        raise ValueError(
            f"{what} expects a batch of images, (batch, height, width, channels), got an array of shape {array.shape}"
        )
    first = (data_format or config.image_data_format()) == "channels_first"
    return array.transpose(0, 2, 3, 1) if first else array


def as_corners(boxes: Array, bounding_box_format: str, height: int, width: int) -> Array:
    """Returns boxes as (left, top, right, bottom) in pixels.

    Args:
        boxes: The boxes, (..., 4).
        bounding_box_format: "xyxy", "yxyx", "xywh", "center_xywh" or "center_yxhw", and with "rel_" before it for
            shares of the height and the width.
        height: The height of the images.
        width: The width of the images.

    Raises:
        ValueError: The format is unknown.
    """
    kind = bounding_box_format.lower()
    relative = kind.startswith("rel_")
    kind = kind.removeprefix("rel_")
    if kind not in _FORMATS:
        raise ValueError(
            f"bounding_box_format expects one of {', '.join(_FORMATS)}, or rel_ and one of them, got "
            f"{bounding_box_format!r}"
        )
    a, b, c, d = np.moveaxis(np.asarray(boxes, dtype="float32"), -1, 0)
    if kind in ("yxyx", "center_yxhw"):
        a, b, c, d = b, a, d, c
    if kind == "xywh":
        c, d = a + c, b + d
    elif kind.startswith("center"):
        a, b, c, d = a - c / 2, b - d / 2, a + c / 2, b + d / 2
    scale = np.array([width, height, width, height]) if relative else 1.0
    corners: Array = np.stack([a, b, c, d], axis=-1) * scale
    return corners


def draw_bounding_boxes(
    images: Any,
    bounding_boxes: Mapping[str, Any],
    bounding_box_format: str,
    class_mapping: Mapping[int, str] | None = None,
    color: Sequence[int] = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: int = 1,
    font_scale: float = 1.0,
    data_format: str | None = None,
) -> Array:
    """Returns images with boxes drawn on them (`pip install pillow`).

    Args:
        images: A batch of images, (batch, height, width, channels). Floats of at most 1 stand for shares of 255.
        bounding_boxes: A dict of "boxes" (batch, boxes, 4), "labels" (batch, boxes), where -1 stands for no box, and
            perhaps "confidences" (batch, boxes).
        bounding_box_format: "xyxy", "yxyx", "xywh", "center_xywh" or "center_yxhw", and with "rel_" before it for
            shares of the height and the width.
        class_mapping: The names of the labels; others have no text.
        color: The color of the boxes: red, green and blue from 0 to 255.
        line_thickness: The thickness of their lines, in pixels.
        text_thickness: The thickness of the text: the stroke beyond 1 pixel.
        font_scale: The size of the text; 1 is 12 pixels.
        data_format: "channels_last", "channels_first" or None for the setting.

    Returns:
        The images as uint8, with the channels at the end.

    Raises:
        ValueError: The images are no batch, or an entry of the dict is missing.
        TypeError: `bounding_boxes` is no dict.
        ImportError: Pillow is missing.

    Example:
        >>> boxes = {"boxes": np.array([[[1, 1, 6, 6]]]), "labels": np.array([[0]])}
        >>> drawn = fastnn.visualization.draw_bounding_boxes(
        ...     np.zeros((1, 8, 8, 3)), boxes, "xyxy", color=(255, 0, 0), line_thickness=1
        ... )
        >>> drawn[0, :, :, 0].sum(axis=0) // 255
        array([0, 6, 2, 2, 2, 2, 6, 0], dtype=uint64)
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise ImportError("draw_bounding_boxes needs Pillow: pip install pillow") from error
    array = channels_last(images, data_format, "draw_bounding_boxes")
    if not isinstance(bounding_boxes, Mapping):
        raise TypeError(f"bounding_boxes expects a dict, got {type(bounding_boxes).__name__}")
    missing = [name for name in ("boxes", "labels") if name not in bounding_boxes]
    if missing:
        raise ValueError(f"bounding_boxes has no entry {missing[0]!r}; it has {', '.join(bounding_boxes)}")
    if array.dtype.kind == "f":
        array = np.clip(array, 0, 1) * 255 if array.max(initial=0) <= 1 else np.clip(array, 0, 255)
    array = array.astype("uint8")
    height, width = array.shape[1:3]
    corners = as_corners(bounding_boxes["boxes"], bounding_box_format, height, width)
    labels = np.asarray(bounding_boxes["labels"]).astype(int)
    confidences = bounding_boxes.get("confidences")
    font = ImageFont.load_default(max(1, round(12 * font_scale)))
    stroke = max(0, (text_thickness or line_thickness) - 1) // 2
    gray = array.shape[-1] == 1
    drawn = []
    for i, image in enumerate(array):
        picture = Image.fromarray(image[..., 0] if gray else image)
        brush = ImageDraw.Draw(picture)
        ink = int(np.mean(color)) if gray else tuple(color)
        for k, (left, top, right, bottom) in enumerate(corners[i].astype(int).tolist()):
            if labels[i, k] == -1:
                continue
            edges = [(min(left, right), min(top, bottom)), (max(left, right), max(top, bottom))]
            brush.rectangle(edges, outline=ink, width=line_thickness)
            text = (class_mapping or {}).get(int(labels[i, k]))
            if text is not None:
                if confidences is not None:
                    text = f"{text} | {float(np.asarray(confidences)[i, k]):.2f}"
                size = font.getbbox(text)[3] + 2
                above = top - size - 2
                brush.text((left + 2, above if above >= 0 else top + 4), text, fill=ink, font=font, stroke_width=stroke)
        made = np.asarray(picture)
        drawn.append(made[..., None] if gray else made)
    return np.stack(drawn)


def draw_segmentation_masks(
    images: Any,
    segmentation_masks: Any,
    num_classes: int | None = None,
    color_mapping: Mapping[int, Sequence[int]] | None = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: str | None = None,
) -> Array:
    """Returns images with the classes of their pixels laid over them in colors.

    Args:
        images: A batch of images, (batch, height, width, channels), from 0 to 255.
        segmentation_masks: The class of each pixel, integers (batch, height, width) or (batch, height, width, 1).
        num_classes: The number of classes; None: the largest in the masks. Classes from it on are not drawn.
        color_mapping: The color of each class: red, green and blue from 0 to 255; None: distinct ones.
        alpha: The opacity of the colors, from 0 to 1.
        blend: False to draw the colors alone, as floats.
        ignore_index: The class that is not drawn.
        data_format: "channels_last", "channels_first" or None for the setting.

    Returns:
        The images as uint8, with the channels at the end; as float32 without `blend`.

    Raises:
        ValueError: The images are no batch.
        TypeError: The masks are no integers.

    Example:
        >>> masks = np.array([[[0, 1], [1, 0]]])
        >>> fastnn.visualization.draw_segmentation_masks(
        ...     np.zeros((1, 2, 2, 3)), masks, 2, {0: (0, 0, 0), 1: (100, 0, 0)}, alpha=0.5
        ... )[0, :, :, 0]
        array([[ 0, 50],
               [50,  0]], dtype=uint8)
    """
    array = channels_last(images, data_format, "draw_segmentation_masks").astype("float32")
    masks = np.asarray(segmentation_masks)
    if masks.dtype.kind not in "iu":
        raise TypeError(f"segmentation_masks expects integers, got {masks.dtype}")
    if masks.ndim == 4:
        first = (data_format or config.image_data_format()) == "channels_first"
        masks = masks[:, 0] if first else masks[..., 0]
    count = int(masks.max(initial=0)) if num_classes is None else num_classes
    drawn: Array = array.copy()
    for label in range(count):
        color = _palette(label) if color_mapping is None else color_mapping[label]
        drawn[masks == label] = np.asarray(color, dtype="float32")[: array.shape[-1]]
    if not blend:
        return drawn
    blended: Array = array * np.float32(1 - alpha) + drawn * np.float32(alpha)
    return np.where((masks != ignore_index)[..., None], blended, array).astype("uint8")


def _palette(label: int) -> list[int]:
    """Returns a color; labels that follow one another differ in all three parts."""
    return [label * step % 255 for step in (2**25 - 1, 2**15 - 1, 2**21 - 1)]
