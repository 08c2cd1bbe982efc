"""
Training a network
==================

Training looks for the weights that map inputs to the right outputs. A loss function measures how wrong the outputs are,
an optimizer changes the weights so that the loss falls, step by step:

* the samples of a batch pass through the network (forward pass), and the loss is computed;
* the gradient of the loss with respect to each weight is computed (backward pass);
* each weight moves against its gradient: new weight = old weight - learning rate x gradient.

One pass over all samples is an epoch. Since each step sees a few samples, drawn at random, this is called stochastic
gradient descent (SGD).
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn.layers import Dense
from fastnn.models import Sequential
from fastnn.optimizers import SGD, Adam

# %%
# The data: an invented drug trial. 5 % of the patients under 65 had side effects (1), and 95 % of the others. Ages are
# scaled to the range from 0 to 1, in which networks learn best.

rng = np.random.default_rng(0)
ages = rng.integers(13, 101, size=2100)
labels = ((ages >= 65) ^ (rng.random(2100) < 0.05)).astype(int)
samples = (ages - 13) / (100 - 13)


def network():
    fastnn.utils.set_random_seed(1)
    return Sequential(
        [
            Dense(units=16, input_shape=(1,), activation="relu"),
            Dense(units=32, activation="relu"),
            Dense(units=2, activation="softmax"),
        ]
    )


# %%
# ``compile`` says how to train: the optimizer, the loss, and what to report. The labels are integers, hence the
# *sparse* categorical cross-entropy.

model = network()
model.compile(optimizer=Adam(learning_rate=0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"])

# %%
# ``fit`` trains. ``batch_size=10`` samples go through the network at once, all samples ``epochs=20`` times, in a new
# order each time (``shuffle=True``). ``verbose=2`` prints a line for each epoch.

history = model.fit(x=samples, y=labels, batch_size=10, epochs=20, shuffle=True, verbose=2)

# %%
# The history holds the numbers of each epoch, and draws them:

assert history.history["loss"][-1] < history.history["loss"][0] and history.history["accuracy"][-1] > 0.9
history.plot()

# %%
# What the network has learned is the probability of a side effect at each age:

every_age = np.arange(13, 101)
probability = model.predict((every_age - 13) / 87, verbose=0)[:, 1]
figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
axes.plot(every_age, probability, label="the network")
axes.step([13, 65, 100], [0.05, 0.95, 0.95], "--", where="post", label="how the data were made")
axes.set(xlabel="age", ylabel="probability of side effects", ylim=(0, 1))
axes.legend()
plt.show()

# %%
# Loss functions
# --------------
#
# For numbers: the mean squared error. For classes: the cross-entropy, the negative logarithm of the probability that
# was given to the right class.

predicted, truth = np.array([[2.5], [0.0]]), np.array([[3.0], [-0.5]])
print("mean squared error", fastnn.losses.MeanSquaredError()(truth, predicted), "by hand", (0.5**2 + 0.5**2) / 2)
for p in (0.9, 0.5, 0.01):
    loss = fastnn.losses.SparseCategoricalCrossentropy()(np.array([1]), np.array([[1 - p, p]]))
    print(f"probability {p} of the right class: cross-entropy {float(loss):.3f}, -log(p) {-np.log(p):.3f}")

# %%
# Learning rate
# -------------
#
# The size of the steps. With one that is too small the loss hardly falls, with one that is too large it jumps about:

figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
final = {}
for rate in (0.0001, 0.01, 0.3, 3.0):
    model = network()
    model.compile(optimizer=SGD(learning_rate=rate), loss="sparse_categorical_crossentropy")
    losses = model.fit(samples, labels, batch_size=10, epochs=15, verbose=0).history["loss"]
    axes.plot(range(1, 16), losses, label=f"learning rate {rate:g}")
    final[rate] = losses[-1]
axes.set(xlabel="epoch", ylabel="loss", ylim=(0, 1))
axes.legend()
plt.show()
assert final[0.01] < final[0.0001]

# %%
# Mistakes to know
# ----------------
#
# The optimizer is called SGD, not SDG:

try:
    network().compile("sdg", loss="sparse_categorical_crossentropy")
except ValueError as error:
    print(error)

# %%
# The class ``Sequential`` begins with a capital letter. ``sequential`` is the module that it lives in, and cannot be
# called:

from fastnn.models import sequential

try:
    sequential([Dense(units=2, input_shape=(1,))])
except TypeError as error:
    print(error)

# %%
# A model that was not compiled cannot be trained:

try:
    network().fit(samples, labels)
except ValueError as error:
    print(error)

# %%
# Two outputs with a *sigmoid* train without a message, but they are two separate probabilities, which need not add up
# to 1. For classes that exclude each other use softmax, as above; for one yes or no a single sigmoid with
# ``binary_crossentropy``.
#
# Exercises
# ---------
#
# 1. Train without scaling: give the network the ages themselves. What happens to the accuracy?
# 2. Write the same network with a single sigmoid output and ``binary_crossentropy``.
#
# Solution of 1
# -------------

model = network()
model.compile(Adam(learning_rate=0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
raw = model.fit(ages, labels, batch_size=10, epochs=20, verbose=0).history["accuracy"]
scaled = history.history["accuracy"]
print(f"accuracy after the first epoch: {raw[0]:.1%} unscaled, {scaled[0]:.1%} scaled; after 20: {raw[-1]:.1%}")

# %%
# Large inputs make large sums and large gradients: training is unsteady and takes longer.
#
# Solution of 2
# -------------

fastnn.utils.set_random_seed(1)
single = Sequential(
    [
        Dense(16, input_shape=(1,), activation="relu"),
        Dense(32, activation="relu"),
        Dense(1, activation="sigmoid"),
    ]
)
single.compile(Adam(learning_rate=0.001), loss="binary_crossentropy", metrics=["accuracy"])
accuracy = single.fit(samples, labels, batch_size=10, epochs=20, verbose=0).history["accuracy"][-1]
print(f"accuracy {accuracy:.1%}")
assert accuracy > 0.9
