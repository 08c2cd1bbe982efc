"""A first network: layers of connected neurons, written in two ways, with its count of learnable parameters."""

import numpy as np

import fastnn
from fastnn.layers import Activation, Dense
from fastnn.models import Sequential

# Two inputs, a hidden layer of three neurons, two outputs.
layers = [
    Dense(units=3, input_shape=(2,), activation="relu"),
    Dense(units=2, activation="softmax"),
]
model = Sequential(layers)
model.summary()
assert model.count_params() == 17

# The same layer in two forms: the activation as an argument, or as a separate layer.
fastnn.utils.set_random_seed(1)
first = Sequential([Dense(units=5, input_shape=(3,), activation="relu")])
fastnn.utils.set_random_seed(1)
second = Sequential()
second.add(Dense(units=5, input_shape=(3,)))
second.add(Activation("relu"))

x = np.random.default_rng(0).normal(size=(4, 3))
assert np.array_equal(first.predict(x, verbose=0), second.predict(x, verbose=0))
print("Both forms give the same results, bit for bit.")
