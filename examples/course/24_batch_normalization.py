"""Batch normalization: z = (x - mean) / std, times g, plus b, between the layers and learned with them."""

import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import BatchNormalization, Dense, Flatten, Input
from fastnn.models import Sequential

# By hand, on one batch.
x = np.random.default_rng(0).normal(loc=50, scale=10, size=(200, 3)).astype(np.float32)
layer = BatchNormalization(momentum=0.0)
model = Sequential([Input((3,)), layer])
model.compile("sgd", loss="mse")
model.train_on_batch(x, x)
print("moving mean    ", layer.moving_mean.numpy(), "of the batch", x.mean(axis=0))
print("moving variance", layer.moving_variance.numpy(), "of the batch", x.var(axis=0))
assert np.allclose(layer.moving_mean.numpy(), x.mean(axis=0), rtol=1e-4)
assert np.allclose(layer.moving_variance.numpy(), x.var(axis=0), rtol=1e-3)

# g and b are trained, the moving statistics are not: 2 of the 4 vectors.
assert len(layer.trainable_weights) == len(layer.non_trainable_weights) == 2

# A deep network whose first inputs are badly scaled, with and without.
(x, y), (x_test, y_test) = datasets.digits.load_data()
results = {}
for normalized in (False, True):
    fastnn.utils.set_random_seed(1)
    model = Sequential([Input((8, 8)), Flatten()])
    for _ in range(4):
        model.add(Dense(32, activation="sigmoid"))
        if normalized:
            model.add(BatchNormalization())
    model.add(Dense(10, activation="softmax"))
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=32, epochs=10, verbose=0)
    results[normalized] = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"{'with' if normalized else 'without':>7} batch normalization: test accuracy {results[normalized]:.3f}")
assert results[True] > results[False]
