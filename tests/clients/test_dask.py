"""dask: models and searches that workers train, and predictions for arrays and frames in parts."""

from __future__ import annotations

import dask.array
import dask.dataframe
import joblib
import numpy as np
import pandas as pd
from dask.distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV


def test_a_cluster(rows):
    x, y, _ = rows

    def train(units):
        import keras

        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, y, epochs=2, verbose=0)
        return model

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        models = client.gather([client.submit(train, units) for units in (2, 4)])
        assert [model.count_params() for model in models] == [13, 25]
        model = models[0]
        expected = model.predict(x, verbose=0)
        parts = dask.array.from_array(x, chunks=(50, 4))
        predicted = parts.map_blocks(lambda part: model.predict(part, verbose=0), dtype="float32", chunks=(50, 1))
        np.testing.assert_array_equal(predicted.compute(), expected)
        frame = dask.dataframe.from_pandas(pd.DataFrame(x, columns=list("abcd")), npartitions=2)
        told = frame.map_partitions(
            lambda part: pd.Series(model.predict(part, verbose=0)[:, 0], index=part.index), meta=("p", "f4")
        )
        np.testing.assert_array_equal(told.compute().to_numpy(), expected[:, 0])
    # Without a cluster: arrays in parts are data as any others.
    np.testing.assert_array_equal(model.predict(parts, verbose=0), expected)
    model.fit(parts, dask.array.from_array(y, chunks=(50, 1)), epochs=1, verbose=0)


def test_a_search(rows, search):
    x, y, _ = rows
    grid = GridSearchCV(*search, cv=3)
    alone = grid.fit(x, y[:, 0]).cv_results_["mean_test_score"]
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster), joblib.parallel_backend("dask"):
        together = grid.fit(x, y[:, 0]).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(together, alone)
