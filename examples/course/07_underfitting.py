"""
Underfitting
============

A model underfits when it is poor even at the data it was trained on: it is too simple, sees too few features, or is
held back by too much regularization or too little training.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn.layers import Dense, Dropout, Input
from fastnn.models import Sequential

# %%
# The task: a wave, with noise.

rng = np.random.default_rng(0)
x = rng.uniform(-3, 3, size=(400, 1)).astype("float32")
y = (np.sin(2 * x) + rng.normal(scale=0.1, size=x.shape)).astype("float32")
line = np.linspace(-3, 3, 200, dtype="float32")[:, None]


def train(*sizes, dropout=0.0, epochs=200, rate=0.001):
    fastnn.utils.set_random_seed(1)
    model = Sequential([Input((1,))])
    for size in sizes:
        model.add(Dense(size, activation="relu"))
        if dropout:
            model.add(Dropout(dropout))
    model.add(Dense(1))
    model.compile(fastnn.optimizers.Adam(rate), loss="mse")
    history = model.fit(x, y, batch_size=20, epochs=epochs, verbose=0)
    return model.predict(line, verbose=0), model.evaluate(x, y, verbose=0), history.history["loss"]


# %%
# Two neurons cannot draw a wave; 64 and 64 can, unless dropout takes most of them away.

tries = {
    "2 neurons": train(2),
    "64 and 64": train(64, 64),
    "64 and 64, dropout 0.8": train(64, 64, dropout=0.8),
}
figure, places = plt.subplots(1, 3, figsize=(10.5, 3.2), sharey=True, layout="constrained")
for (name, (curve, error, _)), axes in zip(tries.items(), places, strict=True):
    axes.scatter(x, y, s=3, color="#bbbbbb")
    axes.plot(line, curve, color="C1")
    axes.set_title(f"{name}\nmean squared error {error:.3f}", fontsize=9)
plt.show()
errors = {name: error for name, (_, error, _) in tries.items()}
assert errors["64 and 64"] < 0.05 < 0.2 < min(errors["2 neurons"], errors["64 and 64, dropout 0.8"])

# %%
# The training loss shows it: it stays high. No validation set is needed to see underfitting.

figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
for name, (_, _, losses) in tries.items():
    axes.plot(losses, label=name)
axes.set(xlabel="epoch", ylabel="training loss", yscale="log")
axes.legend()
plt.show()

# %%
# A mistake to know
# -----------------
#
# A layer has no argument for depth: a deeper network is a longer list of layers. The message lists the arguments that
# there are.

try:
    Dense(64, layers=2)
except (TypeError, ValueError) as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. The other remedy is more features. Give two neurons the feature :math:`\sin(2 x)` beside :math:`x`.
# 2. How many neurons in one hidden layer does it take for an error below 0.05? Train for 400 epochs, with a learning
#    rate of 0.02.
#
# Solution of 1
# -------------

fastnn.utils.set_random_seed(1)
features = np.concatenate([x, np.sin(2 * x)], axis=1)
model = Sequential([Input((2,)), Dense(2, activation="relu"), Dense(1)])
model.compile(fastnn.optimizers.Adam(0.01), loss="mse")
model.fit(features, y, batch_size=20, epochs=100, verbose=0)
error = model.evaluate(features, y, verbose=0)
print(f"mean squared error {error:.3f}, with {model.count_params()} parameters")
assert error < errors["2 neurons"]

# %%
# Solution of 2
# -------------
#
# Each ReLU neuron adds one bend to the line. The wave turns four times, and its arcs want bends too.

for size in (2, 4, 8, 16, 32, 64, 128):
    error = train(size, epochs=400, rate=0.02)[1]
    print(f"{size:4} neurons: {error:.3f}")
    if error < 0.05:
        break
assert error < 0.05
