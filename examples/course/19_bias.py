"""
Bias
====

Each neuron adds a bias to the weighted sum of its inputs. The bias moves the threshold at which the neuron becomes
active; like the weights it is learned.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn.layers import Dense, Input
from fastnn.models import Sequential

# %%
# One ReLU neuron with the weights -2 and 1, for the inputs 1 and 2. Without a bias its sum is 0, and it stays silent.
# With a bias of 3 it says 3: the threshold of the sum has moved from 0 to -3.

inputs = np.array([[1.0, 2.0]])
for bias in (0.0, 3.0):
    neuron = Sequential([Dense(1, activation="relu", input_shape=(2,))])
    neuron.set_weights([np.array([[-2.0], [1.0]]), np.array([bias])])
    print(f"bias {bias:g}: output {neuron.predict(inputs, verbose=0).item():g}")

# %%
# The bias shifts the function of the neuron along its input:

z = np.linspace(-6, 6, 200)[:, None]
figure, places = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for activation, axes in zip(("relu", "sigmoid"), places, strict=True):
    for bias in (-2.0, 0.0, 2.0):
        neuron = Sequential([Dense(1, activation=activation, input_shape=(1,))])
        neuron.set_weights([np.array([[1.0]]), np.array([bias])])
        axes.plot(z, neuron.predict(z, verbose=0), label=f"bias {bias:g}")
    axes.set_title(activation)
    axes.legend()
    axes.grid(alpha=0.3)
plt.show()

# %%
# Without biases
# --------------
#
# A ReLU network without biases is 0 at 0 and straight from there in each direction. It cannot learn a function that
# bends elsewhere:

x = np.linspace(-2, 2, 400, dtype="float32")[:, None]
y = np.abs(x - 1) + 0.5
figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
axes.plot(x, y, color="#bbbbbb", linewidth=4, label="target")
errors = {}
for use_bias in (True, False):
    fastnn.utils.set_random_seed(1)
    model = Sequential([Input((1,)), Dense(16, activation="relu", use_bias=use_bias), Dense(1, use_bias=use_bias)])
    model.compile(fastnn.optimizers.Adam(0.01), loss="mse")
    model.fit(x, y, batch_size=20, epochs=100, verbose=0)
    errors[use_bias] = model.evaluate(x, y, verbose=0)
    axes.plot(x, model.predict(x, verbose=0), label=f"use_bias={use_bias}")
axes.legend()
plt.show()
print({f"use_bias={key}": round(value, 4) for key, value in errors.items()})
assert errors[True] < 0.01 < errors[False]

# %%
# A mistake to know
# -----------------
#
# The third argument of ``Dense`` is ``use_bias``, True or False, not the initial values:

try:
    Dense(3, "relu", "zeros")
except TypeError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Give the biases of a layer the initial value 0.1.
# 2. A layer before ``BatchNormalization`` needs no bias. Show that its bias changes nothing in training.
#
# Solution of 1
# -------------

layer = Dense(4, bias_initializer=fastnn.initializers.Constant(0.1))
layer.build((None, 3))
print(layer.bias.numpy())

# %%
# Solution of 2
# -------------
#
# Batch normalization subtracts the mean of the batch, and with it any number that was added to all its rows.

rows = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
normalize = fastnn.layers.BatchNormalization()
a, b = (np.asarray(normalize(rows + shift, training=True)) for shift in (0.0, 5.0))
assert np.allclose(a, b, atol=1e-3)
print("largest difference", np.abs(a - b).max())
