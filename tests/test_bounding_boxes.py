"""`utils.bounding_boxes`: as Keras computes them, on arrays and in models, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from fastnn import Input, Model
from fastnn.utils import bounding_boxes

KERAS = Path(__file__).parent / "keras"
sys.path.insert(0, str(KERAS))
import box_cases as cases  # noqa: E402

RECORDED = json.loads((KERAS / "boxes.json").read_text())
ONE = np.array([[1.0, 2.0, 11.0, 22.0]], np.float32)


def close(found, expected):
    if isinstance(expected, dict):
        assert set(found) == set(expected)
        for key in expected:
            close(found[key], expected[key])
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", cases.CASES)
def test_as_keras_computes_them(case):
    close(cases.call(bounding_boxes, case), RECORDED[case])


@pytest.mark.parametrize("source", cases.FORMATS)
@pytest.mark.parametrize("target", cases.FORMATS)
def test_formats_go_there_and_back(source, target):
    there = bounding_boxes.convert_format(ONE, source, target, 40, 50)
    np.testing.assert_allclose(bounding_boxes.convert_format(there, target, source, 40, 50), ONE, rtol=1e-5)


def test_in_a_model():
    boxes = Input((3, 4))
    made = bounding_boxes.convert_format(bounding_boxes.crop(boxes, 2, 1, 20, 10), "xyxy", "rel_xywh", 20, 10)
    overlap = bounding_boxes.compute_iou(boxes, boxes, "xyxy")
    x = np.random.default_rng(0).uniform(0, 9, (2, 3, 4)).astype(np.float32)
    x[..., 2:] += 10
    first, second = Model(boxes, [made, overlap])(x)
    cropped = bounding_boxes.crop(x, 2, 1, 20, 10)
    np.testing.assert_allclose(first, bounding_boxes.convert_format(cropped, "xyxy", "rel_xywh", 20, 10), rtol=1e-5)
    np.testing.assert_allclose(second, bounding_boxes.compute_iou(x, x, "xyxy"), rtol=1e-5)


def test_overlap_of_relative_boxes_needs_only_the_size_of_the_image():
    expected = bounding_boxes.compute_ciou(ONE, ONE + 2, "xyxy")
    scale = np.array([50, 40, 50, 40], np.float32)
    found = bounding_boxes.compute_ciou(ONE / scale, (ONE + 2) / scale, "rel_xyxy", (40, 50, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: m.convert_format(ONE, "xyxy", "yxhw"), "expects target to be one of xyxy, .* got 'yxhw'"),
        (lambda m: m.convert_format(ONE[:, :3], "xyxy", "xywh"), r"along the last axis, got shape \(1, 3\)"),
        (lambda m: m.convert_format(ONE, "xyxy", "rel_xywh", height=3), "height and width of the image, to convert"),
        (lambda m: m.clip_to_image_size({"boxes": ONE}, height=3), "width of the image, got height=3, width=None"),
        (lambda m: m.compute_iou(ONE[0], ONE, "xyxy"), r"boxes1 of two or three dimensions, got shape \(4,\)"),
        (lambda m: m.compute_iou(ONE, ONE, "rel_xyxy"), r"image_shape \(height, width, channels\) with 'rel_xyxy'"),
        (lambda m: m.compute_ciou(ONE, ONE, "rel_xyxy"), r"compute_ciou expects image_shape"),
        (lambda m: m.encode_box_to_deltas(ONE, ONE, "xyxy", "xyxy", "xyxy"), "or 'center_yxhw', got 'xyxy'"),
        (lambda m: m.decode_deltas_to_boxes(ONE, ONE, "xyxy", "xyxy", variance=[1, 2]), "variance of four numbers"),
    ],
)  # fmt: skip
def test_what_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call(bounding_boxes)


@pytest.mark.parametrize("name", ["crop", "pad", "affine_transform"])
def test_other_formats_are_refused(name):
    given = (1, 2, 3, 4) if name != "affine_transform" else (0, 0, 0, 1, 0, 0, 5, 5)
    with pytest.raises(NotImplementedError, match=f"{name} takes boxes of the format 'xyxy', got 'xywh'; call convert"):
        getattr(bounding_boxes, name)(ONE, *given, bounding_box_format="xywh")
