r"""
Batch normalization
===================

Data are brought to one scale before training: :math:`z = (x - mean) / std`. Batch normalization does it between the
layers, with the mean and the deviation of each batch, and then learns the scale that suits:

.. math::

   z = \frac{x - mean}{std}, \qquad output = z \cdot g + b

``g`` (gamma) and ``b`` (beta) are trained. No single weight can grow so large that it upsets all layers after it.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import BatchNormalization, Dense, Flatten, Input
from fastnn.models import Sequential

# %%
# On one batch: whatever mean and deviation come in, 0 and 1 go out.

x = np.random.default_rng(0).normal(loc=[50, -3, 0.2], scale=[10, 1, 0.05], size=(200, 3)).astype(np.float32)
layer = BatchNormalization(momentum=0.0)
z = np.asarray(layer(x, training=True))
figure, places = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for axes, values, title in zip(places, (x, z), ("before", "after"), strict=True):
    axes.hist(values, bins=40, histtype="stepfilled", alpha=0.6, label=["feature 0", "feature 1", "feature 2"])
    axes.set_title(title)
    axes.legend(fontsize=8)
plt.show()
assert np.allclose(z.mean(axis=0), 0, atol=1e-3) and np.allclose(z.std(axis=0), 1, atol=0.2)

# %%
# The layer also keeps moving averages of the means and variances. ``predict`` uses these, so that the result for a
# sample does not depend on its neighbors.

model = Sequential([Input((3,)), layer])
model.compile("sgd", loss="mse")
model.train_on_batch(x, x)
print("moving mean    ", layer.moving_mean.numpy(), "of the batch", x.mean(axis=0))
print("moving variance", layer.moving_variance.numpy(), "of the batch", x.var(axis=0))
assert np.allclose(layer.moving_mean.numpy(), x.mean(axis=0), rtol=1e-4)
assert len(layer.trainable_weights) == len(layer.non_trainable_weights) == 2

# %%
# In a deep network
# -----------------
#
# Four layers of sigmoids, whose inputs are badly scaled on purpose:

(x, y), (x_test, y_test) = datasets.digits.load_data()
figure, places = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
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
    logs = model.fit(x, y, batch_size=32, epochs=10, validation_data=(x_test, y_test), verbose=0).history
    results[normalized] = logs["val_accuracy"][-1]
    label = "with batch normalization" if normalized else "without"
    places[0].plot(range(1, 11), logs["loss"], label=label)
    places[1].plot(range(1, 11), logs["val_accuracy"], label=label)
    print(f"{label}: test accuracy {results[normalized]:.3f}")
places[0].set(xlabel="epoch", ylabel="training loss")
places[1].set(xlabel="epoch", ylabel="test accuracy")
places[0].legend()
plt.show()
assert results[True] > results[False]

# %%
# A mistake to know
# -----------------
#
# ``axis`` is the axis of the features. For rows of features that is 1, and the last one, -1, is the default. With
# ``input_shape=(1, 5)`` a sample has two axes, features are on axis 2, and ``axis=1`` normalizes the wrong one; the
# shapes of the weights tell:

for shape in ((5,), (1, 5)):
    model = Sequential(
        [
            Dense(units=16, input_shape=shape, activation="relu"),
            Dense(units=32, activation="relu"),
            BatchNormalization(axis=1),
            Dense(units=2, activation="softmax"),
        ]
    )
    print(f"input_shape={shape}: gamma has the shape {model.layers[2].gamma.shape}")

# %%
# An axis that does not exist is refused:

try:
    Sequential([Input((5,)), BatchNormalization(axis=3)])
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Compute the output of the layer by hand, for training and for prediction.
# 2. Begin with ``gamma`` at 2 and ``beta`` at 1. What are mean and deviation of the output?
#
# Solution of 1
# -------------

rows = np.random.default_rng(1).normal(3, 2, size=(64, 2)).astype("float32")
layer = BatchNormalization(momentum=0.9, epsilon=1e-3)
in_training = np.asarray(layer(rows, training=True))
assert np.allclose(in_training, (rows - rows.mean(0)) / np.sqrt(rows.var(0) + 1e-3), atol=1e-4)
layer.moving_mean.assign(np.array([1.0, 2.0]))
layer.moving_variance.assign(np.array([4.0, 9.0]))
in_prediction = np.asarray(layer(rows, training=False))
assert np.allclose(in_prediction, (rows - [1, 2]) / np.sqrt(np.array([4, 9]) + 1e-3), atol=1e-4)
print("As computed by hand.")

# %%
# Solution of 2
# -------------

layer = BatchNormalization(
    gamma_initializer=fastnn.initializers.Constant(2.0), beta_initializer=fastnn.initializers.Constant(1.0)
)
output = np.asarray(layer(rows, training=True))
print("mean", output.mean(0).round(3), "deviation", output.std(0).round(3))
assert np.allclose(output.mean(0), 1, atol=1e-3) and np.allclose(output.std(0), 2, atol=1e-2)
