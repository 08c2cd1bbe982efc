"""
Vanishing and exploding gradients
=================================

The backward pass multiplies: the gradient of an early weight is a product with a factor for each later layer. Factors
below one make it vanish: the first layers hardly move, and the network does not learn. Factors above one make it
explode: the weights jump past every minimum.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import initializers
from fastnn.layers import Dense, Input
from fastnn.models import Sequential

DEPTH = 10
x = np.random.default_rng(0).normal(size=(64, 50)).astype(np.float32)
y = np.random.default_rng(1).normal(size=(64, 1)).astype(np.float32)


def gradients(activation, initializer):
    """Returns the mean size of the gradients of each hidden kernel, from the first layer to the last."""
    fastnn.utils.set_random_seed(3)
    model = Sequential([Input((50,))])
    for _ in range(DEPTH):
        model.add(Dense(50, activation=activation, kernel_initializer=initializer))
    model.add(Dense(1))
    model.compile("sgd", loss="mse")
    kernels = [g for path, g in model.gradients(x, y).items() if path.endswith("kernel")]
    return np.array([np.abs(kernel).mean() for kernel in kernels[:DEPTH]])


# %%
# Three networks of ten layers. The slope of the sigmoid is at most 1/4, so that ten of them leave next to nothing.
# Linear layers with weights of variance 1 multiply by :math:`\sqrt{50}` each, the signal on its way forward and the
# gradient on its way back, so that the gradients of all layers are huge. ReLU with weights of variance 2/n keeps the
# size.

cases = {
    "sigmoid, Glorot": gradients("sigmoid", "glorot_uniform"),
    "linear, normal of variance 1": gradients("linear", initializers.RandomNormal(mean=0.0, stddev=1.0)),
    "ReLU, He": gradients("relu", "he_normal"),
}
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for name, sizes in cases.items():
    axes.plot(range(1, DEPTH + 1), sizes, "o-", label=name)
axes.set(xlabel="layer", ylabel="mean size of the gradient", yscale="log", xticks=range(1, DEPTH + 1))
axes.legend()
axes.grid(alpha=0.3)
plt.show()

vanishing, exploding, healthy = cases.values()
for name, sizes in cases.items():
    print(f"{name:<29} first gradient {sizes[0]:.1e}, last {sizes[-1]:.1e}")
assert vanishing[0] / vanishing[-1] < 1e-4
assert exploding[0] > 1e6
assert 0.05 < healthy[0] / healthy[-1] < 20
print("ReLU with variance 2/n keeps the gradient up to the first layer.")

# %%
# What it does to training
# ------------------------

figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
target = np.tanh(x[:, :1] - x[:, 1:2])
final = {}
for name, activation, initializer in (("sigmoid", "sigmoid", "glorot_uniform"), ("ReLU, He", "relu", "he_normal")):
    fastnn.utils.set_random_seed(3)
    model = Sequential([Input((50,))])
    for _ in range(DEPTH):
        model.add(Dense(50, activation=activation, kernel_initializer=initializer))
    model.add(Dense(1))
    model.compile("adam", loss="mse")
    losses = model.fit(x, target, batch_size=16, epochs=60, verbose=0).history["loss"]
    axes.plot(losses, label=name)
    final[name] = losses[-1]
axes.set(xlabel="epoch", ylabel="loss")
axes.legend()
plt.show()
assert final["ReLU, He"] < 0.2 * final["sigmoid"]

# %%
# A mistake to know
# -----------------
#
# Exploding weights end in NaN (not a number), and so does a single NaN in the data. fastnn finds it before it destroys
# the weights:

spoiled = x.copy()
spoiled[7, 3] = np.nan
try:
    model.fit(spoiled, y, verbose=0)
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. ``clipnorm=1.0`` of an optimizer bounds each gradient. Train the exploding network with and without.
# 2. How does a ``BatchNormalization`` after each layer change the gradients of the sigmoid network?
#
# Solution of 1
# -------------

for clip in (None, 1.0):
    fastnn.utils.set_random_seed(3)
    model = Sequential([Input((50,))])
    for _ in range(4):
        model.add(Dense(50, kernel_initializer=initializers.RandomNormal(stddev=0.3)))
    model.add(Dense(1))
    model.compile(fastnn.optimizers.SGD(0.01, clipnorm=clip), loss="mse")
    losses = model.fit(x, target, batch_size=16, epochs=15, verbose=0, callbacks=[fastnn.callbacks.TerminateOnNaN()])
    print(f"clipnorm {clip}: last loss {losses.history['loss'][-1]:.3g}")

# %%
# Solution of 2
# -------------

fastnn.utils.set_random_seed(3)
model = Sequential([Input((50,))])
for _ in range(DEPTH):
    model.add(Dense(50, activation="sigmoid"))
    model.add(fastnn.layers.BatchNormalization())
model.add(Dense(1))
model.compile("sgd", loss="mse")
kernels = [np.abs(g).mean() for path, g in model.gradients(x, y).items() if path.endswith("kernel")]
print(f"first gradient {kernels[0]:.1e}, without batch normalization {vanishing[0]:.1e}")
assert kernels[0] > 10 * vanishing[0]
