"""shap: explainers that ask a model for predictions, and for gradients of its inputs."""

from __future__ import annotations

import numpy as np
import pytest
import shap

import keras


@pytest.fixture
def linear(rows):
    """A model whose contributions are known: 2 x0 - x1."""
    x, _, _ = rows
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.array([[2.0], [-1.0], [0.0], [0.0]], "float32")])
    return x, model


def test_kernel_explainer(linear):
    x, model = linear
    explainer = shap.KernelExplainer(lambda v: model.predict(v, verbose=0), x[:20])
    values = np.asarray(explainer.shap_values(x[:3], silent=True)).squeeze(-1)
    expected = (x[:3] - x[:20].mean(axis=0)) * np.array([2.0, -1.0, 0.0, 0.0])
    np.testing.assert_allclose(values, expected, atol=1e-5)


def test_explainers_that_it_chooses(linear):
    x, model = linear
    expected = (x[:2] - x[:20].mean(axis=0)) * np.array([2.0, -1.0, 0.0, 0.0])
    chosen = shap.Explainer(lambda v: model.predict(v, verbose=0)[:, 0], x[:20])
    np.testing.assert_allclose(chosen(x[:2]).values, expected, atol=1e-5)
    sampling = shap.SamplingExplainer(lambda v: model.predict(v, verbose=0)[:, 0], x[:20])
    np.testing.assert_allclose(sampling.shap_values(x[:2]), expected, atol=0.1)  # a sample of the orders


def weighted(model):
    """Returns a model with weights that do not depend on the library."""
    random = np.random.default_rng(1)
    model.set_weights([random.normal(size=weight.shape).astype("float32") for weight in model.get_weights()])
    return model


def test_gradient_explainer():
    """Values of shap with Keras 3.15.1 on TensorFlow, from the same samples."""
    x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
    layers = [keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.5)]
    model = weighted(keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(3, activation="softmax")]))
    explainer = shap.GradientExplainer(model, x[:20])
    values = explainer.shap_values(x[:2], nsamples=40, rseed=0)
    expected = [[-0.0889, -0.08705, 0.17595], [-0.01716, -0.0107, 0.02787], [-0.01909, 0.04768, -0.02859]]
    np.testing.assert_allclose(values[0, :3], expected, atol=1e-5)
    best, which = explainer.shap_values(x[:2], nsamples=40, rseed=0, ranked_outputs=2)
    assert which.tolist() == [[2, 1], [2, 1]]
    np.testing.assert_allclose(best[0, :, 0], values[0, :, 2])
    assert explainer(x[:2], nsamples=20).values.shape == (2, 4, 3)


def test_gradient_explainer_of_two_inputs():
    random = np.random.default_rng(0)
    data = [random.normal(size=(60, 4)).astype("float32"), random.normal(size=(60, 2)).astype("float32")]
    inputs = [keras.Input((4,)), keras.Input((2,))]
    hidden = keras.layers.Dense(5, activation="tanh")(keras.layers.Concatenate()(inputs))
    model = weighted(keras.Model(inputs, keras.layers.Dense(1)(hidden)))
    explainer = shap.GradientExplainer(model, [part[:20] for part in data])
    first, second = explainer.shap_values([part[:2] for part in data], nsamples=30, rseed=0)
    np.testing.assert_allclose(first[0, :, 0], [-0.05784, 0.07906, 0.31715, -0.02077], atol=1e-5)
    np.testing.assert_allclose(second.ravel(), [-1.59845, -0.04296, -1.02419, -0.2111], atol=1e-5)


def test_deep_explainer_says_what_it_lacks(linear):
    x, model = linear
    with pytest.raises(ModuleNotFoundError, match="private code of TensorFlow"):
        shap.DeepExplainer(model, x[:20])
