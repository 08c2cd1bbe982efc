"""scikeras: estimators, a grid search in processes, and copies."""

from __future__ import annotations

import pickle
import sys

import cloudpickle
import numpy as np
from scikeras.wrappers import KerasClassifier, KerasRegressor
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import keras


def build(hidden=8, meta=None):
    inputs = keras.Input((meta["n_features_in_"],))
    return keras.Sequential([inputs, keras.layers.Dense(hidden, "relu"), keras.layers.Dense(1, "sigmoid")])


def classifier():
    return KerasClassifier(
        build, loss="binary_crossentropy", optimizer="adam", optimizer__learning_rate=0.05, metrics=["accuracy"],
        hidden=8, epochs=8, verbose=0, random_state=1,
    )  # fmt: skip


def test_a_classifier_and_its_copies(rows):
    x, _, label = rows
    one = classifier().fit(x, label)
    assert one.score(x, label) > 0.95
    assert one.predict_proba(x[:3]).shape == (3, 2)
    assert set(one.history_) == {"accuracy", "loss"}
    again = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(again.predict_proba(x), one.predict_proba(x))
    again.partial_fit(x, label)
    assert again.current_epoch == 9
    clone(one).fit(x, label, sample_weight=np.ones(len(x)))


def test_a_grid_search_in_processes(rows):
    x, _, label = rows
    pipeline = make_pipeline(StandardScaler(), classifier())
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the processes do not see this file
    grid = GridSearchCV(pipeline, {"kerasclassifier__hidden": [4, 8]}, cv=2, n_jobs=2)
    assert grid.fit(x, label).best_score_ > 0.9


def test_a_regressor(rows):
    x, y, _ = rows

    def linear():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    one = KerasRegressor(
        linear, loss="mse", optimizer=keras.optimizers.Adam, optimizer__learning_rate=0.1, epochs=30, verbose=0
    )
    assert one.fit(x, y[:, 0]).score(x, y[:, 0]) > 0.95


def test_text_labels_and_a_callback_by_class(rows):
    x, _, label = rows

    def softmax():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])

    names = np.array(["a", "b", "c"])[label + (x[:, 1] > 1)]
    one = KerasClassifier(
        softmax, loss="sparse_categorical_crossentropy", callbacks=keras.callbacks.EarlyStopping,
        callbacks__monitor="loss", callbacks__patience=1, epochs=3, verbose=0,
    )  # fmt: skip
    assert set(one.fit(x, names).predict(x)) <= {"a", "b", "c"}
