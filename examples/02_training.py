"""Training: the loss falls; the learning rate sets the size of the steps towards its minimum."""

import numpy as np

import fastnn
from fastnn.layers import Dense
from fastnn.models import Sequential
from fastnn.optimizers import SGD, Adam

# An invented drug trial: 5 % of the patients under 65 had side effects (1), and 95 % of the others.
rng = np.random.default_rng(0)
ages = rng.integers(13, 101, size=2100)
labels = ((ages >= 65) ^ (rng.random(2100) < 0.05)).astype(int)
samples = (ages - 13) / (100 - 13)  # scaled to the range from 0 to 1


def network():
    fastnn.utils.set_random_seed(1)
    return Sequential(
        [
            Dense(units=16, input_shape=(1,), activation="relu"),
            Dense(units=32, activation="relu"),
            Dense(units=2, activation="sigmoid"),
        ]
    )


model = network()
model.compile(optimizer=Adam(learning_rate=0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x=samples, y=labels, batch_size=10, epochs=20, shuffle=True, verbose=2)
losses = history.history["loss"]
assert losses[-1] < losses[0] and history.history["accuracy"][-1] > 0.9

print("\nThe same network with plain gradient descent, five epochs each:")
results = {}
for rate in (0.0001, 0.01, 0.3):
    model = network()
    model.compile(optimizer=SGD(learning_rate=rate), loss="sparse_categorical_crossentropy")
    results[rate] = model.fit(samples, labels, batch_size=10, epochs=5, verbose=0).history["loss"][-1]
    print(f"  learning rate {rate:<7g} loss {results[rate]:.4f}")
assert results[0.01] < results[0.0001]
print("With a learning rate that is too small, the loss hardly falls.")
