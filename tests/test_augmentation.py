"""Layers of images on dicts of images, labels, boxes and masks: as Keras transforms them, and all of it alike."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, layers, ops
from fastnn.layers.preprocessing.base_image_preprocessing_layer import BaseImagePreprocessingLayer
from fastnn.utils import bounding_boxes

KERAS = Path(__file__).parent / "keras"
sys.path.insert(0, str(KERAS))
import augmentation_cases as cases  # noqa: E402

RECORDED = np.load(KERAS / "augmentation.npz")


@pytest.mark.parametrize("case", cases.CASES)
def test_as_keras_transforms_them(case: str) -> None:
    for part, value in cases.transformed(fastnn, case).items():
        np.testing.assert_allclose(value, RECORDED[f"{case}/{part}"], atol=1e-2, err_msg=part)


def test_each_recorded_part_is_compared() -> None:
    compared = {f"{case}/{part}" for case in cases.CASES for part in cases.transformed(fastnn, case)}
    assert compared == set(RECORDED.files)


# All parts alike ------------------------------------------------------------------------------------------------------

PLACED: dict[str, tuple[str, dict[str, Any]]] = {
    "flip": ("RandomFlip", {}),
    "rotation": ("RandomRotation", {"factor": (0.05, 0.2), "fill_mode": "constant"}),
    "translation": ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.2, "fill_mode": "constant"}),
    "zoom": ("RandomZoom", {"height_factor": 0.3, "width_factor": 0.2, "fill_mode": "constant"}),
    "shear": ("RandomShear", {"x_factor": 0.2, "y_factor": 0.0, "fill_mode": "constant"}),
    "crop": ("RandomCrop", {"height": 22, "width": 20}),
    "crop of more": ("RandomCrop", {"height": 50, "width": 33}),
    "perspective": ("RandomPerspective", {"factor": (1.0, 1.0), "scale": 0.3}),
    "center": ("CenterCrop", {"height": 22, "width": 20}),
    "center of more": ("CenterCrop", {"height": 50, "width": 33}),
    "resizing": ("Resizing", {"height": 45, "width": 20}),
    "resizing crop": ("Resizing", {"height": 45, "width": 20, "crop_to_aspect_ratio": True}),
    "resizing pad": ("Resizing", {"height": 45, "width": 20, "pad_to_aspect_ratio": True}),
    "augment": ("RandAugment", {"num_ops": 2, "factor": 0.2}),
}
SIDE = 32
LIMITS = np.array([[8, 9, 20, 17], [12, 5, 19, 24], [6, 7, 26, 26]], np.float32)


def painted() -> tuple[np.ndarray, np.ndarray]:
    """Returns black images with a white rectangle in each, and masks of it."""
    masks = np.zeros((3, SIDE, SIDE, 1), np.uint8)
    for mask, (x1, y1, x2, y2) in zip(masks, LIMITS.astype(int), strict=True):
        mask[y1:y2, x1:x2] = 1
    return np.repeat(masks, 3, -1).astype(np.float32), masks


def given(kind: str) -> dict[str, Any]:
    boxes = bounding_boxes.convert_format(LIMITS[:, None], "xyxy", kind, SIDE, SIDE)
    return {"boxes": boxes, "labels": np.array([[4], [5], [6]])}


@pytest.mark.parametrize("name", PLACED)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_boxes_and_masks_stay_around_what_they_are_of(name: str, data_format: str) -> None:
    kind, arguments = PLACED[name]
    images, masks = painted()
    first = data_format == "channels_first"
    layer = getattr(layers, kind)(
        **arguments, data_format=data_format, bounding_box_format="xyxy",
        **({} if kind in ("Resizing", "CenterCrop") else {"seed": 7}),
    )  # fmt: skip
    data = {"images": images, "segmentation_masks": masks}
    if first:
        data = {key: np.moveaxis(value, -1, 1) for key, value in data.items()}
    made = layer({**data, "bounding_boxes": given("xyxy")}, training=True)
    assert made["segmentation_masks"].dtype == np.uint8
    shown, found = made["images"], made["segmentation_masks"]
    if first:
        shown, found = np.moveaxis(shown, 1, -1), np.moveaxis(found, 1, -1)
    if name != "augment":  # which changes colors too
        assert ((shown.mean(-1) > 0.5) == (found[..., 0] > 0)).mean() > 0.97
    for mask, box in zip(found[..., 0], made["bounding_boxes"]["boxes"][:, 0], strict=True):
        rows, columns = np.nonzero(mask)
        around = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        # A turned box is around the corners of the old one; a moved pixel is rounded to a place.
        np.testing.assert_allclose(box, around, atol=2.5)


@pytest.mark.parametrize("name", [name for name in PLACED if name != "augment"])
@pytest.mark.parametrize("kind", ["rel_yxyx", "center_xywh", "rel_xywh"])
def test_the_format_of_boxes_changes_nothing_else(name: str, kind: str) -> None:
    layer, arguments = PLACED[name]
    seed = {} if layer in ("Resizing", "CenterCrop") else {"seed": 5}
    images = painted()[0]
    made = {}
    for one in ("xyxy", kind):
        drawn = getattr(layers, layer)(**arguments, **seed, bounding_box_format=one)
        out = drawn({"images": images, "bounding_boxes": given(one)}, training=True)
        size = out["images"].shape[1:3]
        made[one] = bounding_boxes.convert_format(out["bounding_boxes"]["boxes"], one, "xyxy", *size)
    np.testing.assert_allclose(made[kind], made["xyxy"], atol=1e-3)


PINNED: dict[str, dict[str, Any]] = {
    "RandomRotation": {"factor": (0.1, 0.1)},
    "RandomTranslation": {"height_factor": (0.2, 0.2), "width_factor": (0.3, 0.3)},
    "RandomZoom": {"height_factor": (-0.2, -0.2), "width_factor": (0.1, 0.1)},
    "RandomBrightness": {"factor": (0.2, 0.2)},
    "RandomContrast": {"factor": 0.0},
    "RandomInvert": {"factor": (1, 1)},
    "RandomPosterization": {"factor": 3},
    "Solarization": {"addition_factor": (0.1, 0.1), "threshold_factor": (0.4, 0.4)},
    "RandomSharpness": {"factor": (0.8, 0.8)},
    "RandomGrayscale": {"factor": 1.0},
    "RandomColorDegeneration": {"factor": (0.3, 0.3)},
    "RandomSaturation": {"factor": (0.7, 0.7)},
    "RandomErasing": {"factor": (1, 1), "scale": (1, 1), "fill_value": (3, 4, 5)},
    "RandomColorJitter": {"brightness_factor": (0.1, 0.1), "saturation_factor": (0.3, 0.3)},
    "RandomCrop": {"height": 9, "width": 6},
}


@pytest.mark.parametrize("name", PINNED)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_images_alone_become_the_same(name: str, data_format: str) -> None:
    layer = getattr(layers, name)(**PINNED[name], data_format=data_format)
    images = cases.IMAGES if data_format == "channels_last" else np.moveaxis(cases.IMAGES, -1, 1)
    expected = layer(images, training=True)
    np.testing.assert_allclose(layer({"images": images})["images"], expected, atol=1e-3)
    np.testing.assert_array_equal(layer({"images": images}, training=False)["images"], layer(images, training=False))


# What may be given ----------------------------------------------------------------------------------------------------


def test_one_image_other_keys_and_the_data_itself() -> None:
    images, masks = painted()
    data = {
        "images": images[0], "segmentation_masks": masks[0], "labels": 3, "file": "a.png",
        "bounding_boxes": {"boxes": LIMITS[:1], "labels": np.array([4]), "scores": np.array([0.5])},
    }  # fmt: skip
    before = {**data, "bounding_boxes": dict(data["bounding_boxes"])}
    made = layers.RandomFlip("horizontal", seed=1, bounding_box_format="xyxy")(data)
    assert made["images"].shape == (SIDE, SIDE, 3) and made["segmentation_masks"].shape == (SIDE, SIDE, 1)
    assert made["bounding_boxes"]["boxes"].shape == (1, 4) and made["file"] == "a.png" and made["labels"] == 3
    assert made["bounding_boxes"]["scores"].tolist() == [0.5]
    assert all(data[key] is before[key] for key in data if key != "bounding_boxes"), "the data given are kept"
    assert data["bounding_boxes"]["boxes"] is before["bounding_boxes"]["boxes"]


def test_lists_of_different_lengths_are_filled_up() -> None:
    data = {
        "images": painted()[0][:2],
        "bounding_boxes": {"boxes": [[[0, 0, 16, 8], [8, 8, 9, 9]], [[16, 16, 32, 32]]], "labels": [[1, 2], [3]]},
    }
    made = layers.Resizing(16, 16, bounding_box_format="xyxy")(data)["bounding_boxes"]
    assert made["boxes"].tolist() == [[[0, 0, 8, 4], [4, 4, 4.5, 4.5]], [[8, 8, 16, 16], [0, 0, 0, 0]]]
    assert made["labels"].tolist() == [[1, 2], [3, -1]]


def test_labels_of_boxes_that_are_gone() -> None:
    data = {
        "images": painted()[0][:1],
        "bounding_boxes": {"boxes": [[[0, 0, 4, 4], [10, 10, 20, 20]]], "labels": [[1, 2]]},
    }
    made = layers.CenterCrop(16, 16, bounding_box_format="xyxy")(data)["bounding_boxes"]
    assert made["labels"].tolist() == [[-1, 2]] and made["boxes"][0, 1].tolist() == [2, 2, 12, 12]


def test_mixed_boxes_are_those_of_both_images() -> None:
    layer = layers.MixUp(bounding_box_format="xyxy")
    drawn = {"permutation_order": np.array([2, 0, 1]), "mix_weight": np.array([0.5, 0.5, 0.5])}
    made = layer.transform_bounding_boxes(given("xyxy"), drawn)
    assert made["labels"].tolist() == [[4, 6], [5, 4], [6, 5]]
    np.testing.assert_array_equal(made["boxes"][:, 1], LIMITS[[2, 0, 1]])
    masks = layer.transform_segmentation_masks(painted()[1], drawn)
    np.testing.assert_allclose(masks, (painted()[1] + painted()[1][[2, 0, 1]].astype(float)) / 2)


def test_a_distortion_is_that_of_masks_too() -> None:
    images, masks = painted()
    layer = layers.RandomElasticTransform((1.0, 1.0), (1.0, 1.0), interpolation="nearest", seed=3)
    made = layer({"images": images, "segmentation_masks": masks})
    np.testing.assert_array_equal(made["images"][..., :1], made["segmentation_masks"])
    assert (made["segmentation_masks"] != masks).any()


def test_a_pipeline_and_a_dataset() -> None:
    images, masks = painted()
    pipeline = layers.Pipeline([
        layers.RandomFlip(seed=2, bounding_box_format="xyxy"),
        layers.RandomBrightness(0.1, bounding_box_format="xyxy", seed=2),
        layers.Resizing(16, 16, bounding_box_format="xyxy"),
        layers.MaxNumBoundingBoxes(4),
    ])  # fmt: skip
    made = pipeline({"images": images, "segmentation_masks": masks, "bounding_boxes": given("xyxy")}, training=True)
    assert made["images"].shape == (3, 16, 16, 3) and made["segmentation_masks"].shape == (3, 16, 16, 1)
    assert made["bounding_boxes"]["boxes"].shape == (3, 4, 4)


def test_in_a_model() -> None:
    images, _ = painted()
    inputs = {"images": Input((SIDE, SIDE, 3)), "bounding_boxes": {"boxes": Input((1, 4)), "labels": Input((1,))}}
    made = layers.RandomFlip("vertical", seed=1, bounding_box_format="xyxy")(inputs)
    made = layers.CenterCrop(20, 22, bounding_box_format="xyxy")(made)
    model = Model(inputs, [made["images"], made["bounding_boxes"]["boxes"]])
    data = {"images": images, "bounding_boxes": given("xyxy")}
    shown, boxes = model(data, training=False)
    expected = layers.CenterCrop(20, 22, bounding_box_format="xyxy")(data)
    np.testing.assert_allclose(shown, expected["images"])
    np.testing.assert_allclose(boxes, expected["bounding_boxes"]["boxes"])


# Classes of your own --------------------------------------------------------------------------------------------------


class Negative(BaseImagePreprocessingLayer):
    """Layer of a user's own, with the methods that Keras calls."""

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        return {"sign": -1.0} if training else None

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        return images * transformation["sign"] if training else images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        return bounding_boxes


