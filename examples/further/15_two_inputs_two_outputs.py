"""
Two inputs, two outputs
=======================

Two inputs, two outputs, and one shared tower for both images: which digit is larger, and what is their sum?
"""

import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Concatenate, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from fastnn.models import Model, Sequential

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x[..., None] / 16, x_test[..., None] / 16
rng = np.random.default_rng(1)


def pairs(x, y, count):
    """Returns pairs of images with both targets."""
    i, j = rng.integers(0, len(x), size=(2, count))
    return {"left": x[i], "right": x[j]}, {"larger": y[i] > y[j], "sum": y[i] + y[j]}


# The tower's weights are shared: it is called twice.
tower = Sequential(
    [Conv2D(16, 3, padding="same", activation="relu"), MaxPooling2D(), Flatten(), Dense(32, activation="relu")],
    name="tower",
)
left, right = Input((8, 8, 1), name="left"), Input((8, 8, 1), name="right")
both = Dropout(0.1)(Dense(96, activation="relu")(Concatenate()([tower(left), tower(right)])))
larger = Dense(1, activation="sigmoid", name="larger")(both)
total = Dense(19, activation="softmax", name="sum")(both)
model = Model([left, right], [larger, total])
model.summary()

model.compile(
    "adam",
    loss={"larger": "binary_crossentropy", "sum": "sparse_categorical_crossentropy"},
    loss_weights={"larger": 0.5, "sum": 1.0},
    metrics={"larger": "accuracy", "sum": "accuracy"},
)
model.fit(*pairs(x, y, 12000), batch_size=32, epochs=8, verbose=2)
logs = model.evaluate(*pairs(x_test, y_test, 2000), verbose=0, return_dict=True)
print(f"{logs['larger_accuracy']:.1%} of the comparisons and {logs['sum_accuracy']:.1%} of the sums are correct")
assert logs["larger_accuracy"] > 0.9
assert logs["sum_accuracy"] > 0.75
