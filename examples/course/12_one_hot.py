"""
One-hot encoding
================

A category becomes a vector of zeros with a single one in it; the vector has as many elements as there are classes. The
numbers 0, 1, 2 would suggest that one class is larger than another; these vectors do not.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn.layers import Dense
from fastnn.models import Sequential
from fastnn.utils import to_categorical

names = ["Cat", "Dog", "Lizard"]
vectors = to_categorical([0, 1, 2], num_classes=3)
for name, vector in zip(names, vectors, strict=True):
    print(f"{name:>6}: {vector.astype(int).tolist()}")
assert np.array_equal(vectors, np.eye(3))

# %%
# A list of labels, and its one-hot form as a picture: a row for each sample, a column for each class.

labels = np.array([0, 2, 1, 1, 0, 2, 2, 1])
figure, axes = plt.subplots(figsize=(3.4, 3.4), layout="constrained")
axes.imshow(to_categorical(labels, 3), cmap="Blues")
axes.set_xticks(range(3), names)
axes.set_yticks(range(len(labels)), [names[k] for k in labels])
plt.show()

# %%
# One-hot vectors want the loss ``categorical_crossentropy``, class numbers ``sparse_categorical_crossentropy``. Both
# are the same loss:

rng = np.random.default_rng(0)
classes = rng.integers(0, 3, size=300)
x = rng.normal(size=(300, 4)) + 2 * np.eye(3, 4)[classes]

results = []
for loss, y in [
    ("categorical_crossentropy", to_categorical(classes)),
    ("sparse_categorical_crossentropy", classes),
]:
    fastnn.utils.set_random_seed(1)
    model = Sequential([Dense(3, input_shape=(4,), activation="softmax")])
    model.compile(fastnn.optimizers.Adam(0.05), loss=loss, metrics=["accuracy"])
    model.fit(x, y, epochs=20, verbose=0)
    results.append(model.evaluate(x, y, verbose=0))
    print(f"{loss}: loss {results[-1][0]:.4f}, accuracy {results[-1][1]:.3f}")
assert np.allclose(results[0], results[1], rtol=1e-5) and results[0][1] > 0.8
print("One-hot vectors and class indices give the same loss.")

# %%
# Mistakes to know
# ----------------
#
# One of these losses with the labels of the other is the most frequent mistake of all. The message names both ways out:

model.compile("adam", loss="categorical_crossentropy")
try:
    model.fit(x, classes, verbose=0)
except ValueError as error:
    print(error)

# %%
# A label beyond the number of classes:

try:
    to_categorical([0, 1, 3], num_classes=3)
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Turn names into one-hot vectors with the layer ``StringLookup``.
# 2. An animal may have several properties at once (*furry*, *tame*, *small*). Which encoding, which activation and
#    which loss suit that?
#
# Solution of 1
# -------------

lookup = fastnn.layers.StringLookup(vocabulary=names, num_oov_indices=0, output_mode="one_hot")
print(np.asarray(lookup(np.array(["Dog", "Cat", "Lizard"]))))

# %%
# Solution of 2
# -------------
#
# *Multi-hot* vectors, with several ones; a sigmoid for each property, since they do not exclude each other; and the
# binary cross-entropy, which judges each of them apart.

properties = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 1], [0, 0, 1]] * 50)
seen = properties @ rng.normal(size=(3, 6)) + rng.normal(scale=0.1, size=(200, 6))
fastnn.utils.set_random_seed(1)
model = Sequential([Dense(3, input_shape=(6,), activation="sigmoid")])
model.compile(fastnn.optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["binary_accuracy"])
model.fit(seen, properties, epochs=40, verbose=0)
accuracy = model.evaluate(seen, properties, verbose=0)[1]
print(f"{accuracy:.1%} of the properties are right")
assert accuracy > 0.9
