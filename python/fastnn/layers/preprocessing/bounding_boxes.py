"""Bounding boxes: their formats, what transforming images makes of them, and how much they overlap.

All functions take arrays and symbolic tensors, with the four numbers of a box along the last axis. A format says what
these numbers are: `xyxy` left, top, right, bottom; `yxyx` top, left, bottom, right; `xywh` left, top, width, height;
`center_xywh` and `center_yxhw` begin with the center. With `rel_` before it they are shares of the image's width and
height.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastnn import config, ops

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]

_Numbers = tuple[Any, Any, Any, Any]
_CORNERS: dict[str, Callable[..., _Numbers]] = {
    "xyxy": lambda x1, y1, x2, y2: (x1, y1, x2, y2),
    "yxyx": lambda y1, x1, y2, x2: (x1, y1, x2, y2),
    "xywh": lambda x, y, w, h: (x, y, x + w, y + h),
    "center_xywh": lambda x, y, w, h: (x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0),
    "center_yxhw": lambda y, x, h, w: (x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0),
}
"""From the numbers of a format to left, top, right, bottom."""
_NUMBERS: dict[str, Callable[..., _Numbers]] = {
    "xyxy": lambda x1, y1, x2, y2: (x1, y1, x2, y2),
    "yxyx": lambda x1, y1, x2, y2: (y1, x1, y2, x2),
    "xywh": lambda x1, y1, x2, y2: (x1, y1, x2 - x1, y2 - y1),
    "center_xywh": lambda x1, y1, x2, y2: (x1 + (x2 - x1) / 2.0, y1 + (y2 - y1) / 2.0, x2 - x1, y2 - y1),
    "center_yxhw": lambda x1, y1, x2, y2: (y1 + (y2 - y1) / 2.0, x1 + (x2 - x1) / 2.0, y2 - y1, x2 - x1),
}
"""From left, top, right, bottom to the numbers of a format."""
_FORMATS = (*_CORNERS, "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")


def _columns(boxes: Any, who: str) -> _Numbers:
    shape = tuple(ops.shape(boxes))
    if not shape or shape[-1] != 4:
        raise ValueError(f"{who} expects boxes with four numbers along the last axis, got shape {shape}")
    first, second, third, fourth = ops.split(boxes, 4, axis=-1)
    return first, second, third, fourth


def _joined(numbers: _Numbers) -> Any:
    return ops.concatenate(list(numbers), axis=-1)


def checked_format(name: Any, which: str, who: str) -> str:
    """Returns the name of a format in lower case.

    Raises:
        ValueError: There is no such format.
    """
    found = name.lower() if isinstance(name, str) else ""
    if found not in _FORMATS:
        raise ValueError(f"{who} expects {which} to be one of {', '.join(_FORMATS)}, got {name!r}")
    return found


def _only_corners(bounding_box_format: str, who: str) -> None:
    if bounding_box_format != "xyxy":
        raise NotImplementedError(
            f"{who} takes boxes of the format 'xyxy', got {bounding_box_format!r}; call convert_format() first"
        )


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: str = "float32"
) -> Any:
    """Converts boxes from one format into another.

    Args:
        boxes: Boxes (..., 4), or a dictionary with them under the key "boxes", which then holds the result.
        source: Their format.
        target: The format of the result.
        height: Height of the image; needed where one of the formats is relative.
        width: Width of the image.
        dtype: Type of the result.

    Returns:
        Boxes of the same shape.

    Raises:
        ValueError: A format is unknown, the size of the image is missing, or the last axis is not of size 4.

    Example:
        >>> fastnn.utils.bounding_boxes.convert_format(np.array([[10.0, 20.0, 30.0, 60.0]]), "xyxy", "center_xywh")
        array([[20., 40., 20., 40.]], dtype=float32)
    """
    if isinstance(boxes, dict):
        boxes["boxes"] = convert_format(boxes["boxes"], source, target, height, width, dtype)
        return boxes
    who = "convert_format"
    source, target = checked_format(source, "source", who), checked_format(target, "target", who)
    boxes = ops.cast(ops.convert_to_tensor(boxes), dtype)
    numbers = _columns(boxes, who)
    if source == target:
        return boxes
    relative = source.startswith("rel_"), target.startswith("rel_")
    if relative[0] != relative[1] and (height is None or width is None):
        raise ValueError(
            f"{who} expects height and width of the image, to convert {source!r} into {target!r}, got height={height}, "
            f"width={width}"
        )
    made = _CORNERS[source.removeprefix("rel_")](*numbers)
    if relative == (True, False):
        made = tuple(one * size for one, size in zip(made, (width, height) * 2, strict=True))
    base = target.removeprefix("rel_")
    made = _NUMBERS[base](*made)
    if relative == (False, True):
        order = (height, width) if base == "yxyx" else (width, height)
        made = tuple(one / size for one, size in zip(made, order * 2, strict=True))
    return _joined(made)


def clip_to_image_size(
    bounding_boxes: dict[str, Any], height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict[str, Any]:
    """Returns boxes cut off at the border of the image; labels of boxes of which nothing is left become -1.

    Args:
        bounding_boxes: Dictionary with "boxes" (..., 4) and, perhaps, "labels".
        height: Height of the image; needed for the format "xyxy".
        width: Width of the image.
        bounding_box_format: "xyxy" or "rel_xyxy".

    Returns:
        A dictionary of the same keys.

    Raises:
        NotImplementedError: The format is another.
        ValueError: The size of the image is missing.

    Example:
        >>> given = {"boxes": np.array([[-5.0, 2.0, 8.0, 20.0], [30.0, 0.0, 40.0, 5.0]]), "labels": np.array([1, 2])}
        >>> clipped = fastnn.utils.bounding_boxes.clip_to_image_size(given, height=10, width=20)
        >>> clipped["boxes"].tolist(), clipped["labels"].tolist()
        ([[0.0, 2.0, 8.0, 10.0], [20.0, 0.0, 20.0, 5.0]], [1, -1])
    """
    if bounding_box_format == "rel_xyxy":
        height = width = 1.0
    else:
        _only_corners(bounding_box_format, "clip_to_image_size")
    if height is None or width is None:
        raise ValueError(
            f"clip_to_image_size expects height and width of the image, got height={height}, width={width}"
        )
    corners = _columns(ops.convert_to_tensor(bounding_boxes["boxes"]), "clip_to_image_size")
    x1, y1, x2, y2 = _clipped(corners, height, width)
    result = {**bounding_boxes, "boxes": _joined((x1, y1, x2, y2))}
    if bounding_boxes.get("labels") is not None:
        area, labels = (x2 - x1) * (y2 - y1), bounding_boxes["labels"]
        rank = len(ops.shape(area))
        one_hot = len(ops.shape(labels)) == rank and ops.shape(labels)[rank - 2] == ops.shape(area)[rank - 2]
        result["labels"] = ops.where((area if one_hot else ops.squeeze(area, axis=-1)) > 0, labels, -1)
    return result


def _clipped(corners: _Numbers, height: Any, width: Any) -> _Numbers:
    made = [ops.minimum(ops.maximum(one, 0), most) for one, most in zip(corners, (width, height) * 2, strict=True)]
    return made[0], made[1], made[2], made[3]


def affine_transform(
    boxes: Any, angle: Any, translate_x: Any, translate_y: Any, scale: Any, shear_x: Any, shear_y: Any, height: int,
    width: int, center_x: Any = None, center_y: Any = None, bounding_box_format: str = "xyxy",
) -> Any:  # fmt: skip
    """Returns the boxes around boxes that are rotated, moved, scaled and sheared, as an image is.

    Args:
        boxes: Boxes (batch, boxes, 4).
        angle: Angle in degrees for each image (batch,); so are the following.
        translate_x: Shift to the right, as a share of the width.
        translate_y: Shift down, as a share of the height.
        scale: Factor of the size.
        shear_x: Shear along x in degrees.
        shear_y: Shear along y in degrees.
        height: Height of the images.
        width: Width of the images.
        center_x: Center of the rotation, as a share of the width; None: 0.5.
        center_y: Center of the rotation, as a share of the height; None: 0.5.
        bounding_box_format: "xyxy".

    Returns:
        Boxes of the same shape.

    Raises:
        NotImplementedError: The format is another.

    Example:
        >>> none, one = np.zeros(1), np.ones(1)
        >>> boxes = np.array([[[0.0, 0.0, 10.0, 4.0]]])
        >>> turned = fastnn.utils.bounding_boxes.affine_transform(boxes, 90 * one, none, none, one, none, none, 21, 21)
        >>> (np.round(turned, 3) + 0.0).tolist()
        [[[0.0, 10.0, 4.0, 20.0]]]
    """
    _only_corners(bounding_box_format, "affine_transform")

    def number(value: Any) -> Any:
        return ops.reshape(ops.cast(ops.convert_to_tensor(value), "float32"), (-1, 1))

    radians = math.pi / 180.0
    rotation, shear = -number(angle) * radians, (-number(shear_x) * radians, -number(shear_y) * radians)
    center = (
        number(0.5 if center_x is None else center_x) * (width - 1),
        number(0.5 if center_y is None else center_y) * (height - 1),
    )
    moved = (
        center[0] - number(translate_x) * (width - 1),
        center[1] - number(translate_y) * (height - 1),
    )  # fmt: skip
    a = ops.cos(rotation - shear[1]) / ops.cos(shear[1])
    b = a * ops.tan(shear[0]) + ops.sin(rotation)
    c = -ops.sin(rotation - shear[1]) / ops.cos(shear[1])
    d = ops.cos(rotation) - c * ops.tan(shear[0])
    rows = []
    for axis, (of_x, of_y) in enumerate(((d, -b), (-c, a))):
        of_x, of_y = of_x * number(scale), of_y * number(scale)
        rows.append((of_x, of_y, center[axis] - of_x * moved[0] - of_y * moved[1]))
    boxes = ops.cast(ops.convert_to_tensor(boxes), "float32")
    x1, y1, x2, y2 = (ops.squeeze(one, axis=-1) for one in _columns(boxes, "affine_transform"))
    corners = ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
    points = [ops.stack([of_x * x + of_y * y + rest for x, y in corners], axis=-1) for of_x, of_y, rest in rows]
    ends = [end(one, axis=-1) for end in (ops.amin, ops.amax) for one in points]
    return ops.stack(ends, axis=-1)


def crop(boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Any:
    """Returns boxes of an image of which a part was cut out, cut off at its border.

    Args:
        boxes: Boxes (..., 4).
        top: The first row of the part.
        left: The first column of the part.
        height: Height of the part.
        width: Width of the part.
        bounding_box_format: "xyxy".

    Returns:
        Boxes of the same shape.

    Raises:
        NotImplementedError: The format is another.

    Example:
        >>> fastnn.utils.bounding_boxes.crop(np.array([[5.0, 5.0, 30.0, 12.0]]), top=4, left=10, height=20, width=15)
        array([[ 0.,  1., 15.,  8.]], dtype=float32)
    """
    _only_corners(bounding_box_format, "crop")
    x1, y1, x2, y2 = _columns(ops.convert_to_tensor(boxes), "crop")
    return _joined(_clipped((x1 - left, y1 - top, x2 - left, y2 - top), height, width))


def pad(
    boxes: Any, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Returns boxes of an image that was padded.

    Args:
        boxes: Boxes (..., 4).
        top: Rows that were added above.
        left: Columns that were added at the left.
        height: Accepted for Keras compatibility; ignored.
        width: Accepted for Keras compatibility; ignored.
        bounding_box_format: "xyxy".

    Returns:
        Boxes of the same shape.

    Raises:
        NotImplementedError: The format is another.

    Example:
        >>> fastnn.utils.bounding_boxes.pad(np.array([[5.0, 5.0, 30.0, 12.0]]), top=1, left=2)
        array([[ 7.,  6., 32., 13.]], dtype=float32)
    """
    _only_corners(bounding_box_format, "pad")
    x1, y1, x2, y2 = _columns(ops.convert_to_tensor(boxes), "pad")
    return _joined((x1 + left, y1 + top, x2 + left, y2 + top))


