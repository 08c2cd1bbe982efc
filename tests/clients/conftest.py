"""Settings of the tests with other packages: fastnn is `keras` here, and each test has a folder of its own."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

import fastnn
import keras

assert keras.layers is fastnn.layers, "run by .ci/clients; see README.md"
matplotlib.use("Agg")


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, a number that follows from them, and a class that does."""
    x = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")
    return x, 2 * x[:, :1] - x[:, 1:2], (x[:, 0] > 0).astype("int32")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch) -> None:
    """Runs each test in a folder of its own, where packages write what they like."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def search():
    """An estimator of scikit-learn and the parameters to search; every fit begins with the same random numbers."""
    # Within the function, so that workers are sent the code and do not look for a module of this name.
    from keras import wrappers

    def regressor(X, y, units=4):
        import keras

        model = keras.Sequential([keras.Input(X.shape[1:]), keras.layers.Dense(units, "relu"), keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(0.01), "mse")
        return model

    class Seeded(wrappers.SKLearnRegressor):
        def fit(self, X, y, **kwargs):
            import keras

            keras.utils.set_random_seed(1)
            return super().fit(X, y, **kwargs)

    return Seeded(regressor, fit_kwargs={"epochs": 2, "verbose": 0}), {"model_kwargs": [{"units": 2}, {"units": 8}]}
