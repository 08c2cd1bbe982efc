"""
Semi-supervised learning: pseudo-labels
=======================================

Labels are expensive, samples are not. A network that was trained on the few labels there are predicts labels for the
rest. Those it is sure of are taken as true (pseudo-labels), and the network is trained on both.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Dense, Flatten, Input
from fastnn.models import Sequential

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x / 16, x_test / 16
known, unlabelled = x[:100], x[100:]

# %%
# First, training on the 100 labels.

model = Sequential([Input((8, 8)), Flatten(), Dense(64, activation="relu"), Dense(10, activation="softmax")])
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(known, y[:100], batch_size=10, epochs=40, verbose=0)
before = model.evaluate(x_test, y_test, verbose=0)[1]

# %%
# Then, predictions for the other 1,342 digits. The more probable the network finds its guess, the more often it is
# right:

guesses = model.predict(unlabelled, verbose=0)
probability = guesses.max(axis=1)
right = guesses.argmax(axis=1) == y[100:]
edges = np.linspace(0.2, 1.0, 9)
bins = np.digitize(probability, edges[1:-1])
figure, places = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
places[0].bar(edges[:-1] + 0.05, [right[bins == k].mean() if (bins == k).any() else 0 for k in range(8)], width=0.09)
places[0].set(xlabel="probability of the guess", ylabel="share that is right")
places[1].bar(edges[:-1] + 0.05, np.bincount(bins, minlength=8), width=0.09, color="C1")
places[1].set(xlabel="probability of the guess", ylabel="digits")
plt.show()

# %%
# Those above 90 % get their guess as a label. They count half as much as true labels (``sample_weight``).

sure = probability > 0.9
pseudo = guesses.argmax(axis=1)[sure]
print(f"{sure.sum()} of {len(sure)} unlabelled digits got a label; {right[sure].mean():.1%} are right")
assert right[sure].mean() > 0.9

samples = np.concatenate([known, unlabelled[sure]])
labels = np.concatenate([y[:100], pseudo])
trust = np.concatenate([np.ones(100), np.full(len(pseudo), 0.5)])
model.fit(samples, labels, sample_weight=trust, batch_size=10, epochs=20, verbose=0)
after = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"test accuracy {before:.1%} with 100 labels, {after:.1%} with {len(pseudo)} additional pseudo-labels")
assert after > before - 0.02

# %%
# A mistake to know
# -----------------
#
# A weight for each sample means as many weights as samples:

try:
    model.fit(samples, labels, sample_weight=trust[:100], verbose=0)
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Repeat the two steps three times, each time with new guesses.
# 2. What happens if all guesses are used, not only those that the network is sure of?
#
# Solution of 1
# -------------

for turn in range(3):
    guesses = model.predict(unlabelled, verbose=0)
    sure = guesses.max(axis=1) > 0.95
    samples = np.concatenate([known, unlabelled[sure]])
    labels = np.concatenate([y[:100], guesses.argmax(axis=1)[sure]])
    trust = np.concatenate([np.ones(100), np.full(sure.sum(), 0.5)])
    model.fit(samples, labels, sample_weight=trust, batch_size=10, epochs=10, verbose=0)
    accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
    print(f"turn {turn + 1}: {sure.sum()} pseudo-labels, test accuracy {accuracy:.1%}")

# %%
# Solution of 2
# -------------

fastnn.utils.set_random_seed(1)
every = fastnn.models.clone_model(model)
every.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
every.fit(known, y[:100], batch_size=10, epochs=40, verbose=0)
guesses = every.predict(unlabelled, verbose=0).argmax(axis=1)
every.fit(np.concatenate([known, unlabelled]), np.concatenate([y[:100], guesses]), epochs=20, verbose=0)
print(f"wrong labels among all guesses: {(guesses != y[100:]).mean():.1%}")
print(f"among the sure ones: {(~right[probability > 0.9]).mean():.1%}")
print(f"test accuracy {every.evaluate(x_test, y_test, verbose=0)[1]:.1%}")
