"""Winograd's minimal filtering against float64 and against the direct form.

It rounds differently, but an output whose patch is zero is the bias, and inputs and taps that no gradient reaches get
zero, as from a direct sum. So relu passes the gradients of the same outputs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import fastnn
from fastnn import _core, config, layers, utils
from fastnn.datasets import digits
from fastnn.layers import Conv2D

OTHER_BUILDS = [isa for isa in _core.built_instruction_sets() if isa != _core.build_info()["isa"]]


class Convolution:
    """A graph of one Conv2D, by Winograd's filtering or by direct sums."""

    def __init__(self, shape, kernel, bias=None, padding="same", winograd=True):
        config.set_winograd(winograd)
        try:
            layer = Conv2D(kernel.shape[3], kernel.shape[:2], padding=padding, use_bias=bias is not None)
            layer.build((None, *shape))
            layer.set_weights([kernel] if bias is None else [kernel, bias])
            self.graph = _core.Graph()
            self.edge = self.graph.input((None, *shape))
            weights = [weight.handle for weight in layer.weights]
            self.made = self.graph.add("Conv2D", layer.name, layer.__fastnn_core_node__()[1], [self.edge], weights)
        finally:
            config.set_winograd(True)

    def run(self, x, cotangent):
        """Returns y, dx, dw, and db if there is a bias."""
        (y,), (dx,), gradients = _core.vjp(self.graph, self.made, [x], [cotangent], True)
        return y, dx, *(gradient for _, gradient in gradients)


def both(kernel, bias, padding, x, cotangent):
    """The results by Winograd's filtering and by direct sums."""
    winograd, direct = (Convolution(x.shape[1:], kernel, bias, padding, use).run(x, cotangent) for use in (True, False))
    return winograd, direct