def _variance(variance: Any, encoding: str, who: str) -> Any:
    if encoding not in ("center_xywh", "center_yxhw"):
        raise ValueError(f"{who} expects an encoding 'center_xywh' or 'center_yxhw', got {encoding!r}")
    if variance is None:
        return None
    variance = ops.cast(ops.convert_to_tensor(variance), "float32")
    if tuple(variance.shape)[-1:] != (4,):
        raise ValueError(f"{who} expects a variance of four numbers, got shape {tuple(variance.shape)}")
    return variance


def encode_box_to_deltas(
    anchors: Any, boxes: Any, anchor_format: str, box_format: str, encoding_format: str = "center_yxhw",
    variance: Any = None, image_shape: tuple[int, int, int] | None = None,
) -> Any:  # fmt: skip
    """Returns boxes as differences from anchors: of the centers, in sizes of the anchor, and the logarithms of factors.

    Args:
        anchors: Anchors (..., 4).
        boxes: Boxes of the same shape.
        anchor_format: Format of the anchors.
        box_format: Format of the boxes.
        encoding_format: "center_yxhw" or "center_xywh": the order of the differences.
        variance: Four numbers by which the differences are divided.
        image_shape: (height, width, channels); needed where a format is relative.

    Returns:
        Differences of the same shape.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> anchors, boxes = np.array([[0.0, 0.0, 10.0, 10.0]]), np.array([[5.0, 0.0, 15.0, 10.0]])
        >>> fastnn.utils.bounding_boxes.encode_box_to_deltas(anchors, boxes, "xyxy", "xyxy")
        array([[0. , 0.5, 0. , 0. ]], dtype=float32)
    """
    variance = _variance(variance, encoding_format, "encode_box_to_deltas")
    height, width = (None, None) if image_shape is None else image_shape[:2]
    anchors = convert_format(anchors, anchor_format, encoding_format, height, width)
    boxes = convert_format(boxes, box_format, encoding_format, height, width)
    sizes, box_sizes = (ops.maximum(one[..., 2:], config.epsilon()) for one in (anchors, boxes))
    deltas = ops.concatenate([(boxes[..., :2] - anchors[..., :2]) / sizes, ops.log(box_sizes / sizes)], axis=-1)
    return deltas if variance is None else deltas / variance


