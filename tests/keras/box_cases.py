"""Calls of `utils.bounding_boxes` that Keras and fastnn compute alike."""

from __future__ import annotations

from typing import Any

import numpy as np

_RANDOM = np.random.RandomState(0)
FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip


def _boxes(*shape: int) -> np.ndarray:
    low = _RANDOM.uniform(-5, 30, (*shape, 2))
    return np.concatenate([low, low + _RANDOM.uniform(1, 25, (*shape, 2))], -1).astype("float32")


_ONE, _OTHER, _BATCH, _BATCH2 = _boxes(3), _boxes(4), _boxes(2, 3), _boxes(2, 4)
_PADDED = np.concatenate([_ONE, np.full((1, 4), -1, "float32")])
_IMAGE = (40, 50, 3)
_LABELS = {"boxes": _BATCH, "labels": np.array([[1, 2, 3], [4, 5, 6]])}
_OUTSIDE = {"boxes": _ONE - np.array([40, 0, 40, 0], "float32"), "labels": np.array([1, 2, 3])}
_PARTS = {
    name: _RANDOM.uniform(low, high, 2).astype("float32")
    for name, low, high in (("angle", -60, 60), ("translate_x", -0.3, 0.3), ("translate_y", -0.3, 0.3),
                            ("scale", 0.5, 1.5), ("shear_x", -20, 20), ("shear_y", -20, 20))
}  # fmt: skip
_SIZE: dict[str, Any] = {"height": 40, "width": 50}

CASES: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    **{
        f"{source} {target}": ("convert_format", (_ONE / 10, source, target), _SIZE)
        for source in FORMATS
        for target in FORMATS
    },
    "dict": ("convert_format", ({"boxes": _BATCH}, "XYXY", "xywh"), {}),
    "clip": ("clip_to_image_size", (_LABELS,), {"height": 20, "width": 25}),
    "clip outside": ("clip_to_image_size", (_OUTSIDE,), _SIZE),
    "clip rel": ("clip_to_image_size", ({"boxes": _BATCH / 20},), {"bounding_box_format": "rel_xyxy"}),
    "affine": ("affine_transform", (_BATCH,), {**_PARTS, **_SIZE}),
    "affine center": ("affine_transform", (_BATCH,), {**_PARTS, **_SIZE, "center_x": 0.2, "center_y": 0.9}),
    "crop": ("crop", (_BATCH, 3, 4, 12, 9), {}),
    "pad": ("pad", (_ONE, 3, 4, 50, 60), {}),
    "encode": ("encode_box_to_deltas", (_ONE, _PADDED[:3] + 1, "xyxy", "xywh"), {}),
    "encode all": (
        "encode_box_to_deltas",
        (_BATCH, _BATCH / 50, "xyxy", "rel_yxyx"),
        {"encoding_format": "center_xywh", "variance": [0.1, 0.1, 0.2, 0.2], "image_shape": _IMAGE},
    ),
    "decode": ("decode_deltas_to_boxes", (_ONE, _OTHER[:3] / 20, "xyxy", "xywh"), {}),
    "decode all": (
        "decode_deltas_to_boxes",
        ({"a": _ONE, "b": _OTHER}, {"a": _ONE / 30, "b": _OTHER / 30}, "xyxy", "rel_xyxy"),
        {"encoded_format": "center_xywh", "variance": [0.1, 0.1, 0.2, 0.2], "image_shape": _IMAGE},
    ),
    "iou": ("compute_iou", (_ONE, _OTHER, "xyxy"), {}),
    "iou batch": ("compute_iou", (_BATCH, _BATCH2, "center_yxhw"), {}),
    "iou mixed": ("compute_iou", (_ONE, _BATCH2, "xywh"), {}),
    "iou masked": ("compute_iou", (_PADDED, _PADDED, "xyxy"), {"use_masking": True, "mask_val": -3}),
    "iou rel": ("compute_iou", (_ONE / 50, _OTHER / 50, "rel_xywh"), {"image_shape": _IMAGE}),
    "ciou": ("compute_ciou", (_ONE, _OTHER[:3], "xyxy"), {}),
    "ciou batch": ("compute_ciou", (_BATCH, _BATCH2[:, :3], "xywh"), {}),
}


def call(module: Any, case: str) -> Any:
    """Returns the result of a case as nested lists of numbers."""
    name, arguments, options = CASES[case]
    fresh = tuple(dict(one) if isinstance(one, dict) else one for one in arguments)
    return plain(getattr(module, name)(*fresh, **options))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return np.asarray(value, "float64").tolist()
