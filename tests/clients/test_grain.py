"""Grain: data sets and loaders in fit, evaluate and predict, by their iteration protocol."""

from __future__ import annotations

from typing import Any

import grain
import numpy as np
import pytest
from absl import flags

import keras

X = np.random.default_rng(0).normal(size=(70, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int32")


class Rows:
    """Rows by their number, as Grain reads a source."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, row: int) -> tuple[Any, Any]:
        return X[row], Y[row]


def made() -> keras.Model:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2)]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def batches() -> Any:
    return grain.MapDataset.source(Rows()).batch(16)


def test_a_data_set_trains_as_its_arrays() -> None:
    arrays, rows = made(), made()
    arrays.fit(X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    rows.fit(batches().to_iter_dataset(), epochs=3, verbose=0)
    for one, other in zip(arrays.get_weights(), rows.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert rows.evaluate(batches().to_iter_dataset(), verbose=0) == arrays.evaluate(X, Y, batch_size=16, verbose=0)
    np.testing.assert_array_equal(
        rows.predict(batches().to_iter_dataset(), verbose=0), arrays.predict(X, batch_size=16, verbose=0)
    )


def test_a_map_of_batches_trains_and_validates() -> None:
    model = made()
    history = model.fit(
        batches().shuffle(seed=3), epochs=2, validation_data=batches().to_iter_dataset(), verbose=0
    ).history
    assert len(history["val_loss"]) == 2 and history["loss"][1] < history["loss"][0]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader(workers: int) -> None:
    flags.FLAGS.mark_as_parsed()  # Grain's workers ask for it, where a program does not begin by absl's app.run
    model = made()
    sampler = grain.samplers.IndexSampler(len(X), shuffle=True, num_epochs=1, seed=5)
    loader = grain.DataLoader(
        data_source=Rows(), sampler=sampler, operations=[grain.transforms.Batch(16)], worker_count=workers
    )
    history = model.fit(loader, epochs=2, verbose=0).history
    assert len(history["loss"]) == 2 and np.isfinite(history["loss"]).all()
