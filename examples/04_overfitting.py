"""Overfitting: high accuracy on training data, lower on new data; dropout and L2 reduce the gap."""

import numpy as np

import fastnn
from fastnn import datasets, regularizers
from fastnn.layers import Dense, Dropout, Flatten, Input
from fastnn.models import Sequential

fastnn.utils.set_random_seed(1)  # before the first layer is created: its initial weights depend on it
(x, y), (x_val, y_val) = datasets.digits.load_data()
x, y, x_val = x[:300] / 16, y[:300].copy(), x_val / 16
y[:45] = np.random.default_rng(0).integers(
    0, 10, size=45
)  # few samples, some with wrong labels, which a large network can memorize


def gap(name, *hidden):
    model = Sequential([Input((8, 8)), Flatten(), *hidden, Dense(10, activation="softmax")])
    # The loss as a metric too, because `loss` includes the penalty.
    metrics = ["accuracy", "sparse_categorical_crossentropy"]
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=metrics)
    model.fit(x, y, batch_size=10, epochs=60, verbose=0)
    _, seen, seen_loss = model.evaluate(x, y, verbose=0)
    _, unseen, unseen_loss = model.evaluate(x_val, y_val, verbose=0)
    print(
        f"{name:>8}: accuracy {seen:.3f} and loss {seen_loss:.2f} on the training set, "
        f"{unseen:.3f} and {unseen_loss:.2f} on new digits"
    )
    return unseen_loss - seen_loss, unseen


# The course writes the penalty as lambda / (2 m) * |w|^2; here, as in Keras, l2 is the whole factor.
plain = gap("plain", Dense(256, activation="relu"))
dropped = gap("dropout", Dense(256, activation="relu"), Dropout(0.6))
bound = gap("L2", Dense(256, activation="relu", kernel_regularizer=regularizers.l2(0.01)))
assert plain[0] > 0.2, "nothing was overfitted"
assert dropped[0] < plain[0] and bound[0] < plain[0]
assert dropped[1] > plain[1]
print("The plain network memorizes even wrong labels; with dropout it is less confident and its errors cost less.")
