"""Layers that functions of `fastnn.ops` make up: mixing, distortion, policies, crossings, boxes; and distillation.

Those without random numbers are compared with Keras in `tests/keras/rows_named.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import distillation, layers, losses, ops, random

IMAGES = np.random.RandomState(0).uniform(0, 255, (6, 9, 8, 3)).astype(np.float32)
LABELS = np.eye(6, dtype=np.float32)

RANDOM = {
    "MixUp": {"alpha": 1.0},
    "CutMix": {},
    "RandAugment": {"num_ops": 1},
    "AugMix": {"num_chains": 1, "chain_depth": 1},
    "RandomGaussianBlur": {"factor": (1.0, 1.0), "sigma": (0.5, 1.0)},
    "RandomPerspective": {"factor": (1.0, 1.0), "scale": 0.6},
    "RandomElasticTransform": {"factor": (1.0, 1.0)},
}


@pytest.mark.parametrize("name", RANDOM)
class TestRandom:
    def layer(self, name: str, **kwargs: Any) -> Any:
        return getattr(layers, name)(**{**RANDOM[name], "seed": 3, **kwargs})

    def test_training_changes_images_and_inference_does_not(self, name: str) -> None:
        layer = self.layer(name)
        assert np.array_equal(layer(IMAGES, training=False), IMAGES)
        made = layer(IMAGES, training=True)
        assert made.shape == IMAGES.shape and np.isfinite(made).all()
        if name not in ("RandAugment", "AugMix"):  # which may leave images as they are
            assert np.abs(made - IMAGES).max() > 1.0
        assert np.array_equal(self.layer(name)(IMAGES, training=True), made), "a seed repeats"
        assert layer(IMAGES[0], training=True).shape == IMAGES[0].shape

    def test_channels_first(self, name: str) -> None:
        made = self.layer(name, data_format="channels_first")(IMAGES.transpose(0, 3, 1, 2), training=True)
        np.testing.assert_allclose(made.transpose(0, 2, 3, 1), self.layer(name)(IMAGES, training=True), atol=1e-3)

    def test_in_a_model_and_its_file(self, name: str, tmp_path: Path) -> None:
        model = fastnn.Sequential([layers.Input((9, 8, 3)), self.layer(name), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(IMAGES / 255, np.ones((6, 1)), verbose=0)
        model.save(tmp_path / "model.keras")
        again = fastnn.saving.load_model(tmp_path / "model.keras")
        configs = [json.dumps(one.layers[0].get_config()) for one in (again, model)]
        assert configs[0] == configs[1]
        np.testing.assert_array_equal(again.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))

    def test_other_keys(self, name: str) -> None:
        with pytest.raises(ValueError, match="'images' and perhaps 'labels'"):
            self.layer(name)({"image": IMAGES, "labels": LABELS})


def test_mixed_images_have_mixed_labels() -> None:
    made = layers.MixUp(1.0, seed=1)({"images": IMAGES, "labels": LABELS}, training=True)
    # Each label says of which images, and in which shares, an image is made.
    np.testing.assert_allclose(np.einsum("ij,jhwc->ihwc", made["labels"], IMAGES), made["images"], atol=1e-3)
    masks = layers.MixUp(1.0, seed=1)({"images": IMAGES, "segmentation_masks": IMAGES}, training=True)
    np.testing.assert_allclose(masks["segmentation_masks"], masks["images"], atol=1e-3)


def test_pasted_rectangles_have_the_area_of_the_label() -> None:
    images = np.arange(6, dtype=np.float32)[:, None, None, None] + np.zeros((6, 40, 40, 1), np.float32)
    data = {"images": images, "labels": LABELS, "segmentation_masks": images}
    made = layers.CutMix(seed=2)(data, training=True)
    np.testing.assert_array_equal(made["images"], made["segmentation_masks"])
    for i, (image, label) in enumerate(zip(made["images"], made["labels"], strict=True)):
        own = float((image == i).mean())
        assert own == pytest.approx(label[i], abs=0.06)
        assert len(np.unique(image)) <= 2


def test_a_perspective_of_no_strength_keeps_images() -> None:
    layer = layers.RandomPerspective(factor=(1.0, 1.0), scale=0.0)
    np.testing.assert_allclose(layer(IMAGES, training=True), IMAGES, rtol=1e-4, atol=1e-2)


def test_a_blur_is_that_of_the_function() -> None:
    layer = layers.RandomGaussianBlur((1.0, 1.0), (3, 5), (0.8, 0.8), seed=1)
    expected = ops.image.gaussian_blur(IMAGES, (3, 5), (0.8, 0.8))
    np.testing.assert_allclose(layer(IMAGES, training=True), expected, rtol=1e-4)


def test_crossings() -> None:
    # The example of Keras' documentation, computed by TensorFlow.
    letters, numbers = np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])
    layer = layers.HashedCrossing(5)
    assert layer((letters, numbers)).tolist() == [1, 4, 1, 1, 3]
    assert layer((letters[:, None], numbers[:, None])).shape == (5, 1)
    hot = layers.HashedCrossing(5, output_mode="one_hot")((letters, numbers))
    assert hot.argmax(-1).tolist() == [1, 4, 1, 1, 3] and hot.shape == (5, 5)
    with pytest.raises(ValueError, match="at least two arrays"):
        layer([letters])
    with pytest.raises(ValueError, match="of one shape"):
        layer([letters, numbers[:2]])
    with pytest.raises(TypeError, match="holds fractions"):
        layer([letters, numbers / 2])
    with pytest.raises(TypeError, match="holds fractions"):
        layer([layers.Input((1,)), layers.Input((1,))])


def test_numbers_of_boxes() -> None:
    boxes = {"boxes": np.arange(16.0, dtype=np.float32).reshape(1, 4, 4), "labels": np.ones((1, 4), np.float32)}
    fewer = layers.MaxNumBoundingBoxes(2)({"images": IMAGES[:1], "bounding_boxes": boxes})
    np.testing.assert_array_equal(fewer["bounding_boxes"]["boxes"], boxes["boxes"][:, :2])
    np.testing.assert_array_equal(fewer["images"], IMAGES[:1])
    more = layers.MaxNumBoundingBoxes(6, fill_value=-7)({"bounding_boxes": boxes})["bounding_boxes"]
    assert more["boxes"].shape == (1, 6, 4) and (more["boxes"][:, 4:] == -7).all()
    assert more["labels"].tolist() == [[1, 1, 1, 1, -7, -7]]
    with pytest.raises(ValueError, match="'bounding_boxes' to be a dict of 'boxes' and 'labels', got"):
        layers.MaxNumBoundingBoxes(2)({"bounding_boxes": IMAGES})
    shapes = {"images": (None, 9, 8, 3), "bounding_boxes": {"boxes": (None, None, 4), "labels": (None, None)}}
    counted = layers.MaxNumBoundingBoxes(2).compute_output_shape(shapes)["bounding_boxes"]
    assert counted == {"boxes": (None, 2, 4), "labels": (None, 2)}


def test_a_pipeline_goes_through_its_config() -> None:
    pipeline = layers.Pipeline([layers.AutoContrast(), layers.CenterCrop(4, 4)])
    again = layers.Pipeline.from_config(pipeline.get_config())
    np.testing.assert_array_equal(again(IMAGES), pipeline(IMAGES))
    assert pipeline.compute_output_shape((None, 9, 8, 3)) == (None, 4, 4, 3)


def test_one_sound_and_several() -> None:
    layer = layers.MelSpectrogram(64, 32, num_mel_bins=5, sampling_rate=8000, power_to_db=False)
    sounds = np.random.RandomState(1).normal(size=(2, 200)).astype(np.float32)
    np.testing.assert_allclose(layer(sounds[1]), layer(sounds)[1], rtol=1e-5)
    assert layer.compute_output_shape((None, 200)) == (None, *layer(sounds).shape[1:])


def test_windows_of_scipy_are_taken_by_name():
    made = fastnn.initializers.STFT("real", "blackman", None)((9, 1, 5))[:, 0, 0]
    np.testing.assert_allclose(made, np.blackman(9), atol=1e-7)
    made = fastnn.initializers.STFT("real", "blackman", "spectrum", periodic=True)((8, 1, 5))[:, 0, 0]
    np.testing.assert_allclose(made, np.blackman(9)[:-1] / np.blackman(9).sum(), atol=1e-7)
    x = np.random.RandomState(0).normal(size=(1, 64, 1))
    ours, theirs = (
        layers.STFTSpectrogram("magnitude", 16, 8, window=window, scaling=None)(x)
        for window in ("hann", np.hanning(16))
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_auto_contrast_with_the_channels_first():
    images = np.random.RandomState(0).uniform(9, 90, (2, 4, 5, 3))
    first = layers.AutoContrast(data_format="channels_first")
    np.testing.assert_array_equal(
        np.moveaxis(np.asarray(first(np.moveaxis(images, -1, 1))), 1, -1), np.asarray(layers.AutoContrast()(images))
    )
    assert layers.AutoContrast.from_config(first.get_config()).data_format == "channels_first"


def shape_of_groups(*shapes):
    return layers.GroupQueryAttention(2, 4, 2).compute_output_shape(*shapes)


MISTAKES = [
    (lambda: layers.STFTSpectrogram(window="unknowable"), "a name that scipy.signal.get_window knows"),
    (lambda: shape_of_groups((2, 4, 8), (2, 2, 7)), "query and value of one size"),
    (lambda: shape_of_groups((2, 4, 8), (2, 2, 8), (2, 1, 7)), "as many keys as values"),
    (lambda: layers.MixUp(0.0), "alpha above 0"),
    (lambda: layers.CutMix(2.0), "factor to be a number"),
    (lambda: layers.RandAugment(num_ops=-1), "num_ops to be an integer of at least 0"),
    (lambda: layers.AugMix(chain_depth=0), "chain_depth to be a positive integer"),
    (lambda: layers.AugMix(alpha=0), "alpha above 0"),
    (lambda: layers.RandomGaussianBlur(kernel_size=4), "odd integers"),
    (lambda: layers.RandomPerspective(interpolation="cubic"), "'nearest' or 'bilinear'"),
    (lambda: layers.RandomElasticTransform(fill_mode="other"), "expects fill_mode"),
    (lambda: layers.Equalization(bins=0), "bins to be a positive integer"),
    (lambda: layers.AutoContrast(value_range=(1, 1)), "two different numbers"),
    (lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(0, 1)), "two positive integers"),
    (lambda: layers.MelSpectrogram(64, sequence_length=65), "sequence_length of at most"),
    (lambda: layers.STFTSpectrogram("other"), "mode to be one of"),
    (lambda: layers.STFTSpectrogram(frame_length=8, frame_step=9), "frame_step from 1"),
    (lambda: layers.STFTSpectrogram(frame_length=8, fft_length=4), "fft_length of at least"),
    (lambda: layers.HashedCrossing(0), "num_bins to be a positive integer"),
    (lambda: layers.HashedCrossing(3, "multi_hot"), "'int' or 'one_hot'"),
    (lambda: layers.HashedCrossing(3, sparse=True), "dense arrays only"),
    (lambda: layers.MaxNumBoundingBoxes(0), "max_number to be a positive integer"),
    (lambda: layers.Pipeline([1]), "a list of layers"),
    (lambda: layers.GroupQueryAttention(2, 3, 2), "a multiple of num_key_value_heads"),
    (lambda: layers.GroupQueryAttention(0, 2, 2), "head_dim to be a positive integer"),
    (lambda: layers.GroupQueryAttention(2, 2, 2, dropout=0.1, flash_attention=True), "flash attention has no dropout"),
    (lambda: layers.AdaptiveMaxPooling2D((2, 0)), "2 positive integers"),
    (lambda: layers.ReversibleEmbedding(3, 2, logit_soft_cap=-1.0), "logit_soft_cap above 0"),
    (lambda: fastnn.initializers.STFT("other"), "side to be"),
    (lambda: fastnn.initializers.STFT(window=np.ones(3))((4, 1, 3)), r"a window of shape \(4,\)"),
]


@pytest.mark.parametrize(("make", "said"), MISTAKES, ids=[one[1] for one in MISTAKES])
def test_mistakes(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
def test_gamma_distributed_values(alpha: float) -> None:
    values = random.gamma((20000,), alpha, seed=5)
    assert values.mean() == pytest.approx(alpha, rel=0.05) and values.var() == pytest.approx(alpha, rel=0.08)
    assert (values > 0).mean() > 0.999 and np.array_equal(values, random.gamma((20000,), alpha, seed=5))
    # The skewness of a gamma distribution is 2 / sqrt(alpha).
    skewness = ((values - values.mean()) ** 3).mean() / values.std() ** 3
    assert skewness == pytest.approx(2 / np.sqrt(alpha), rel=0.12)


def test_beta_and_binomially_distributed_values() -> None:
    values = random.beta((20000,), 2.0, 6.0, seed=1)
    assert values.mean() == pytest.approx(0.25, rel=0.02) and values.var() == pytest.approx(0.25 * 0.75 / 9, rel=0.05)
    counts = random.binomial((20000, 2), [4, 9], 0.3, seed=2)
    np.testing.assert_allclose(counts.mean(0), [1.2, 2.7], rtol=0.03)
    np.testing.assert_allclose(counts.var(0), [0.84, 1.89], rtol=0.05)
    assert counts.max(0).tolist() <= [4, 9] and set(np.unique(counts)) <= set(range(10))
    with pytest.raises(TypeError, match="counts that are integers"):
        random.binomial((2,), fastnn.Input(()), 0.5)


def network(units: int) -> Any:
    return fastnn.Sequential(
        [layers.Input((4,)), layers.Dense(units, "tanh", name="hidden"), layers.Dense(3, name="last")]
    )


class TestDistillation:
    def test_the_student_becomes_the_teacher(self) -> None:
        fastnn.utils.set_random_seed(1)
        teacher, student = network(8), network(8)
        before = [w.copy() for w in teacher.get_weights()]
        model = distillation.Distiller(
            teacher, student, distillation.LogitsDistillation(1.0, "mse"), student_loss_weight=0.0
        )
        model.compile(fastnn.optimizers.Adam(0.01), loss="mse")
        x = np.random.RandomState(0).normal(size=(64, 4)).astype(np.float32)
        history = model.fit(x, np.zeros((64, 3)), epochs=60, verbose=0).history
        assert history["distillation_loss"][-1] < 0.05 * history["distillation_loss"][0]
        assert all(np.array_equal(a, b) for a, b in zip(before, teacher.get_weights(), strict=True))
        np.testing.assert_array_equal(model.predict(x, verbose=0), student.predict(x, verbose=0))

    def test_files(self, tmp_path: Path) -> None:
        several = [
            distillation.FeatureDistillation("mse", "hidden", "hidden"),
            distillation.LogitsDistillation(2.0, losses.KLDivergence()),
        ]
        model = distillation.Distiller(network(5), network(5), several, [0.5, 2.0], 0.25)
        model.compile("adam", loss="mse")
        x, y = np.ones((8, 4)), np.ones((8, 3))
        model.fit(x, y, verbose=0)
        model.save(tmp_path / "model.keras")
        again = fastnn.saving.load_model(tmp_path / "model.keras")
        assert again.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))
        assert again.student_loss_weight == 0.25 and again.distillation_loss_weights == [0.5, 2.0]

    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (lambda t, s: distillation.Distiller(None, s, distillation.LogitsDistillation()), "the teacher to be"),
            (lambda t, s: distillation.Distiller(t, s, None), "expects distillation losses"),
            (lambda t, s: distillation.Distiller(t, s, distillation.LogitsDistillation(), None, 2.0), "from 0 to 1"),
            (lambda t, s: distillation.Distiller(t, s, [distillation.LogitsDistillation()], [1, 2]), "expects 1 dist"),
            (lambda t, s: distillation.Distiller(t, s, distillation.FeatureDistillation("mse", "no", "no")), "no"),
            (lambda t, s: distillation.Distiller(t, s, distillation.LogitsDistillation()).compile(), "expects a loss"),
            (lambda t, s: distillation.Distiller(
                t, fastnn.Sequential([layers.Input((5,)), layers.Dense(3)]), distillation.LogitsDistillation()
            ), "inputs of one shape"),
            (lambda t, s: distillation.LogitsDistillation(0.0), "temperature above 0"),
            (lambda t, s: distillation.FeatureDistillation(None), "at least one loss"),
        ],
    )  # fmt: skip
    def test_mistakes(self, make: Any, said: str) -> None:
        with pytest.raises(ValueError, match=said):
            make(network(5), network(4))


def test_other_names() -> None:
    assert fastnn.mixed_precision.LossScaleOptimizer is fastnn.optimizers.LossScaleOptimizer
    assert fastnn.optimizers.legacy.Adam is fastnn.optimizers.Adam
    saving = fastnn.legacy.saving
    assert saving.deserialize_keras_object is fastnn.utils.legacy.deserialize_keras_object
    assert layers.InputSpec is fastnn.InputSpec