def decode_deltas_to_boxes(
    anchors: Any, boxes_delta: Any, anchor_format: str, box_format: str, encoded_format: str = "center_yxhw",
    variance: Any = None, image_shape: tuple[int, int, int] | None = None,
) -> Any:  # fmt: skip
    """Returns the boxes that `encode_box_to_deltas` made differences of.

    Args:
        anchors: Anchors (..., 4), or a dictionary of them.
        boxes_delta: Differences of the same shape, or a dictionary of the same keys.
        anchor_format: Format of the anchors.
        box_format: Format of the boxes.
        encoded_format: "center_yxhw" or "center_xywh": the order of the differences.
        variance: Four numbers by which the differences were divided.
        image_shape: (height, width, channels); needed where a format is relative.

    Returns:
        Boxes of the same shape, or a dictionary of them.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> anchors, deltas = np.array([[0.0, 0.0, 10.0, 10.0]]), np.array([[0.0, 0.5, 0.0, 0.0]])
        >>> fastnn.utils.bounding_boxes.decode_deltas_to_boxes(anchors, deltas, "xyxy", "xyxy")
        array([[ 5.,  0., 15., 10.]], dtype=float32)
    """
    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        rest = (anchor_format, box_format, encoded_format, variance, image_shape)
        return {level: decode_deltas_to_boxes(one, boxes_delta[level], *rest) for level, one in anchors.items()}
    variance = _variance(variance, encoded_format, "decode_deltas_to_boxes")
    height, width = (None, None) if image_shape is None else image_shape[:2]
    anchors = convert_format(anchors, anchor_format, encoded_format, height, width)
    deltas = ops.cast(ops.convert_to_tensor(boxes_delta), "float32")
    if variance is not None:
        deltas = deltas * variance
    sizes = anchors[..., 2:]
    boxes = [deltas[..., :2] * sizes + anchors[..., :2], ops.exp(deltas[..., 2:]) * sizes]
    return convert_format(ops.concatenate(boxes, axis=-1), encoded_format, box_format, height, width)


