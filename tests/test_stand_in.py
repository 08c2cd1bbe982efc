"""The part of TensorFlow that stands in: its functions on arrays, in models, on files, and whole scripts."""

# ruff: noqa: E501 - tables of calls

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn import stand_in as tf
from fastnn.stand_in import keras_backend

X = tf.constant([[1.0, 2.0], [3.0, 4.0]])
I = tf.constant([[1, 2], [3, 4]])  # noqa: E741

VALUES = {
    "acos": (lambda: tf.acos([1.0, 0.0]), [0.0, np.pi / 2], "float32"),
    "add_n": (lambda: tf.add_n([X, X, X]), [[3.0, 6.0], [9.0, 12.0]], "float32"),
    "broadcast_to": (lambda: tf.broadcast_to(tf.constant([1.0, 2.0]), (2, 2)), [[1.0, 2.0], [1.0, 2.0]], "float32"),
    "clip_by_global_norm": (lambda: tf.clip_by_global_norm([tf.constant([3.0]), tf.constant([4.0])], 1.0)[0][1], [0.8], "float32"),
    "gather_nd": (lambda: tf.gather_nd(X, tf.constant([[0, 1], [1, 0]])), [2.0, 3.0], "float32"),
    "image.extract_patches": (lambda: tf.image.extract_patches(tf.reshape(tf.range(4.0), (1, 2, 2, 1)), [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"), [[[[0.0, 1.0, 2.0, 3.0]]]], "float32"),
    "image.image_gradients": (lambda: tf.image.image_gradients(tf.reshape(X, (1, 2, 2, 1)))[0][0, :, :, 0], [[2.0, 2.0], [0.0, 0.0]], "float32"),
    "image.ssim": (lambda: tf.image.ssim(tf.ones((1, 12, 12, 2)), tf.ones((1, 12, 12, 2)), 1.0), [1.0], "float32"),
    "image.total_variation": (lambda: tf.image.total_variation(tf.reshape(X, (1, 2, 2, 1))), [6.0], "float32"),
    "linalg.band_part": (lambda: tf.linalg.band_part(X, -1, 0), [[1.0, 0.0], [3.0, 4.0]], "float32"),
    "linalg.diag_part": (lambda: tf.linalg.diag_part(X), [1.0, 4.0], "float32"),
    "linalg.matvec": (lambda: tf.linalg.matvec(X, tf.constant([1.0, 1.0])), [3.0, 7.0], "float32"),
    "linalg.set_diag": (lambda: tf.linalg.set_diag(X, [0.0, 9.0]), [[0.0, 2.0], [3.0, 9.0]], "float32"),
    "linalg.trace": (lambda: tf.linalg.trace(X), 5.0, "float32"),
    "math.bincount": (lambda: tf.math.bincount([1, 1, 3], minlength=5), [0, 2, 0, 1, 0], "int32"),
    "math.confusion_matrix": (lambda: tf.math.confusion_matrix([0, 1, 1], [0, 0, 1]), [[1, 0], [1, 1]], "int32"),
    "math.cumprod-exclusive": (lambda: tf.math.cumprod([2.0, 3.0, 4.0], exclusive=True), [1.0, 2.0, 6.0], "float32"),
    "math.cumprod-reverse": (lambda: tf.math.cumprod([2.0, 3.0, 4.0], reverse=True), [24.0, 12.0, 4.0], "float32"),
    "math.divide_no_nan": (lambda: tf.math.divide_no_nan([1.0, 2.0], [0.0, 4.0]), [0.0, 0.5], "float32"),
    "math.unsorted_segment_mean": (lambda: tf.math.unsorted_segment_mean(tf.constant([1.0, 2.0, 5.0]), [0, 1, 0], 2), [3.0, 2.0], "float32"),
    "math.unsorted_segment_sum": (lambda: tf.math.unsorted_segment_sum(tf.constant([1.0, 2.0, 5.0]), [0, 1, 0], 2), [6.0, 2.0], "float32"),
    "nn.avg_pool2d": (lambda: tf.nn.avg_pool2d(tf.reshape(X, (1, 2, 2, 1)), 2, 2, "VALID"), [[[[2.5]]]], "float32"),
    "nn.conv2d": (lambda: tf.nn.conv2d(tf.reshape(X, (1, 2, 2, 1)), tf.ones((2, 2, 1, 1)), [1, 1, 1, 1], "VALID"), [[[[10.0]]]], "float32"),
    "nn.depth_to_space": (lambda: tf.nn.depth_to_space(tf.reshape(X, (1, 1, 1, 4)), 2)[0, :, :, 0], [[1.0, 2.0], [3.0, 4.0]], "float32"),
    "nn.l2_loss": (lambda: tf.nn.l2_loss(X), 15.0, "float32"),
    "nn.max_pool2d": (lambda: tf.nn.max_pool2d(tf.reshape(X, (1, 2, 2, 1)), [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), [[[[4.0]]]], "float32"),
    "nn.moments": (lambda: tf.nn.moments(X, [0])[1], [1.0, 1.0], "float32"),
    "nn.space_to_depth": (lambda: tf.nn.space_to_depth(tf.reshape(X, (1, 2, 2, 1)), 2), [[[[1.0, 2.0, 3.0, 4.0]]]], "float32"),
    "nn.weighted": (lambda: tf.nn.weighted_cross_entropy_with_logits([1.0, 0.0], tf.constant([0.0, 0.0]), 3.0), [3 * np.log(2), np.log(2)], "float32"),
    "sequence_mask": (lambda: tf.sequence_mask([1, 3], 4, tf.float32), [[1, 0, 0, 0], [1, 1, 1, 0]], "float32"),
    "abs": (lambda: tf.abs([-1.5, 2.0]), [1.5, 2.0], "float32"),
    "add": (lambda: tf.add(I, 1), [[2, 3], [4, 5]], "int32"),
    "argmax": (lambda: tf.argmax(X, axis=1), [1, 1], "int64"),
    "argmax-of-columns": (lambda: tf.argmax(X), [1, 1], "int64"),
    "boolean_mask": (lambda: tf.boolean_mask(I, [True, False]), [[1, 2]], "int32"),
    "cast": (lambda: tf.cast([1.7, -1.7], tf.int32), [1, -1], "int32"),
    "cast-of-bytes": (lambda: tf.cast(np.array([0, 255], np.uint8), "float32") / 255.0, [0.0, 1.0], "float32"),
    "clip_by_value": (lambda: tf.clip_by_value(I, 2, 3), [[2, 2], [3, 3]], "int32"),
    "concat": (lambda: tf.concat([I, I], axis=1), [[1, 2, 1, 2], [3, 4, 3, 4]], "int32"),
    "cond": (lambda: tf.cond(tf.constant(1) > 0, lambda: X[0], lambda: X[1]), [1.0, 2.0], "float32"),
    "constant": (lambda: tf.constant(3, shape=(2,)), [3, 3], "int32"),
    "constant-of-type": (lambda: tf.constant([1, 2], dtype=tf.float32), [1.0, 2.0], "float32"),
    "convert_to_tensor": (lambda: tf.convert_to_tensor([np.float32(1.5), 2]), [1.5, 2.0], "float64"),
    "einsum": (lambda: tf.einsum("ij,jk->ik", X, X), [[7.0, 10.0], [15.0, 22.0]], "float32"),
    "expand_dims": (lambda: tf.expand_dims(I, -1), [[[1], [2]], [[3], [4]]], "int32"),
    "eye": (lambda: tf.eye(2), [[1.0, 0.0], [0.0, 1.0]], "float32"),
    "fill": (lambda: tf.fill([2], 7), [7, 7], "int32"),
    "gather": (lambda: tf.gather(I, [1, 0]), [[3, 4], [1, 2]], "int32"),
    "gather-of-columns": (lambda: tf.gather(I, [1], axis=1), [[2], [4]], "int32"),
    "greater": (lambda: tf.greater(X, 2.0), [[False, False], [True, True]], "bool"),
    "linspace": (lambda: tf.linspace(0.0, 1.0, 3), [0.0, 0.5, 1.0], "float32"),
    "map_fn": (lambda: tf.map_fn(lambda row: row * 2, I), [[2, 4], [6, 8]], "int32"),
    "matmul": (lambda: tf.matmul(X, X), [[7.0, 10.0], [15.0, 22.0]], "float32"),
    "matmul-transposed": (lambda: tf.matmul(X, X, transpose_b=True), [[5.0, 11.0], [11.0, 25.0]], "float32"),
    "math.log": (lambda: tf.math.log(tf.constant([1.0])), [0.0], "float32"),
    "math.reduce_std": (lambda: tf.math.reduce_std(X), 1.1180340, "float32"),
    "maximum": (lambda: tf.maximum(I, 2), [[2, 2], [3, 4]], "int32"),
    "nn.relu": (lambda: tf.nn.relu([-1.0, 2.0]), [0.0, 2.0], "float32"),
    "nn.softmax": (lambda: tf.nn.softmax([[0.0, 0.0]]), [[0.5, 0.5]], "float32"),
    "nn.top_k": (lambda: tf.nn.top_k([3, 9, 5], k=2)[1], [1, 2], "int32"),
    "norm": (lambda: tf.norm([3.0, 4.0]), 5.0, "float32"),
    "numpy_function": (lambda: tf.numpy_function(lambda x: x + 1, [I], tf.int32), [[2, 3], [4, 5]], "int32"),
    "one_hot": (lambda: tf.one_hot([0, 2, -1], 3), [[1, 0, 0], [0, 0, 1], [0, 0, 0]], "float32"),
    "one_hot-of-values": (lambda: tf.one_hot(1, depth=2, on_value=5, off_value=-1, dtype=tf.int32), [-1, 5], "int32"),
    "ones": (lambda: tf.ones((2,), tf.int64), [1, 1], "int64"),
    "pad": (lambda: tf.pad([1, 2], [[1, 2]], constant_values=9), [9, 1, 2, 9, 9], "int32"),
    "pad-reflected": (lambda: tf.pad([1, 2, 3], [[1, 1]], "REFLECT"), [2, 1, 2, 3, 2], "int32"),
    "pow": (lambda: tf.pow(X, 2), [[1.0, 4.0], [9.0, 16.0]], "float32"),
    "py_function": (lambda: tf.py_function(lambda x: x.numpy() * 2, inp=[I], Tout=tf.float32), [[2, 4], [6, 8]], "float32"),
    "range": (lambda: tf.range(1, 6, 2), [1, 3, 5], "int32"),
    "rank": (lambda: tf.rank(X), 2, "int32"),
    "reduce_max": (lambda: tf.reduce_max(I), 4, "int32"),
    "reduce_mean": (lambda: tf.reduce_mean(X, axis=0), [2.0, 3.0], "float32"),
    "reduce_mean-kept": (lambda: tf.reduce_mean(X, axis=[0, 1], keepdims=True), [[2.5]], "float32"),
    "reduce_sum": (lambda: tf.reduce_sum(I, 1), [3, 7], "int32"),
    "reshape": (lambda: tf.reshape(I, [-1]), [1, 2, 3, 4], "int32"),
    "reverse": (lambda: tf.reverse(I, axis=[0]), [[3, 4], [1, 2]], "int32"),
    "round": (lambda: tf.round([0.5, 1.5, 2.4]), [0.0, 2.0, 2.0], "float32"),
    "shape": (lambda: tf.shape(np.zeros((2, 5))), [2, 5], "int32"),
    "sigmoid": (lambda: tf.sigmoid(tf.constant([0.0])), [0.5], "float32"),
    "slice": (lambda: tf.slice(I, [0, 1], [2, 1]), [[2], [4]], "int32"),
    "sort": (lambda: tf.sort([3, 1, 2], direction="DESCENDING"), [3, 2, 1], "int32"),
    "split": (lambda: tf.split([1, 2, 3, 4], [1, 3])[1], [2, 3, 4], "int32"),
    "squeeze": (lambda: tf.squeeze([[[1], [2]]], axis=[0]), [[1], [2]], "int32"),
    "stack": (lambda: tf.stack([1, 2]), [1, 2], "int32"),
    "tile": (lambda: tf.tile([1, 2], [2]), [1, 2, 1, 2], "int32"),
    "transpose": (lambda: tf.transpose(I, perm=[1, 0]), [[1, 3], [2, 4]], "int32"),
    "unique": (lambda: tf.unique([3, 1, 3])[1], [0, 1, 0], "int32"),
    "unstack": (lambda: tf.unstack(I)[1], [3, 4], "int32"),
    "where": (lambda: tf.where(X > 2, X, 0.0), [[0.0, 0.0], [3.0, 4.0]], "float32"),
    "where-places": (lambda: tf.where([False, True]), [[1]], "int64"),
    "zeros-of-numbered-type": (lambda: tf.zeros(1, 1), [0.0], "float32"),
    "zeros_like": (lambda: tf.zeros_like(I), [[0, 0], [0, 0]], "int32"),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    call, expected, dtype = VALUES[name]
    found = call()
    assert np.allclose(found.numpy(), expected) and np.shape(found.numpy()) == np.shape(expected)
    assert found.dtype == dtype


TEXTS = {
    "lower": (lambda: tf.strings.lower(["Ab"]), [b"ab"]),
    "length": (lambda: tf.strings.length(["é", "ab"], unit="UTF8_CHAR"), [1, 2]),
    "length-in-bytes": (lambda: tf.strings.length("é"), 2),
    "substr": (lambda: tf.strings.substr(["hello"], 1, 3), [b"ell"]),
    "split": (lambda: tf.strings.split("a/b/c", "/"), [b"a", b"b", b"c"]),
    "split-at-space": (lambda: tf.strings.split("a  b"), [b"a", b"b"]),
    "join": (lambda: tf.strings.join(["a", tf.constant(["x", "y"])], "-"), [b"a-x", b"a-y"]),
    "reduce_join": (lambda: tf.strings.reduce_join(["a", "b"], separator=" "), b"a b"),
    "regex_replace": (lambda: tf.strings.regex_replace("a1b2", r"(\d)", r"<\1>"), b"a<1>b<2>"),
    "regex_full_match": (lambda: tf.strings.regex_full_match(["a1", "a"], "a."), [True, False]),
    "strip": (lambda: tf.strings.strip([" a "]), [b"a"]),
    "to_number": (lambda: tf.strings.to_number(["1.5", "2"]), [1.5, 2.0]),
    "to_number-whole": (lambda: tf.strings.to_number("7", out_type=tf.int32), 7),
    "as_string": (lambda: tf.strings.as_string([1, 2]), [b"1", b"2"]),
    "as_string-rounded": (lambda: tf.strings.as_string([1.25], precision=1), [b"1.2"]),
    "unicode_split": (lambda: tf.strings.unicode_split("né", "UTF-8"), [b"n", "é".encode()]),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_texts(name):
    call, expected = TEXTS[name]
    found = call().numpy()
    assert (found.tolist() if isinstance(found, (np.ndarray, np.generic)) else found) == expected


IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
FLOATS = IMAGE.astype(np.float32) / np.float32(255)


def test_sizes_of_images():
    image = tf.image
    assert image.resize(IMAGE, (3, 4)).dtype == "float32" and image.resize(IMAGE, (3, 4), "nearest").dtype == "uint8"
    assert image.resize(IMAGE[None], [3, 4], preserve_aspect_ratio=True).shape == (1, 3, 4, 3)
    assert image.resize(IMAGE, [3, 8], preserve_aspect_ratio=True).shape == (3, 4, 3)
    padded = image.resize_with_pad(IMAGE, 8, 8)
    assert padded.shape == (8, 8, 3) and (padded[0] == 0).all() and np.allclose(padded[1:7], IMAGE)
    assert np.array_equal(image.resize_with_crop_or_pad(IMAGE, 4, 10)[:, 1:9], IMAGE[1:5])
    assert np.array_equal(image.central_crop(IMAGE, 0.5), IMAGE[1:5, 2:6])
    assert np.array_equal(image.crop_to_bounding_box(IMAGE, 1, 2, 3, 4), IMAGE[1:4, 2:6])
    assert np.array_equal(image.pad_to_bounding_box(IMAGE, 1, 2, 8, 11)[1:7, 2:10], IMAGE)
    with pytest.raises(ValueError, match="is not within an image"):
        image.crop_to_bounding_box(IMAGE, 1, 2, 6, 4)
    with pytest.raises(ValueError, match="expects images"):
        image.resize(IMAGE[0], (2, 2))


def test_places_of_pixels():
    image = tf.image
    assert np.array_equal(image.flip_left_right(IMAGE), IMAGE[:, ::-1])
    assert np.array_equal(image.flip_up_down(IMAGE[None]), IMAGE[None, ::-1])
    assert np.array_equal(image.rot90(IMAGE), np.rot90(IMAGE))
    assert np.array_equal(image.transpose(IMAGE), IMAGE.swapaxes(0, 1))
    assert np.array_equal(image.grayscale_to_rgb(IMAGE[..., :1]), np.repeat(IMAGE[..., :1], 3, -1))


def test_colors():
    image = tf.image
    assert np.allclose(image.convert_image_dtype(IMAGE, tf.float32), FLOATS)
    assert np.array_equal(image.convert_image_dtype(FLOATS, tf.uint8), IMAGE)
    assert np.array_equal(image.convert_image_dtype(np.array([255], np.uint8), "uint16"), [255 * 257])
    gray = image.rgb_to_grayscale(FLOATS)
    assert np.allclose(gray[..., 0], FLOATS @ np.array([0.2989, 0.587, 0.114], np.float32), atol=1e-6)
    assert image.rgb_to_grayscale(IMAGE).dtype == "uint8"
    assert np.allclose(image.adjust_brightness(FLOATS, 0.1), FLOATS + np.float32(0.1))
    assert image.adjust_brightness(IMAGE, 1.0).tolist() == np.full((6, 8, 3), 255).tolist()
    mean = FLOATS.mean((0, 1), keepdims=True)
    assert np.allclose(image.adjust_contrast(FLOATS, 2.0), (FLOATS - mean) * 2 + mean, atol=1e-5)
    assert np.allclose(image.adjust_gamma(FLOATS, 2.0), FLOATS**2, atol=1e-6)
    assert np.allclose(image.adjust_hue(FLOATS, 1.0), FLOATS, atol=1e-5)
    assert np.allclose(image.adjust_saturation(FLOATS, 0.0), FLOATS.max(-1, keepdims=True), atol=1e-5)
    standard = image.per_image_standardization(IMAGE)
    assert abs(standard.mean()) < 1e-5 and abs(standard.std() - 1) < 1e-4
    assert image.psnr(IMAGE, IMAGE // 2 * 2, 255).numpy() > 40


def test_random_images_follow_the_seed():
    def drawn():
        fastnn.utils.set_random_seed(3)
        one = tf.image.random_flip_left_right(IMAGE), tf.image.random_crop(IMAGE, (2, 2, 3))
        return [*one, tf.image.random_brightness(FLOATS, 0.3), tf.image.random_contrast(FLOATS, 0.5, 1.5),
                tf.image.random_hue(FLOATS, 0.2), tf.image.random_saturation(FLOATS, 0.5, 1.5)]  # fmt: skip

    for one, other in zip(drawn(), drawn(), strict=True):
        assert np.array_equal(one, other)
    batch = np.stack([IMAGE] * 40)
    flipped = (tf.image.random_flip_left_right(batch) != batch).any((1, 2, 3))
    assert 5 < flipped.sum() < 35
    seeds = [tf.image.stateless_random_crop(IMAGE, (2, 2, 3), seed=(1, k)) for k in (0, 0, 1)]
    assert np.array_equal(seeds[0], seeds[1]) and not np.array_equal(seeds[0], seeds[2])


def test_random_augmentation_in_map_is_the_same_on_any_number_of_threads():
    def augment(image):
        image = tf.image.random_flip_left_right(image)
        return tf.image.random_brightness(tf.image.convert_image_dtype(image, tf.float32), 0.2)

    images = np.stack([IMAGE] * 20)

    def passes(threads):
        tf.random.set_seed(1)
        dataset = tf.data.Dataset.from_tensor_slices(images).map(augment, num_parallel_calls=threads).batch(20)
        return [next(iter(dataset)) for _ in range(2)]

    one, other = passes(1), passes(4)
    assert np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1]) and not np.array_equal(*one)


def test_files(tmp_path):
    path = str(tmp_path / "deep" / "a.png")
    tf.io.write_file(path, tf.io.encode_png(IMAGE))
    content = tf.io.read_file(tf.constant(path))
    assert np.array_equal(tf.io.decode_png(content, channels=3), IMAGE)
    assert np.allclose(tf.io.decode_image(content, dtype=tf.float32), FLOATS)
    assert tf.image.decode_jpeg(tf.io.encode_jpeg(IMAGE), channels=1).shape == (6, 8, 1)
    assert tf.io.gfile.exists(path) and tf.io.gfile.glob(str(tmp_path / "*" / "*.png")) == [path]
    with pytest.raises(TypeError, match=r"read it by tf\.io\.read_file"):
        tf.io.decode_png(IMAGE)
    with pytest.raises(ValueError, match="is no image that Pillow reads"):
        tf.io.decode_png(b"no image")
    assert tf.io.decode_raw(b"\1\0\2\0", tf.uint16).tolist() == [1, 2]
    names, numbers = tf.io.decode_csv(["a,1", "b,"], ["", 7])
    assert names.tolist() == [b"a", b"b"] and numbers.tolist() == [1, 7]
    (tmp_path / "lines.txt").write_text("a\nb\n")
    assert list(tf.data.TextLineDataset(str(tmp_path / "lines.txt")).as_numpy_iterator()) == [b"a", b"b"]


def test_functions_become_part_of_a_model():
    inputs = layers.Input((4,))
    x = tf.nn.relu(tf.matmul(tf.expand_dims(inputs, 1), tf.ones((4, 3)))[:, 0])
    x = tf.concat([x, tf.reduce_sum(inputs, axis=1, keepdims=True)], axis=-1)
    model = fastnn.Model(inputs, tf.cast(tf.reshape(x, (-1, 2, 2)), tf.float32))
    found = model.predict(np.ones((2, 4), np.float32), verbose=0)
    assert found.tolist() == [[[4.0, 4.0], [4.0, 4.0]]] * 2

    def loss(y_true, y_pred):
        return tf.reduce_mean(tf.square(y_true - y_pred), axis=-1) + 0.0 * keras_backend.NAMES["mean"](y_pred)

    net = fastnn.Sequential([layers.Input((4,)), layers.Dense(1), layers.Lambda(lambda x: tf.nn.sigmoid(x))])
    net.compile("sgd", loss)
    net.fit(np.ones((4, 4)), np.zeros((4, 1)), verbose=0)

    class Sampling(layers.Layer):
        def call(self, inputs):
            batch = tf.shape(inputs)[0]
            return inputs + tf.random.normal(shape=(batch, 4))

    noisy = fastnn.Sequential([layers.Input((4,)), Sampling()])
    assert noisy.predict(np.zeros((64, 4)), verbose=0).std() > 0.5


def test_text_standardization_of_the_tutorials():
    def standardize(texts):
        return tf.strings.regex_replace(tf.strings.lower(texts), "<br />", " ")

    vectorize = layers.TextVectorization(standardize=standardize, output_mode="int", output_sequence_length=4)
    vectorize.adapt(tf.data.Dataset.from_tensor_slices(["A<br />cat", "a hat"]).batch(1))
    assert vectorize.get_vocabulary()[:3] == ["", "[UNK]", "a"]
    assert vectorize(tf.constant(["a dog"])).shape == (1, 4)


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match="has no further argument 'axes'; it takes input_tensor, axis, keepdims"):
        tf.reduce_mean(X, axes=1)
    with pytest.raises(TypeError, match="takes 2 arguments"):
        tf.add(1, 2, 3)
    with pytest.raises(ValueError, match="there is the processor only"), tf.device("/GPU:0"):
        pass
    with pytest.raises(ValueError, match="no ragged arrays here"):
        tf.strings.split(["a b", "c"])
    with pytest.raises(TypeError, match=r"tf\.strings\.to_number"):
        tf.cast(["1"], tf.float32)
    with pytest.raises(ValueError, match="expects numbers, got 'x'"):
        tf.strings.to_number("x")


SCRIPTS = {
    "images": """
        import os, pathlib
        import numpy as np
        import tensorflow as tf
        from tensorflow import keras
        from tensorflow.keras import layers
        AUTOTUNE = tf.data.AUTOTUNE
        tf.random.set_seed(1)
        for name in ("cats", "dogs"):
            os.makedirs(f"pets/{name}")
            for i in range(6):
                keras.utils.save_img(f"pets/{name}/{i}.png", np.random.random((12, 10, 3)))
        class_names = np.array(sorted(item.name for item in pathlib.Path("pets").glob("*")))
        files = tf.data.Dataset.list_files(str(pathlib.Path("pets") / "*/*"), shuffle=False)
        files = files.shuffle(tf.data.experimental.cardinality(files).numpy(), reshuffle_each_iteration=False)
        val_size = int(tf.data.experimental.cardinality(files).numpy() * 0.25)
        train, val = files.skip(val_size), files.take(val_size)
        def get_label(path):
            parts = tf.strings.split(path, os.path.sep)
            return tf.argmax(parts[-2] == class_names)
        def decode(path):
            image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
            return tf.image.resize(image, [8, 8])
        def process(path):
            return decode(path), get_label(path)
        @tf.function
        def augment(image, label):
            image = tf.image.random_flip_left_right(tf.cast(image, tf.float32) / 255.0)
            return tf.image.random_brightness(image, max_delta=0.1), label
        train = train.map(process, num_parallel_calls=AUTOTUNE).cache().map(augment, num_parallel_calls=AUTOTUNE)
        train = train.shuffle(buffer_size=100).batch(4).prefetch(buffer_size=AUTOTUNE)
        for image, label in train.take(1):
            print("shape", image.numpy().shape, label.numpy().dtype)
        model = keras.Sequential([layers.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        for x, y in train:
            model.train_on_batch(x, y)
        print(len(train), train.element_spec[0].shape, int(val.cardinality()))
    """,
    "series": """
        import numpy as np
        import tensorflow as tf
        series = np.sin(np.arange(60, dtype="float32") / 5)
        def windowed(series, size, batch, buffer):
            dataset = tf.data.Dataset.from_tensor_slices(tf.expand_dims(series, axis=-1))
            dataset = dataset.window(size + 1, shift=1, drop_remainder=True)
            dataset = dataset.flat_map(lambda window: window.batch(size + 1))
            dataset = dataset.shuffle(buffer).map(lambda window: (window[:-1], window[-1]))
            return dataset.batch(batch).prefetch(1)
        data = windowed(series, 10, 16, 30)
        model = tf.keras.models.Sequential([tf.keras.layers.Input((10, 1)), tf.keras.layers.LSTM(4), tf.keras.layers.Dense(1)])
        model.compile(loss="mse", optimizer=tf.keras.optimizers.legacy.Adam(learning_rate=1e-2))
        for x, y in data:
            model.train_on_batch(x, y)
        print("shape", x.shape, y.shape)
    """,
    "generator": """
        import numpy as np
        from tensorflow.keras.preprocessing.image import ImageDataGenerator, img_to_array
        from tensorflow.keras.utils import to_categorical
        from tensorflow.keras import models, layers
        x, y = np.random.rand(20, 8, 8, 1), to_categorical(np.arange(20) % 2)
        datagen = ImageDataGenerator(rotation_range=10, zoom_range=0.1, width_shift_range=0.1, horizontal_flip=True)
        datagen.fit(x)
        flow = datagen.flow(x, y, batch_size=8, seed=1)
        model = models.Sequential([layers.Flatten(input_shape=(8, 8, 1)), layers.Dense(2, activation="softmax")])
        model.compile(loss="categorical_crossentropy", optimizer="adam")
        for step in range(len(flow)):
            model.train_on_batch(*next(flow))
        print("shape", flow[0][0].shape, len(flow))
    """,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_as_users_write_them(tmp_path, name):
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPTS[name]))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "fastnn.as_keras", "script.py"],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=tmp_path,
    )
    said = {
        "images": "shape (4, 8, 8, 3) int64\n3 (None, 8, 8, 3) 3\n",
        "series": "shape (2, 10, 1) (2, 1)\n",
        "generator": "shape (8, 8, 8, 1) 3\n",
    }
    assert (done.stdout, done.stderr) == (said[name], "")


def test_variables_take_the_arguments_of_tensorflow():
    first = tf.random_normal_initializer(stddev=0.1)
    weight = tf.Variable(initial_value=first(shape=(3, 2), dtype="float32"), trainable=True, name="w")
    assert weight.shape == (3, 2) and weight.trainable and weight.name == "w"
    assert not tf.Variable(0.0, False).trainable
    assert isinstance(layers.Dense(1).add_weight(shape=(1,)), tf.Variable)
    counter = tf.Variable(lambda: 3)
    counter.assign_add(1)
    assert int(counter) == 4 and not isinstance(np.ones(1), tf.Variable)
    with pytest.raises(ValueError, match="expects a first value"):
        tf.Variable()


def test_names_that_lead_elsewhere():
    assert tf.dtypes.float32 == np.float32 and tf.nest.flatten({"a": [1, 2]}) == [1, 2]
    assert tf.optimizers.Adam is fastnn.optimizers.Adam and tf.initializers.Zeros is fastnn.initializers.Zeros
    assert keras_backend.OF_LOSSES["Reduction"].NONE == "none"
    loss = fastnn.losses.MeanSquaredError()(np.ones((2, 1)), np.zeros((2, 1)))
    assert loss == 1.0 and loss.numpy().dtype == np.float32 and loss.shape == ()


def test_further_functions_of_tensors():
    image = layers.Input((4, 4, 4))
    assert tf.nn.depth_to_space(image, 2).shape == (None, 8, 8, 1)
    assert tf.nn.moments(image, [1, 2])[0].shape == (None, 4)
    square = layers.Input((3, 3))
    model = fastnn.Model(square, tf.linalg.set_diag(square, tf.zeros((1, 3))))
    assert model(np.ones((2, 3, 3)))[1].tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    with pytest.raises(TypeError, match="needs maxlen"):
        tf.sequence_mask(tf.cast(layers.Input((3,)), "int32"))
