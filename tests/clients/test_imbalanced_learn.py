"""imbalanced-learn: batches with as many of each class."""

from __future__ import annotations

import numpy as np
from imblearn.keras import BalancedBatchGenerator, balanced_batch_generator
from imblearn.under_sampling import NearMiss, RandomUnderSampler

import keras


def test_its_generators():
    rng = np.random.default_rng(0)
    x, label = rng.normal(size=(300, 4)).astype("float32"), (rng.random(300) < 0.2).astype(int)
    y = keras.utils.to_categorical(label)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    seen = []
    note = keras.callbacks.LambdaCallback(on_batch_end=lambda batch, logs: seen.append(batch))
    batches = BalancedBatchGenerator(x, y, sampler=RandomUnderSampler(), batch_size=10, random_state=42)
    assert isinstance(batches, keras.utils.Sequence)
    model.fit(batches, epochs=2, verbose=0, callbacks=[note])
    assert seen == 2 * list(range(len(batches))) and len(batches) == 2 * label.sum() // 10
    endless, steps = balanced_batch_generator(x, y, sampler=NearMiss(), batch_size=10, random_state=42)
    assert len(model.fit(endless, steps_per_epoch=steps, epochs=3, verbose=0).history["loss"]) == 3
    assert len(model.evaluate(BalancedBatchGenerator(x, y, batch_size=10), verbose=0)) == 2
