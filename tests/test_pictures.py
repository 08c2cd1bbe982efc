"""Pictures: what is drawn, read back from the figures and the pixels."""

from __future__ import annotations

import io
import pickle
import re

import matplotlib
import numpy as np
import pytest

import fastnn
from fastnn import Input, Model, Sequential, layers, utils, visualization

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from PIL import Image


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def network():
    x = Input((8, 8, 1), name="image")
    h = layers.Conv2D(5, 3, activation="relu", name="conv")(x)
    h = layers.GlobalAveragePooling2D(name="pool")(h)
    model = Model(x, layers.Dense(1, name="last")(layers.Dense(4, "tanh", name="hidden")(h)))
    model.compile("sgd", "mse", metrics=["mae"])
    return model


X = np.random.default_rng(0).normal(size=(6, 8, 8, 1)).astype("float32")
Y = np.ones((6, 1))


def ink(path):
    """The number of colors of a file."""
    with Image.open(path) as picture:
        return len(picture.convert("RGB").getcolors(1 << 24))


def test_history(network, tmp_path):
    history = network.fit(X, Y, epochs=4, validation_data=(X, Y), validation_freq=2, verbose=0)
    figure = history.plot(path=tmp_path / "h.png")
    loss, mae = figure.axes
    training, validation = loss.lines
    np.testing.assert_array_equal(training.get_xydata(), np.c_[[1, 2, 3, 4], history.history["loss"]])
    np.testing.assert_array_equal(validation.get_xydata(), np.c_[[2, 4], history.history["val_loss"]])
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training", "validation"]
    assert (loss.get_ylabel(), mae.get_ylabel(), mae.get_xlabel()) == ("loss", "mae", "epoch")
    assert ink(tmp_path / "h.png") > 20
    (alone,) = history.plot(["mae"], log=True).axes
    assert alone.get_yscale() == "log"
    assert history._repr_svg_().lstrip().startswith(("<?xml", "<svg"))
    with pytest.raises(ValueError, match="'auc' is not among the logs; known: loss, mae"):
        history.plot(["auc"])


def test_a_notebook_shows_a_figure_without_pyplot(network):
    figure = network.fit(X, Y, epochs=2, verbose=0).plot()
    for one in (figure, pickle.loads(pickle.dumps(figure))):
        png, size = one._repr_png_()
        with Image.open(io.BytesIO(png)) as picture:
            assert picture.size == (2 * size["width"], 2 * size["height"])
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 20


def test_confusion_matrix():
    true, guess = [0, 1, 1, 2, 2, 2], np.eye(3)[[0, 1, 2, 2, 2, 0]]
    figure = utils.plot_confusion_matrix(true, guess, ["cat", "dog", "owl"], normalize=True, title="pets")
    axes = figure.axes[0]
    texts = np.array([float(text.get_text()) for text in axes.texts]).reshape(3, 3)
    np.testing.assert_allclose(texts, [[1, 0, 0], [0, 0.5, 0.5], [0.33, 0, 0.67]])
    np.testing.assert_allclose(axes.images[0].get_array(), [[1, 0, 0], [0, 0.5, 0.5], [1 / 3, 0, 2 / 3]])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["cat", "dog", "owl"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("predicted", "true", "pets")


def test_weights(network):
    figure = visualization.plot_weights(network, bins=7)
    titles = [axes.get_title().split("\n")[0] for axes in figure.axes]
    assert titles == [weight.path for weight in network.weights]
    for axes, weight in zip(figure.axes, network.weights, strict=True):
        assert sum(bar.get_height() for bar in axes.patches) == weight.numpy().size and len(axes.patches) == 7


def test_gradients(network):
    gradients = network.gradients(X, Y)
    axes = visualization.plot_gradients(network, X, Y).axes[0]
    means = [bar.get_width() for bar in axes.patches]
    np.testing.assert_allclose(means, [np.abs(one).mean() for one in gradients.values()], rtol=1e-6)
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [np.abs(one).max() for one in gradients.values()], rtol=1e-6)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(gradients)
    low, high = np.log10(axes.get_xlim())
    assert low == pytest.approx(round(low)) and high == pytest.approx(round(high)) and low < np.log10(min(means)) < high
    assert axes.yaxis_inverted()  # the first layer stands on top