class Upright(layers.RandomFlip):
    """A layer of the package of which one method is another."""

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        made = super().get_random_transformation(data, training, seed)
        return None if made is None else {**made, "flips": ops.zeros_like(made["flips"])}


def test_a_class_of_your_own() -> None:
    images = painted()[0]
    layer = Negative(factor=0.5, bounding_box_format="xyxy")
    assert layer.factor == (-0.5, 0.5)
    np.testing.assert_array_equal(layer(images), -images)
    np.testing.assert_array_equal(layer(images[0]), -images[0])
    np.testing.assert_array_equal(layer({"images": images}, training=False)["images"], images)
    made = layer({"images": images, "bounding_boxes": given("xyxy")})
    np.testing.assert_array_equal(made["bounding_boxes"]["boxes"][:, 0], LIMITS)
    model = fastnn.Sequential([Input((SIDE, SIDE, 3)), layer])
    np.testing.assert_array_equal(model(images, training=True), -images)
    np.testing.assert_array_equal(model.predict(images, verbose=0), images)


class Scaled(BaseImagePreprocessingLayer):
    """Layer of a user's own with a weight, which computes by `self.backend` as those of Keras do."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", trainable=False)
        self.built = True

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        return self.backend.numpy.multiply(self.backend.cast(images, "float32"), self.scale)


def test_a_class_of_your_own_with_a_weight() -> None:
    images = painted()[0]
    layer = Scaled()
    layer.build((None, SIDE, SIDE, 3))
    layer.scale.assign([1.0, 2.0, 0.0])
    expected = images * np.array([1, 2, 0], np.float32)
    np.testing.assert_array_equal(layer({"images": images})["images"], expected)
    assert Scaled()(images).shape == images.shape, "built by its first call"
    # Methods take one image too.
    view = layers.RandomPerspective(seed=1)
    drawn = view.get_random_transformation(images[0])
    assert view.transform_images(images[0], drawn).shape == images[0].shape


def test_a_layer_of_the_package_of_which_a_method_is_another() -> None:
    images = painted()[0]
    layer = Upright(seed=1, bounding_box_format="xyxy")
    np.testing.assert_array_equal(layer(images, training=True), images)
    model = fastnn.Sequential([Input((SIDE, SIDE, 3)), Upright(seed=1)])
    np.testing.assert_array_equal(model(images, training=True), images)


def test_configs() -> None:
    layer = layers.RandomFlip("vertical", bounding_box_format="rel_xyxy", data_format="channels_first")
    again = layers.RandomFlip.from_config(layer.get_config())
    assert again.bounding_box_format == "rel_xyxy" and again.data_format == "channels_first"
    assert "bounding_box_format" not in layers.RandomFlip().get_config()
    assert layers.MaxNumBoundingBoxes(3, data_format="channels_first").get_config()["data_format"] == "channels_first"


IMAGE = {"images": np.zeros((1, 4, 4, 3))}


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: layers.RandomFlip(bounding_box_format="xxyy"), ValueError, "bounding_box_format to be one of xyxy"),
        (
            lambda: layers.RandomFlip()({**IMAGE, "bounding_boxes": given("xyxy")}), ValueError,
            r"RandomFlip\(..., bounding_box_format='xyxy'\)",
        ),
        (
            lambda: layers.Resizing(2, 2, bounding_box_format="xyxy")({**IMAGE, "bounding_boxes": {"boxes": []}}),
            ValueError, "dict of 'boxes' and 'labels', got",
        ),
        (
            lambda: layers.Resizing(2, 2, bounding_box_format="xyxy")(
                {**IMAGE, "bounding_boxes": {"boxes": [[[1, 2, 3, 4]]], "labels": [[1, 2]]}}
            ), ValueError, "a label for each of the boxes",
        ),
        (
            lambda: layers.Resizing(2, 2, bounding_box_format="xyxy")(
                {**IMAGE, "bounding_boxes": {"boxes": [[[1, 2, 3]]], "labels": [[1]]}}
            ), ValueError, "boxes \\(batch, boxes, 4\\)",
        ),
        (
            lambda: layers.CutMix(bounding_box_format="xyxy")({**IMAGE, "bounding_boxes": given("xyxy")}),
            NotImplementedError, "does not know what becomes of bounding boxes",
        ),
        (lambda: layers.RandomFlip()({"labels": np.zeros(3)}), ValueError, r"got the keys \['labels'\]"),
        (lambda: layers.RandomFlip()({"images": np.zeros((2, 3))}), ValueError, r"or one image, got shape \(2, 3\)"),
    ],
)  # fmt: skip
def test_what_is_refused(call: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        call()
