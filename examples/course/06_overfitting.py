"""
Overfitting
===========

A model overfits when it is good at the data it was trained on and worse at data it has not seen: it has learned the
samples by heart. The sign is a validation loss that rises while the training loss falls. Remedies: more data, data
augmentation, dropout, penalties on large weights (L2), and stopping in time.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets, regularizers
from fastnn.layers import Dense, Dropout, Flatten, Input
from fastnn.models import Sequential

# %%
# 300 digits, 45 of which get a random label: few enough for a large network to memorize.

(x, y), (x_val, y_val) = datasets.digits.load_data()
x, y, x_val = x[:300] / 16, y[:300].copy(), x_val / 16
y[:45] = np.random.default_rng(0).integers(0, 10, size=45)


def train(hidden):
    fastnn.utils.set_random_seed(1)
    model = Sequential([Input((8, 8)), Flatten(), *hidden(), Dense(10, activation="softmax")])
    # The cross-entropy as a metric too, because `loss` includes the penalty.
    metrics = ["accuracy", "sparse_categorical_crossentropy"]
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=metrics)
    history = model.fit(x, y, batch_size=10, epochs=60, validation_data=(x_val, y_val), verbose=0)
    return model, history.history


# %%
# Dropout sets a random share of the outputs of a layer to 0 in training, so that no neuron can rely on another. L2 adds
# the squares of the weights to the loss, so that only useful weights stay large.

_, plain = train(lambda: [Dense(256, activation="relu")])
_, dropped = train(lambda: [Dense(256, activation="relu"), Dropout(0.6)])
_, bound = train(lambda: [Dense(256, activation="relu", kernel_regularizer=regularizers.l2(0.01))])

figure, places = plt.subplots(2, 3, figsize=(10, 5.4), sharex=True, sharey="row", layout="constrained")
names = {"plain": plain, "dropout 0.6": dropped, "L2 0.01": bound}
for (name, logs), column in zip(names.items(), places.T, strict=True):
    for metric, label, axes in zip(
        ("sparse_categorical_crossentropy", "accuracy"), ("loss", "accuracy"), column, strict=True
    ):
        axes.plot(logs[metric], label="training")
        axes.plot(logs[f"val_{metric}"], "--", label="validation")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    column[0].set_title(name)
    column[1].set_xlabel("epoch")
places[0, 0].legend()
plt.show()

# %%
# The plain network reaches an accuracy of 100 % on data with more than a tenth of wrong labels, while its loss on new
# digits rises.


def gap(logs):
    return logs["val_sparse_categorical_crossentropy"][-1] - logs["sparse_categorical_crossentropy"][-1]


for name, logs in names.items():
    print(f"{name:>11}: gap of the loss {gap(logs):.2f}, accuracy on new digits {logs['val_accuracy'][-1]:.1%}")
assert gap(plain) > 0.2, "nothing was overfitted"
assert gap(dropped) < gap(plain) and gap(bound) < gap(plain)
assert dropped["val_accuracy"][-1] > plain["val_accuracy"][-1]

# %%
# A mistake to know
# -----------------
#
# The rate of ``Dropout`` is the share that is *dropped*, between 0 and 1, not a percentage:

try:
    Dropout(60)
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Stop training when the validation loss has not improved for five epochs, and keep the best weights.
# 2. More data are the best remedy. Train the plain network on 1,200 digits with correct labels and compare the gap.
#
# Solution of 1
# -------------

fastnn.utils.set_random_seed(1)
model = Sequential([Input((8, 8)), Flatten(), Dense(256, activation="relu"), Dense(10, activation="softmax")])
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
stop = fastnn.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
history = model.fit(x, y, batch_size=10, epochs=60, validation_data=(x_val, y_val), callbacks=[stop], verbose=0)
loss, accuracy = model.evaluate(x_val, y_val, verbose=0)
print(f"stopped after {len(history.epoch)} epochs: validation loss {loss:.2f}, accuracy {accuracy:.1%}")
assert len(history.epoch) < 60 and loss < plain["val_loss"][-1]

# %%
# Solution of 2
# -------------

(x, y), _ = datasets.digits.load_data()
x, y = x[:1200] / 16, y[:1200]
_, more = train(lambda: [Dense(256, activation="relu")])
print(f"gap {gap(more):.2f} instead of {gap(plain):.2f}, accuracy {more['val_accuracy'][-1]:.1%}")
assert gap(more) < gap(plain)