def test_feature_maps(network):
    figure = visualization.plot_feature_maps(network, X[0], most=4)
    expected = Model(network.inputs, network.get_layer("conv").output).predict(X[:1], verbose=0)[0]
    assert len(figure.axes) == 4
    for i, axes in enumerate(figure.axes):
        np.testing.assert_array_equal(axes.images[0].get_array(), expected[..., i])
    assert "conv: 4 of 5 channels, 6 x 6" in figure.get_suptitle()
    with pytest.raises(ValueError, match="'hidden'"):
        visualization.plot_feature_maps(network, X[0], "hidden")


def test_image_gallery(tmp_path):
    images = np.stack([np.full((4, 4, 3), value, "uint8") for value in (0, 100, 200)])
    figure = visualization.plot_image_gallery(
        images, [0, 1, 1], [0, 1, 0], {0: "cat", 1: "dog"}, rows=2, cols=2, path=tmp_path / "g.png"
    )
    shown = [float(axes.images[0].get_array().mean()) for axes in figure.axes if axes.images]
    np.testing.assert_allclose(shown, [0, 100 / 255, 200 / 255], rtol=1e-6)
    said = [axes.get_title() for axes in figure.axes]
    assert all(word in said[2] for word in ("Label: dog", "Pred: cat")) and said[3] == ""
    assert ink(tmp_path / "g.png") > 3


def test_boxes():
    images = np.zeros((1, 20, 30, 3), "uint8")
    boxes = {"boxes": np.array([[[5.0, 4.0, 15.0, 12.0], [0.0, 0.0, 9.0, 9.0]]]), "labels": np.array([[1, -1]])}
    drawn = visualization.draw_bounding_boxes(images, boxes, "xyxy", color=(255, 0, 0), line_thickness=1)[0]
    rows, columns = np.nonzero(drawn[..., 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 12, 5, 15)
    assert drawn[8, 10].tolist() == [0, 0, 0]  # lines alone
    same = {**boxes, "boxes": np.array([[[4 / 20, 5 / 30, 12 / 20, 15 / 30], [0, 0, 1, 1]]])}
    again = visualization.draw_bounding_boxes(images, same, "rel_yxyx", color=(255, 0, 0), line_thickness=1)[0]
    np.testing.assert_array_equal(again, drawn)
    figure = visualization.plot_bounding_box_gallery(images, "xyxy", boxes, boxes, legend=True, show=False)
    assert len(figure.axes) >= 1 and np.ptp(figure.axes[0].images[0].get_array()) > 0


def test_segmentation_masks():
    images = np.full((1, 4, 4, 3), 100, "uint8")
    masks = np.array([[[0, 0, 1, 1]] * 2 + [[2, 2, -1, -1]] * 2])
    colors = {0: (255, 0, 0), 1: (0, 255, 0), 2: (0, 0, 255)}
    drawn = visualization.draw_segmentation_masks(images, masks, 3, colors, alpha=0.5)[0].astype(int)
    mixed = [[177, 50, 50], [50, 177, 50], [50, 50, 177], [100, 100, 100]]
    np.testing.assert_allclose([drawn[0, 0], drawn[0, 3], drawn[3, 0], drawn[3, 3]], mixed, atol=1)
    figure = visualization.plot_segmentation_mask_gallery(images, 3, y_true=masks, y_pred=masks, show=False)
    image, true, guess = (axes.images[0].get_array() for axes in figure.axes)
    np.testing.assert_allclose(image, 100 / 255, rtol=1e-6)
    np.testing.assert_array_equal(true, guess)
    assert len(np.unique(np.asarray(true).reshape(-1, 3), axis=0)) == 4  # a color for each class, and the image


def test_a_model(network, tmp_path):
    utils.plot_model(network, tmp_path / "m.png", show_shapes=True, show_layer_activations=True)
    utils.plot_model(network, tmp_path / "m.svg", show_shapes=True)
    assert ink(tmp_path / "m.png") > 3
    text = (tmp_path / "m.svg").read_text()
    dot = utils.model_to_dot(network, show_shapes=True).to_string()
    for layer in network.layers:
        assert layer.name in dot
    assert len(re.findall("->", dot)) == len(network.layers) - 1
    assert text.lstrip().startswith(("<?xml", "<svg")) and network._repr_svg_()


def test_a_chain_draws_itself():
    model = Sequential([Input((2,)), layers.Dense(3, name="first"), layers.Dense(1, name="second")])
    drawn = model._repr_svg_()
    assert "first" in drawn and "second" in drawn and fastnn.utils.model_to_dot(model).to_string().count("->") >= 1
