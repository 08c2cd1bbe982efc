"""ray: models that its workers train, and a search by ray.tune."""

from __future__ import annotations

import pytest
import ray
from ray import tune

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