def _corners_of_image(boxes: Any, bounding_box_format: str, image_shape: Any, who: str) -> Any:
    if bounding_box_format.startswith("rel") and image_shape is None:
        raise ValueError(f"{who} expects image_shape (height, width, channels) with {bounding_box_format!r}, got None")
    height, width = (None, None) if image_shape is None else image_shape[:2]
    return convert_format(boxes, bounding_box_format, "xyxy", height, width)


def compute_iou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, use_masking: bool = False, mask_val: float = -1,
    image_shape: tuple[int, int, int] | None = None,
) -> Any:  # fmt: skip
    """Returns the area that each of one set of boxes shares with each of another, by the area that they cover together.

    Args:
        boxes1: Boxes (m, 4) or (batch, m, 4).
        boxes2: Boxes (n, 4) or (batch, n, 4).
        bounding_box_format: Their format.
        use_masking: Whether pairs with a box of negative numbers alone, which is padding, get `mask_val`.
        mask_val: The value of such pairs.
        image_shape: (height, width, channels); needed where the format is relative.

    Returns:
        Values from 0 to 1 (m, n) or (batch, m, n).

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> one, others = np.array([[0, 0, 2, 2]]), np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]])
        >>> np.round(fastnn.utils.bounding_boxes.compute_iou(one, others, "xyxy"), 3).tolist()
        [[1.0, 0.333..., 0.0]]
    """
    who = "compute_iou"
    for which, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        if len(ops.shape(boxes)) not in (2, 3):
            raise ValueError(f"{who} expects {which} of two or three dimensions, got shape {tuple(ops.shape(boxes))}")
    boxes1, boxes2 = (_corners_of_image(one, bounding_box_format, image_shape, who) for one in (boxes1, boxes2))
    left = _columns(boxes1, who)
    right = tuple(ops.swapaxes(one, -1, -2) for one in _columns(boxes2, who))
    low = [ops.maximum(left[i], right[i]) for i in (0, 1)]
    high = [ops.minimum(left[i], right[i]) for i in (2, 3)]
    shared = ops.maximum(high[1] - low[1], 0) * ops.maximum(high[0] - low[0], 0)
    areas = [(y2 - y1) * (x2 - x1) for x1, y1, x2, y2 in (left, right)]
    result = shared / (areas[0] + areas[1] - shared + config.epsilon())
    if not use_masking:
        return result
    padding = ops.max(boxes1, axis=-1, keepdims=True) < 0
    others = ops.swapaxes(ops.max(boxes2, axis=-1, keepdims=True) < 0, -1, -2)
    return ops.where(ops.logical_or(padding, others), ops.cast(mask_val, "float32"), result)


