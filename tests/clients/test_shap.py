"""shap: explainers that ask a model for predictions alone."""

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
