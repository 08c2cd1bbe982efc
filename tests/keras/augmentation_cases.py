"""Transformations of images, labels, boxes and masks that layers of Keras and of fastnn apply alike.

What a layer draws differs between the two, so each case says what was drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_RANDOM = np.random.RandomState(0)
FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip
HEIGHT, WIDTH = 7, 6
SHAPE = (2, HEIGHT, WIDTH, 3)
IMAGES = np.round(_RANDOM.uniform(0, 255, SHAPE)).astype("float32")
MASKS = _RANDOM.randint(0, 4, (2, HEIGHT, WIDTH, 1)).astype("float32")
LABELS = np.array([[1, 0, 0], [0, 1, 0]], "float32")
CORNERS = np.array([[[1, 2, 4, 5], [0, 0, 6, 7], [0, 0, 0, 0]], [[2, 1, 5, 4], [3, 3, 4, 6], [1, 0, 3, 7]]], "float32")
CLASSES = np.array([[1, 2, -1], [3, 4, 5]])
_BOOLEANS = np.array([True, False])
_SPREAD = (slice(None), np.newaxis, np.newaxis, np.newaxis)


def _rotation(*degrees: float) -> dict[str, Any]:
    angle = np.array(degrees, "float32")
    cos, sin = np.cos(angle * np.pi / 180), np.sin(angle * np.pi / 180)
    x, y, none = (WIDTH - 1) / 2, (HEIGHT - 1) / 2, angle * 0
    rows = [cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos, none, none]
    size = {"image_height": HEIGHT, "image_width": WIDTH, "batch_size": 2}
    return {"angle": angle, "rotation_matrix": np.stack(rows, 1).astype("float32"), **size}


def _numbers(**named: Any) -> dict[str, Any]:
    return {**{name: np.array(value, "float32") for name, value in named.items()}, "input_shape": SHAPE}


_START = np.array([[[0, 0], [5, 0], [0, 6], [5, 6]]] * 2, "float32")
_VIEW = {
    "apply_perspective": _BOOLEANS, "start_points": _START, "input_shape": SHAPE,
    "end_points": _START + np.array([[[1, 0.5], [-0.5, 1], [0.3, -1], [-1, -0.8]]] * 2, "float32"),
}  # fmt: skip
_INSIDE = np.zeros(SHAPE, bool)
_INSIDE[0, 1:4, 2:5], _INSIDE[1, 3:, :2] = True, True
_ORDER = np.array([1, 0])
_WEIGHT = np.array([0.3, 0.8], "float32")
_ALL = ("images", "labels", "boxes", "masks")

# name: (class, arguments, what was drawn, what is compared)
CASES: dict[str, tuple[str, dict[str, Any], Any, tuple[str, ...]]] = {
    **{
        f"flip {mode}": ("RandomFlip", {"mode": mode}, {"flips": _BOOLEANS[_SPREAD], "input_shape": SHAPE}, _ALL)
        for mode in ("horizontal", "vertical", "horizontal_and_vertical")
    },
    **{
        f"rotation {fill}": ("RandomRotation", {"factor": 0.1, "fill_mode": fill}, _rotation(30, -75), _ALL)
        for fill in ("reflect", "wrap", "constant", "nearest")
    },
    "rotation nearest": ("RandomRotation", {"factor": 0.1, "interpolation": "nearest"}, _rotation(30, -75), _ALL),
    "translation": (
        "RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1},
        _numbers(translations=[[2, -1.5], [-0.5, 3]]), _ALL,
    ),
    "zoom": (
        "RandomZoom", {"height_factor": 0.1, "fill_mode": "constant", "fill_value": 9.0},
        _numbers(height_zoom=[[0.71], [1.33]], width_zoom=[[1.21], [0.83]]), _ALL,
    ),
    "shear": ("RandomShear", {"x_factor": 0.1}, _numbers(shear_factor=[[0.3, -0.2], [-0.4, 0.5]]), _ALL),
    "perspective": ("RandomPerspective", {}, _VIEW, _ALL),
    # Keras takes the top from x and the left from y of boxes.
    "crop": ("RandomCrop", {"height": 4, "width": 3}, (2, 1), ("images", "labels", "masks")),
    "center": ("CenterCrop", {"height": 4, "width": 3}, {"input_shape": SHAPE}, _ALL),
    # Keras resizes masks of classes by mixing them.
    "center of more": ("CenterCrop", {"height": 9, "width": 4}, {"input_shape": SHAPE}, ("images", "labels", "boxes")),
    "resizing": ("Resizing", {"height": 5, "width": 9}, (HEIGHT, WIDTH), _ALL),
    "resizing crop": (
        "Resizing", {"height": 5, "width": 9, "crop_to_aspect_ratio": True}, (HEIGHT, WIDTH), _ALL
    ),
    "resizing pad": (
        "Resizing", {"height": 5, "width": 9, "pad_to_aspect_ratio": True, "fill_value": 2.0}, (HEIGHT, WIDTH), _ALL
    ),
    # Keras joins the classes of boxes along the batch, and takes masks as one row of numbers.
    "mix up": ("MixUp", {}, {"mix_weight": _WEIGHT, "permutation_order": _ORDER}, ("images", "labels", "corners")),
    "cut mix": (
        "CutMix", {}, {"permutation_order": _ORDER, "batch_masks": _INSIDE, "mix_weight": _WEIGHT[_SPREAD]},
        ("images", "labels"),
    ),
    "erasing": (
        "RandomErasing", {}, {"apply_erasing": _BOOLEANS, "batch_masks": _INSIDE, "fill_value": IMAGES[::-1] / 2}, _ALL
    ),
    "blur": (
        "RandomGaussianBlur", {"kernel_size": (3, 5)},
        {"should_apply_blur": _BOOLEANS, "blur_factor": np.array([0.6, 1.1], "float32")}, _ALL,
    ),
    "brightness": (
        "RandomBrightness", {"factor": 0.1}, _numbers(rgb_delta=np.array([40.0, -90.0])[_SPREAD]), _ALL
    ),
    "contrast": (
        "RandomContrast", {"factor": 0.1}, _numbers(contrast_factor=np.array([0.4, 1.7])[_SPREAD]), _ALL
    ),
    "degeneration": (
        "RandomColorDegeneration", {"factor": 0.1}, _numbers(factor=np.array([0.4, 0.9])[_SPREAD]), _ALL
    ),
    "saturation": ("RandomSaturation", {"factor": 0.1}, _numbers(factor=[0.4, 0.9]), _ALL),
    "hue": ("RandomHue", {"factor": 0.1}, _numbers(factor=[0.2, -0.4]), _ALL),
    "sharpness": ("RandomSharpness", {"factor": 0.1}, _numbers(factor=[0.1, 0.9]), _ALL),
    "invert": ("RandomInvert", {}, {"apply_inversion": _BOOLEANS}, _ALL),
    "posterization": ("RandomPosterization", {"factor": 4}, {"shift_factor": np.array([3, 6], "uint8")}, _ALL),
    "solarization": (
        "Solarization", {}, {
            "additions": np.array([20, 70], "float32")[_SPREAD], "thresholds": np.array([100, 30], "float32")[_SPREAD]
        }, _ALL,
    ),
}  # fmt: skip
OF_ALL_FORMATS = (
    "flip horizontal_and_vertical", "translation", "zoom", "shear", "center", "center of more", "resizing",
    "resizing crop", "resizing pad",
)  # fmt: skip
"""Cases of which Keras honors the format of boxes."""


def boxes(module: Any, kind: str) -> dict[str, Any]:
    """Returns the boxes in a format."""
    made = module.utils.bounding_boxes.convert_format(CORNERS.copy(), "xyxy", kind, HEIGHT, WIDTH)
    return {"boxes": made, "labels": CLASSES.copy()}


def transformed(module: Any, case: str) -> dict[str, np.ndarray]:
    """Returns what the layer of Keras or fastnn makes of all that is compared."""
    name, arguments, drawn, compared = CASES[case]
    layer = getattr(module.layers, name)(**arguments, bounding_box_format="xyxy")
    made = {}
    if "images" in compared:
        made["images"] = layer.transform_images(IMAGES.copy(), drawn, training=True)
    if "labels" in compared:
        made["labels"] = layer.transform_labels(LABELS.copy(), drawn, training=True)
    if "masks" in compared:
        made["masks"] = layer.transform_segmentation_masks(MASKS.copy(), drawn, training=True)
    if "boxes" in compared or "corners" in compared:
        found = layer.transform_bounding_boxes(boxes(module, "xyxy"), drawn, training=True)
        made["corners"] = found["boxes"]
        if "boxes" in compared:
            made["classes"] = found["labels"]
    for kind in FORMATS if case in OF_ALL_FORMATS else ():
        layer = getattr(module.layers, name)(**arguments, bounding_box_format=kind)
        made[kind] = layer.transform_bounding_boxes(boxes(module, kind), drawn, training=True)["boxes"]
    return {part: np.asarray(value) for part, value in made.items()}