def compute_ciou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: tuple[int, int, int] | None = None
) -> Any:
    """Returns the complete overlap of pairs of boxes, which also counts the distance of centers and the proportions.

    Source: Zheng et al., "Enhancing Geometric Factors in Model Learning and Inference for Object Detection" (2020).

    Args:
        boxes1: Boxes (..., 4).
        boxes2: Boxes of a shape that fits.
        bounding_box_format: Their format.
        image_shape: (height, width, channels); needed where the format is relative.

    Returns:
        Values up to 1, of the shape without the last axis.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> one, other = np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2]])
        >>> np.round(fastnn.utils.bounding_boxes.compute_ciou(one, other, "xyxy"), 3).tolist()
        [0.256...]
    """
    who, epsilon = "compute_ciou", config.epsilon()
    boxes = [_corners_of_image(one, bounding_box_format, image_shape, who) for one in (boxes1, boxes2)]
    one, other = ([ops.squeeze(column, axis=-1) for column in _columns(each, who)] for each in boxes)
    widths = [x2 - x1 for x1, _, x2, _ in (one, other)]
    heights = [y2 - y1 + epsilon for _, y1, _, y2 in (one, other)]
    inner = [ops.minimum(one[i + 2], other[i + 2]) - ops.maximum(one[i], other[i]) for i in (0, 1)]
    outer = [ops.maximum(one[i + 2], other[i + 2]) - ops.minimum(one[i], other[i]) for i in (0, 1)]
    shared = ops.maximum(inner[0], 0) * ops.maximum(inner[1], 0)
    covered = widths[0] * heights[0] + widths[1] * heights[1] - shared + epsilon
    iou = shared / (covered + epsilon)
    diagonal = outer[0] ** 2 + outer[1] ** 2 + epsilon
    distance = sum(((one[i] + one[i + 2]) / 2 - (other[i] + other[i + 2]) / 2) ** 2 for i in (0, 1))
    shapes = ops.arctan(widths[1] / heights[1]) - ops.arctan(widths[0] / heights[0])
    proportions = 4 / math.pi**2 * shapes**2
    return iou - (distance / diagonal + proportions * proportions / (proportions - iou + (1 + epsilon)))
