"""joblib: models that are made in processes, sent to processes, and kept in files."""

from __future__ import annotations

import joblib
import numpy as np

import keras


def test_models_go_to_and_fro(rows):
    x, y, _ = rows

    def train(units):
        import keras

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, y, epochs=2, verbose=0)
        return model

    def evaluate(model):
        return model.evaluate(x, y, verbose=0)

    models = joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(train)(units) for units in (2, 4))
    assert [model.count_params() for model in models] == [13, 25]
    told = joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(evaluate)(model) for model in models)
    assert told == [evaluate(model) for model in models]
    joblib.dump(models[0], "model.joblib")
    np.testing.assert_array_equal(joblib.load("model.joblib").predict(x, verbose=0), models[0].predict(x, verbose=0))


def test_a_layer_of_a_users_own(rows):
    x, _, _ = rows

    @keras.saving.register_keras_serializable("clients")
    class Twice(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    model = keras.Sequential([keras.Input((4,)), Twice(), keras.layers.Dense(1)])

    def predict(one):
        return one.predict(x, verbose=0)

    (there,) = joblib.Parallel(n_jobs=2, backend="loky")([joblib.delayed(predict)(model)])
    np.testing.assert_array_equal(there, predict(model))
