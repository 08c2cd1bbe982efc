"""Semi-supervised learning: a network trained on few labels predicts labels for the rest and trains on both."""

import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Dense, Flatten, Input
from fastnn.models import Sequential

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x / 16, x_test / 16
known, unlabelled = x[:100], x[100:]

model = Sequential([Input((8, 8)), Flatten(), Dense(64, activation="relu"), Dense(10, activation="softmax")])
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(known, y[:100], batch_size=10, epochs=40, verbose=0)
before = model.evaluate(x_test, y_test, verbose=0)[1]

guesses = model.predict(unlabelled, verbose=0)
sure = guesses.max(axis=1) > 0.9
pseudo = guesses.argmax(axis=1)[sure]
print(
    f"{sure.sum()} of {len(unlabelled)} unlabelled digits got a label; {(pseudo == y[100:][sure]).mean():.1%} are right"
)
assert (pseudo == y[100:][sure]).mean() > 0.9

samples = np.concatenate([known, unlabelled[sure]])
labels = np.concatenate([y[:100], pseudo])
trust = np.concatenate([np.ones(100), np.full(len(pseudo), 0.5)])
model.fit(
    samples, labels, sample_weight=trust, batch_size=10, epochs=20, verbose=0
)  # continues with the state of the optimizer
after = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"test accuracy {before:.1%} with 100 labels, {after:.1%} with {len(pseudo)} additional pseudo-labels")
assert after > before - 0.02
