"""
Data sets for training, validation and testing
==============================================

Data are divided into three parts:

* the **training set**, from which the weights are learned;
* the **validation set**, looked at during training, to choose hyperparameters and to notice overfitting;
* the **test set**, used once, at the end, on the finished model.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Dense, Flatten, Input
from fastnn.models import Sequential

# %%
# The digits that come with fastnn: 1,442 for training and 355 for testing, of 8 x 8 pixels with values from 0 to 16:

(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x / 16, x_test / 16

figure, places = plt.subplots(2, 8, figsize=(8, 2.4), layout="constrained")
for image, label, axes in zip(x, y, places.ravel(), strict=False):
    axes.imshow(image, cmap="gray_r")
    axes.set_title(label, fontsize=8)
    axes.set_axis_off()
plt.show()

# %%
# Each class should have about the same share in each part:

figure, axes = plt.subplots(figsize=(6, 2.8), layout="constrained")
for k, (name, part) in enumerate({"training": y, "test": y_test}.items()):
    axes.bar(np.arange(10) + 0.4 * k - 0.2, np.bincount(part) / len(part), width=0.38, label=name)
axes.set(xlabel="digit", ylabel="share", xticks=range(10))
axes.legend(loc="lower right")
plt.show()

# %%
# ``validation_split=0.2`` keeps the last fifth of the training data for validation, before they are shuffled; with
# ``validation_data=(x_val, y_val)`` you choose the rows yourself. After each epoch ``fit`` reports both.

fastnn.utils.set_random_seed(1)
model = Sequential([Input((8, 8)), Flatten(), Dense(32, activation="relu"), Dense(10, activation="softmax")])
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=10, epochs=10, validation_split=0.2, verbose=2)
assert history.history["val_accuracy"][-1] > 0.9
history.plot()

# %%
# Only training changes weights:

before = model.get_weights()
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"on the test set: loss {loss:.3f}, accuracy {accuracy:.1%}")
assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
print("Evaluating did not change a weight.")

# %%
# A test set without labels can only be predicted, which is the next chapter. To *measure* a model its labels are
# needed.
#
# Mistakes to know
# ----------------
#
# More samples than labels:

try:
    model.fit(x, y[:-1])
except ValueError as error:
    print(error)

# %%
# A validation set as a list of pairs. ``fit`` wants two arrays, one of all samples and one of all labels:

pairs = list(zip(x[:100], y[:100], strict=True))
try:
    model.fit(x, y, validation_data=pairs)
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. ``validation_split`` takes the *last* rows. Sort the data by label, train with ``validation_split=0.2``, and
#    explain the validation accuracy.
# 2. Split the training data yourself, at random, into 80 and 20 %.
#
# Solution of 1
# -------------


def fresh():
    fastnn.utils.set_random_seed(1)
    model = Sequential([Input((8, 8)), Flatten(), Dense(32, activation="relu"), Dense(10, activation="softmax")])
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


order = np.argsort(y, kind="stable")
logs = fresh().fit(x[order], y[order], batch_size=10, epochs=10, validation_split=0.2, verbose=0).history
print(f"validation accuracy {logs['val_accuracy'][-1]:.1%}; digits seen: {np.unique(y[order][: int(0.8 * len(y))])}")
assert logs["val_accuracy"][-1] < 0.2

# %%
# The last fifth holds all digits 8 and 9, which the network never saw, and few others.
#
# Solution of 2
# -------------

order = np.random.default_rng(0).permutation(len(x))
train, val = order[: int(0.8 * len(x))], order[int(0.8 * len(x)) :]
logs = fresh().fit(x[train], y[train], batch_size=10, epochs=10, validation_data=(x[val], y[val]), verbose=0).history
print(f"validation accuracy {logs['val_accuracy'][-1]:.1%}")
assert logs["val_accuracy"][-1] > 0.9
