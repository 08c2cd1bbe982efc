"""
Activation functions
====================

A neuron adds up its weighted inputs and its bias; the activation function turns this sum into the neuron's output.
Without it a network of any depth is one linear function. With a function that is not linear, layers together can form
functions of any shape.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import activations
from fastnn.layers import Dense
from fastnn.models import Sequential

# %%
# Sigmoid outputs lie between 0 and 1. ReLU is 0 for negative inputs and the input itself for positive ones.

z = np.linspace(-4, 4, 201, dtype="float32")
names = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu", "silu"]
figure, places = plt.subplots(2, 4, figsize=(10, 4.6), sharex=True, layout="constrained")
for name, axes in zip(names, places.ravel(), strict=True):
    axes.plot(z, np.asarray(activations.get(name)(z)))
    axes.set_title(name)
    axes.grid(alpha=0.3)
plt.show()

assert np.allclose(activations.sigmoid(z), 1 / (1 + np.exp(-z)), atol=1e-6)
assert np.array_equal(activations.relu(z), np.maximum(z, 0))

# %%
# Softmax is a function of all outputs of a layer: they become positive and add up to 1, as probabilities do.

scores = np.array([[2.0, 1.0, -1.0]], dtype="float32")
probabilities = np.asarray(activations.softmax(scores))
print(probabilities.round(3), "sum", probabilities.sum().round(3))

# %%
# What non-linearity buys
# -----------------------
#
# Points inside a ring and around it cannot be told apart by a straight line. The same network, once without activation
# in its hidden layers and once with ReLU:

rng = np.random.default_rng(0)
radius = np.concatenate([rng.uniform(0, 1, 300), rng.uniform(1.5, 2.5, 300)])
angle = rng.uniform(0, 2 * np.pi, 600)
points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype("float32")
outside = (radius > 1.2).astype("float32")

grid = np.stack(np.meshgrid(np.linspace(-2.6, 2.6, 120), np.linspace(-2.6, 2.6, 120)), axis=-1).reshape(-1, 2)
figure, places = plt.subplots(1, 2, figsize=(8.5, 4.2), layout="constrained")
reached = {}
for activation, axes in zip(("linear", "relu"), places, strict=True):
    fastnn.utils.set_random_seed(1)
    model = Sequential(
        [
            Dense(16, activation=activation, input_shape=(2,)),
            Dense(16, activation=activation),
            Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(points, outside, batch_size=20, epochs=30, verbose=0)
    reached[activation] = model.evaluate(points, outside, verbose=0)[1]
    shown = model.predict(grid, verbose=0).reshape(120, 120)
    axes.contourf(shown, levels=np.linspace(0, 1, 11), extent=(-2.6, 2.6, -2.6, 2.6), cmap="RdBu_r", alpha=0.6)
    axes.scatter(*points.T, s=5, c=outside, cmap="RdBu_r", edgecolors="none")
    axes.set(title=f"{activation}: accuracy {reached[activation]:.1%}", aspect="equal")
plt.show()
assert reached["relu"] > 0.95 > reached["linear"]

# %%
# A mistake to know
# -----------------
#
# A name that is misspelled is refused where the layer is made, with the name that was probably meant:

try:
    Dense(5, activation="rellu")
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. For which inputs is the slope of the sigmoid far from 0? Draw its derivative, and find the largest value.
# 2. Write an activation of your own, :math:`f(z) = z^2 / (1 + z^2)`, and train the ring with it.
#
# Solution of 1
# -------------
#
# :math:`\sigma'(z) = \sigma(z) (1 - \sigma(z))`. It is at most 1/4, at 0, and almost 0 for inputs beyond -5 and 5.

s = np.asarray(activations.sigmoid(z))
slope = s * (1 - s)
figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
axes.plot(z, slope)
axes.set(title="derivative of the sigmoid")
axes.grid(alpha=0.3)
plt.show()
print("largest value", slope.max())

# %%
# Solution of 2
# -------------
#
# A function of ``fastnn.ops`` is an activation; fastnn derives it by itself.


def bump(z):
    return fastnn.ops.square(z) / (1 + fastnn.ops.square(z))


fastnn.utils.set_random_seed(1)
model = Sequential([Dense(16, activation=bump, input_shape=(2,)), Dense(1, activation="sigmoid")])
model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(points, outside, batch_size=20, epochs=60, verbose=0)
accuracy = model.evaluate(points, outside, verbose=0)[1]
print(f"accuracy {accuracy:.1%}")
assert accuracy > 0.95