def borders(size, padding):
    """Zeros before and after an image along one direction."""
    return ((size - 1) // 2, size // 2) if padding == "same" else (0, 0)


def under(filled, kernel, padding):
    """For each output whether a pixel of `filled` (batch, height, width) lies under it."""
    sides = [(0, 0), *(borders(k, padding) for k in kernel)]
    return np.lib.stride_tricks.sliding_window_view(np.pad(filled, sides), kernel, axis=(1, 2)).any(axis=(3, 4))


def above(filled, kernel, padding):
    """For each input whether it lies under an output of `filled`."""
    sides = [
        (0, 0),
        *((k - 1 - a, k - 1 - b) for k, (a, b) in zip(kernel, (borders(k, padding) for k in kernel), strict=True)),
    ]
    return np.lib.stride_tricks.sliding_window_view(np.pad(filled, sides), kernel, axis=(1, 2)).any(axis=(3, 4))


def sparse(rng, height, width, channels):
    """Nine images: from empty to full, with zeros of either sign."""
    masks = np.zeros((9, height, width), bool)
    masks[1, height // 2, width // 3] = True  # one pixel
    masks[2, 0, 0] = masks[2, -1, -1] = True  # corners
    masks[3, height // 2 :] = True  # black above
    masks[4, :, : width // 2] = True  # black on the right
    masks[5, 1:6, 3:7] = True
    masks[6] = rng.random((height, width)) < 0.05
    masks[7] = rng.random((height, width)) < 0.2
    masks[8] = True
    x = rng.standard_normal((9, height, width, channels)) * masks[..., None]
    x[1, ..., :-1] = 0  # in the last channel alone
    return x.astype(np.float32)


@pytest.mark.parametrize(
    ("rows", "size", "channels", "filters", "k"),
    [
        (2, 32, 64, 64, 3),
        (2, 8, 256, 256, 3),
        (2, 13, 32, 64, 3),
        (2, 15, 32, 40, 2),
        (2, 10, 32, 64, 5),
        (2, 20, 64, 128, 7),
        (3, 13, 33, 40, 3),
        (2, 11, 130, 144, 3),
        (2, 9, 17, 72, 5),
        (2, 14, 40, 17, 6),
        (70, 16, 16, 48, 3),  # more chunks than are summed at once
        (1, 140, 16, 17, 3),  # images too large for a chunk
        (2, 34, 200, 300, 3),  # a kernel larger than caches
    ],
)
def test_winograd_is_close_and_can_be_switched_off(rows, size, channels, filters, k):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((rows, size, size, channels)).astype(np.float32)
    cotangent = rng.standard_normal((rows, size, size, filters)).astype(np.float32)
    kernel = rng.standard_normal((k, k, channels, filters)).astype(np.float32)
    side = ((k - 1) // 2, k // 2)
    border = np.pad(x.astype(np.float64), ((0, 0), side, side, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(border, (k, k), axis=(1, 2))
    exact = np.tensordot(windows, kernel.astype(np.float64), axes=((4, 5, 3), (0, 1, 2)))
    exact_db = cotangent.sum(axis=(0, 1, 2), dtype=np.float64)
    exact_dw = np.tensordot(windows, cotangent.astype(np.float64), axes=((0, 1, 2), (0, 1, 2))).transpose(1, 2, 0, 3)

    outputs = []
    for use in (True, False):
        layer = Convolution(x.shape[1:], kernel, np.zeros(filters, np.float32), winograd=use)
        y, dx, dw, db = layer.run(x, cotangent)
        assert np.abs(y - exact).max() < 2e-5 * np.abs(exact).max()
        assert np.abs(dw - exact_dw).max() < 2e-5 * np.abs(exact_dw).max()
        assert np.abs(db - exact_db).max() < 2e-5 * np.abs(exact_db).max()
        outputs.append((y, dx))
    assert (outputs[0][0] != outputs[1][0]).any(), "both took the same path"
    assert np.abs(outputs[0][1] - outputs[1][1]).max() < 2e-5 * np.abs(outputs[1][1]).max()


KERNELS = [(2, 2), (3, 3), (5, 5), (4, 3), (6, 6), (7, 7), (3, 6), (7, 6)]
CHANNELS = [(16, 16), (17, 40), (64, 33)]


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize(("channels", "filters"), CHANNELS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_what_meets_nothing_but_zeros_is_exactly_zero(kernel, channels, filters, use_bias, padding):
    rng = np.random.default_rng(5)
    height, width = (25, 19) if max(kernel) > 5 else (13, 15)
    if padding == "valid":
        height, width = height + kernel[0] - 1, width + kernel[1] - 1
    x = sparse(rng, height, width, channels)
    weights = rng.standard_normal((*kernel, channels, filters)).astype(np.float32)
    bias = rng.standard_normal(filters).astype(np.float32) if use_bias else None
    out = (height, width) if padding == "same" else (height - kernel[0] + 1, width - kernel[1] + 1)
    cotangent = sparse(rng, *out, filters)[[8, 3, 1, 7, 2, 5, 6, 4, 0]]
    winograd, direct = both(weights, bias, padding, x, cotangent)
    assert (winograd[0] != direct[0]).any(), "both took the same path"
    for a, b in zip(winograd, direct, strict=True):
        assert np.abs(a - b).max() < 2e-5 * np.abs(b).max()

    y, dx = winograd[:2]
    reached = under((x != 0).any(axis=-1), kernel, padding)
    assert 0.2 < reached.mean() < 0.95
    assert (y[~reached] == (bias if use_bias else 0)).all()
    relevant = np.abs(direct[0]) > 1e-4
    assert ((y > 0) == (direct[0] > 0))[relevant | ~reached[..., None]].all()
    assert (dx[~above((cotangent != 0).any(axis=-1), kernel, padding)] == 0).all()
    assert (dx[-1] == 0).all()

    # Taps: one pixel meets one gradient.
    one_x, one_dy = np.zeros_like(x[:2]), np.zeros_like(cotangent[:2])
    one_x[1, 7, 7], one_dy[1, 6, 6] = 1, 1
    (_, _, dw, *_), (_, _, expected, *_) = both(weights, bias, padding, one_x, one_dy)
    assert 0 < (expected != 0).sum() <= channels * filters
    assert (dw[expected == 0] == 0).all()
    np.testing.assert_allclose(dw, expected, atol=2e-5)


def test_taps_that_never_lie_on_the_image_have_no_gradient():
    rng = np.random.default_rng(2)
    x, dy = (rng.standard_normal((3, 4, 4, 16)).astype(np.float32) for _ in range(2))
    weights = rng.standard_normal((9, 9, 16, 16)).astype(np.float32)
    (y, _, dw), (direct, _, expected) = both(weights, None, "same", x, dy)
    assert (y != direct).any(), "both took the same path"
    assert (expected == 0).any()
    np.testing.assert_array_equal(dw == 0, expected == 0)


@pytest.mark.parametrize("kernel", [2, 3, 5, 6])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_not_hidden(kernel, value):
    rng = np.random.default_rng(3)
    weights = rng.standard_normal((kernel, kernel, 16, 32)).astype(np.float32)
    bias = np.ones(32, np.float32)
    clean_x, clean_dy = np.zeros((2, 24, 24, 16), np.float32), np.zeros((2, 24, 24, 32), np.float32)
    x, dy = clean_x.copy(), clean_dy.copy()
    x[1, 9, 9, 5] = dy[1, 9, 9, 7] = value
    with np.errstate(invalid="ignore"):
        winograd, direct = both(weights, bias, "same", x, clean_dy)
        # Taps by which nothing meets are zero times what is not finite.
        for a, b in ((winograd[0], direct[0]), (winograd[2], direct[2])):
            assert (~np.isfinite(b)).any()
            assert (~np.isfinite(a))[~np.isfinite(b)].all()
        assert (winograd[0][0] == 1).all() and (winograd[0][1, 16:] == 1).all()
        winograd, direct = both(weights, bias, "same", clean_x + 1, dy)
        for a, b in zip(winograd[1:], direct[1:], strict=True):
            assert (~np.isfinite(b)).any()
            assert (~np.isfinite(a))[~np.isfinite(b)].all()
        weights[1, 1, 3, 4] = value
        winograd, direct = both(weights, bias, "same", clean_x, clean_dy)
        for a, b in zip(winograd[:2], direct[:2], strict=True):
            inner = ~np.isfinite(b[:, 4:-4, 4:-4])  # at the border the direct form multiplies padding by the tap
            assert inner.any()
            assert (~np.isfinite(a[:, 4:-4, 4:-4]))[inner].all()


@pytest.mark.parametrize(
    ("size", "filters", "kernel"),
    [
        *((8, filters, (k, k)) for filters in (33, 160) for k in (2, 3, 5, 7)),
        (8, 300, (3, 3)),
        (30, 160, (3, 3)),
        (26, 300, (3, 3)),
        (26, 160, (5, 5)),
    ],
)
def test_images_of_many_channels_have_the_same_bits_on_any_number_of_threads(size, filters, kernel):
    """Their filters are divided among the threads."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((3, size, size, 200)).astype(np.float32)
    dy = rng.standard_normal((3, size, size, filters)).astype(np.float32)
    layer = Convolution(x.shape[1:], rng.standard_normal((*kernel, 200, filters)).astype(np.float32))
    results = []
    for count in (1, 2, 3, 5, 9):
        config.set_num_threads(count)
        results.append([layer.run(x, dy)[0], *(layer.run(x[row : row + 1], dy[row : row + 1])[0] for row in range(3))])
    for whole, *alone in results:
        np.testing.assert_array_equal(whole, results[0][0])
        np.testing.assert_array_equal(np.concatenate(alone), whole)


@pytest.mark.parametrize("kernel", [(2, 2), (3, 3), (5, 5), (6, 6)])
def test_sparse_images_have_the_same_bits_alone_and_on_any_number_of_threads(kernel):
    rng = np.random.default_rng(4)
    x, dy = sparse(rng, 30, 30, 32), sparse(rng, 30, 30, 48)[::-1].copy()
    weights = rng.standard_normal((*kernel, 32, 48)).astype(np.float32)
    layer = Convolution(x.shape[1:], weights, np.zeros(48, np.float32))
    threads = config.num_threads()
    try:
        results = []
        for count in (1, 2, 3):
            config.set_num_threads(count)
            results.append(layer.run(x, dy))
    finally:
        config.set_num_threads(threads)
    for result in results[1:]:
        for a, b in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(a, b)
    for row in range(len(x)):
        y, dx = layer.run(x[row : row + 1], dy[row : row + 1])[:2]
        np.testing.assert_array_equal(y[0], results[0][0][row])
        np.testing.assert_array_equal(dx[0], results[0][1][row])


@pytest.mark.parametrize(("size", "kernel"), [(10, 2), (8, 3), (12, (3, 2)), (8, 5)])
def test_a_large_kernel_and_the_normalization_behind_it_are_read_as_they_are_now(size, kernel):
    """The forward pass keeps no copy of a kernel larger than caches, and scales its filters as it reads them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, size, size, 200)).astype(np.float32)
    values = []

    def outputs(model):
        for weights in values:
            model.set_weights(weights)
            yield from (model.predict(x, verbose=0), model.predict(x[1:2], verbose=0))
            yield model(x, training=True).numpy()

    found = []
    for use in (True, False):
        config.set_winograd(use)
        try:
            model = fastnn.Sequential(
                [layers.Input((size, size, 200)), Conv2D(301, kernel, padding="same"), layers.BatchNormalization()]
            )
            if not values:
                for _ in range(2):
                    values.append([rng.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
                    values[-1][0] = rng.normal(size=values[-1][0].shape) / 40
            found.append(list(outputs(model)))
        finally:
            config.set_winograd(True)
    for i, (by_tiles, by_sums) in enumerate(zip(*found, strict=True)):
        assert (by_tiles != by_sums).any(), "both took the same path"
        np.testing.assert_allclose(by_tiles, by_sums, atol=1e-4, err_msg=str(i))
    for together, alone in (found[0][0:2], found[0][3:5]):
        np.testing.assert_array_equal(together[1:2], alone)


def test_predictions_hold_no_copy_of_a_large_kernel():
    model = fastnn.Sequential([layers.Input((8, 8, 256)), Conv2D(512, 3, padding="same"), layers.BatchNormalization()])
    plan = model.__fastnn_training__.programs.predictor().plan(1)
    packed = [int(size) for size in re.findall(r"(\d+) +\S+ +\S+  packed by", plan)]
    assert sum(packed) == 2 * 4 * 512, "the factors and the bias of the normalization"


@pytest.mark.parametrize("black", [0, 12])
def test_a_convolutional_network_on_digits_has_the_gradients_of_the_direct_form(black):
    (x, y), _ = digits.load_data()
    x, y = x[:16], y[:16].astype(np.int64)
    images = np.zeros((len(x), 28, 28, 1), np.float32)
    images[:, 6:22, 6:22, 0] = np.kron(x, np.ones((2, 2))) / 16
    images[:, :black] = 0
    gradients = []
    for use in (True, False):
        config.set_winograd(use)
        try:
            utils.set_random_seed(1)
            model = fastnn.Sequential(
                [
                    layers.Input((28, 28, 1)),
                    Conv2D(32, 3, activation="relu"),
                    layers.MaxPooling2D(),
                    Conv2D(64, 3, activation="relu", padding="same"),
                    layers.MaxPooling2D(),
                    layers.Flatten(),
                    layers.Dense(10, activation="softmax"),
                ]
            )
            model.compile(loss="sparse_categorical_crossentropy")
            gradients.append(model.gradients(images, y))
        finally:
            config.set_winograd(True)
    winograd, direct = (list(found.values()) for found in gradients)
    assert any((a != b).any() for a, b in zip(winograd, direct, strict=True)), "both took the same path"
    for a, b in zip(winograd, direct, strict=True):
        assert np.abs(a - b).max() < 1e-5 * np.abs(b).max()


if OTHER_BUILDS:

    @pytest.mark.parametrize("isa", OTHER_BUILDS)
    def test_other_builds_too(isa):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "not other_builds", __file__],
            capture_output=True,
            text=True,
            env={**os.environ, "FASTNN_ISA": isa},
            timeout=600,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
