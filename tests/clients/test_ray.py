"""ray: models and searches that its workers train, and predictions for data in parts."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
import ray
from ray import tune
from ray.util.joblib import register_ray
from sklearn.model_selection import GridSearchCV

import keras


@pytest.fixture
def cluster(tmp_path):
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_workers_and_a_search(rows, cluster, tmp_path):
    x, y, _ = rows

    def train(units):
        import keras

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        return model, model.fit(x, y, epochs=2, verbose=0).history["loss"][-1]

    made = ray.get([ray.remote(train).remote(units) for units in (2, 4)])
    assert [model.count_params() for model, _ in made] == [13, 25]
    again = ray.get(ray.put(made[0][0]))
    assert isinstance(again, keras.Model)
    assert again.evaluate(x, y, verbose=0) == made[0][0].evaluate(x, y, verbose=0)

    def objective(config):
        return {"loss": train(config["units"])[1]}

    found = tune.Tuner(
        objective,
        param_space={"units": tune.grid_search([2, 4])},
        run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
    ).fit()
    assert len(found) == 2 and not found.errors
    best = found.get_best_result("loss", "min").metrics["loss"]
    assert best == min(one.metrics["loss"] for one in found)


def test_a_grid_search(rows, search, cluster):
    x, y, _ = rows
    grid = GridSearchCV(*search, cv=3)
    alone = grid.fit(x, y[:, 0]).cv_results_["mean_test_score"]
    register_ray()
    with joblib.parallel_backend("ray"):
        together = grid.fit(x, y[:, 0]).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(together, alone)


def test_predictions_of_data_in_parts(rows, cluster):
    x, y, _ = rows
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, y, verbose=0)

    def predict(batch):
        return {"row": batch["item"], "told": model.predict(batch["data"], verbose=0)[:, 0]}

    given = ray.data.from_items([{"item": i, "data": row} for i, row in enumerate(x)])
    told = sorted(given.map_batches(predict, batch_size=32).take_all(), key=lambda one: one["row"])
    np.testing.assert_array_equal([one["told"] for one in told], model.predict(x, verbose=0)[:, 0])
