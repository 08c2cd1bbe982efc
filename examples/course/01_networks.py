"""
Neural networks
===============

An artificial neural network is made of neurons in layers: an input layer, hidden layers and an output layer. A neuron
of a dense layer is connected to every neuron of the layer before. The numbers of neurons in the input and the output
layer follow from the data and the task; all others are chosen.
"""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn.layers import Activation, Dense
from fastnn.models import Sequential

# %%
# A network of two inputs, a hidden layer of three neurons and two outputs. ``input_shape`` is the shape of one sample.

layers = [
    Dense(units=3, input_shape=(2,), activation="relu"),
    Dense(units=2, activation="softmax"),
]
model = Sequential(layers)
model.summary()
assert model.count_params() == 17

# %%
# ``None`` in a shape stands for the batch, whose size may be anything. In a notebook, and here, a model draws itself:

model

# %%
# The picture that books draw shows each neuron and each connection. A connection has a weight, a neuron a bias.


def draw_network(sizes, names):
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    places = [[(k, (i - (size - 1) / 2)) for i in range(size)] for k, size in enumerate(sizes)]
    for before, after in pairwise(places):
        for x0, y0 in before:
            for x1, y1 in after:
                axes.plot([x0, x1], [y0, y1], color="#bbbbbb", linewidth=0.8, zorder=1)
    for k, (column, name) in enumerate(zip(places, names, strict=True)):
        axes.scatter(*zip(*column, strict=True), s=420, color=f"C{min(k, 1) if k < len(sizes) - 1 else 2}", zorder=2)
        axes.text(k, max(sizes) / 2 + 0.3, name, ha="center")
    axes.set_axis_off()
    return figure


draw_network([8, 6, 6, 4], ["input: 8", "hidden: 6", "hidden: 6", "output: 4"])
plt.show()

# %%
# That network in code. Other kinds of layers suit other data: convolutional layers images, recurrent layers series.

deeper = Sequential(
    [
        Dense(units=6, input_shape=(8,), activation="relu"),
        Dense(units=6, activation="relu"),
        Dense(units=4, activation="softmax"),
    ]
)
deeper.summary()

# %%
# Two ways to write a layer
# -------------------------
#
# The activation is an argument of the layer, or a layer of its own. Both compute the same, bit for bit.

fastnn.utils.set_random_seed(1)
first = Sequential([Dense(units=5, input_shape=(3,), activation="relu")])

fastnn.utils.set_random_seed(1)
second = Sequential()
second.add(Dense(units=5, input_shape=(3,)))
second.add(Activation("relu"))

x = np.random.default_rng(0).normal(size=(4, 3))
assert np.array_equal(first.predict(x, verbose=0), second.predict(x, verbose=0))
print("Both forms give the same results, bit for bit.")

# %%
# Mistakes to know
# ----------------
#
# Data whose last axis is not that of the first layer. The message says what the model expects and what came:

try:
    first.predict(np.ones((4, 2)), verbose=0)
except ValueError as error:
    print(error)

# %%
# The order of lines: a list of layers is made before the model that takes it. Otherwise Python says:

try:
    too_early = Sequential(my_layers)
    my_layers = [Dense(units=2, input_shape=(2,))]
except NameError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Build a network for samples of 10 numbers with two hidden layers of 16 and 8 neurons and 3 output classes. How many
#    parameters has it? Compute the number first.
# 2. What does a network without any activation compute? Show that two dense layers without activation are one.
#
# Solution of 1
# -------------

by_hand = (10 * 16 + 16) + (16 * 8 + 8) + (8 * 3 + 3)
network = Sequential(
    [
        Dense(16, activation="relu", input_shape=(10,)),
        Dense(8, activation="relu"),
        Dense(3, activation="softmax"),
    ]
)
print("by hand", by_hand, "counted", network.count_params())
assert by_hand == network.count_params()

# %%
# Solution of 2
# -------------
#
# :math:`(x W_1 + b_1) W_2 + b_2 = x (W_1 W_2) + (b_1 W_2 + b_2)`: one dense layer.

two = Sequential([Dense(7, input_shape=(3,)), Dense(2)])
w1, b1, w2, b2 = two.get_weights()
one = Sequential([Dense(2, input_shape=(3,))])
one.set_weights([w1 @ w2, b1 @ w2 + b2])
assert np.allclose(one.predict(x, verbose=0), two.predict(x, verbose=0), atol=1e-6)
print("Two layers without activation are one.")
