"""One-hot encoding: a category becomes a vector with a single 1, which needs a loss of its own."""

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

rng = np.random.default_rng(0)
classes = rng.integers(0, 3, size=300)
x = rng.normal(size=(300, 4)) + 2 * np.eye(3, 4)[classes]

results = []
for loss, labels in [
    ("categorical_crossentropy", to_categorical(classes)),
    ("sparse_categorical_crossentropy", classes),
]:
    fastnn.utils.set_random_seed(1)
    model = Sequential([Dense(3, input_shape=(4,), activation="softmax")])
    model.compile("adam", loss=loss, metrics=["accuracy"])
    model.fit(x, labels, epochs=20, verbose=0)
    results.append(model.evaluate(x, labels, verbose=0))
    print(f"{loss}: loss {results[-1][0]:.4f}, accuracy {results[-1][1]:.3f}")
assert np.allclose(results[0], results[1], rtol=1e-5)
print("One-hot vectors and class indices give the same loss.")
