"""Overfitting: excellent on what was seen, worse on what was not; dropout and L2 narrow the gap."""

import numpy as np

import fastnn
from fastnn import datasets, regularizers
from fastnn.layers import Dense, Dropout, Flatten, Input
from fastnn.models import Sequential

(x, y), (x_val, y_val) = datasets.digits.load_data()
rng = np.random.default_rng(0)
x, y = x[:150] / 16, y[:150]  # few samples, and some of them noisy: easy to learn by heart
x = x + rng.normal(scale=0.25, size=x.shape)
x_val = x_val / 16 + rng.normal(scale=0.25, size=x_val.shape)


def gap(name, *hidden):
    fastnn.utils.set_random_seed(2)
    model = Sequential([Input((8, 8)), Flatten(), *hidden, Dense(10, activation="softmax")])
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    logs = model.fit(x, y, batch_size=10, epochs=60, validation_data=(x_val, y_val), verbose=0).history
    trained, unseen, loss = model.evaluate(x, y, verbose=0)[1], logs["val_accuracy"][-1], logs["val_loss"][-1]
    print(f"{name:>8}: accuracy {trained:.3f} on the training set, {unseen:.3f} on new digits, loss {loss:.3f}")
    return trained - unseen, loss


# The course writes the penalty as lambda / (2 m) * |w|^2; here, as in Keras, l2 stands for the whole factor.
plain = gap("plain", Dense(256, activation="relu"))
dropped = gap("dropout", Dense(256, activation="relu"), Dropout(0.6))
bound = gap("L2", Dense(256, activation="relu", kernel_regularizer=regularizers.l2(0.01)))
assert plain[0] > 0.05, "nothing was overfitted"
assert dropped[1] < plain[1]
print("The plain network knows its training set by heart; dropout is less sure of itself and errs less badly.")
