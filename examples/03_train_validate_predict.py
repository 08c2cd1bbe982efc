"""Three sets of data: for training, for validation during training, and unlabeled data for prediction."""

import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Dense, Flatten, Input
from fastnn.models import Sequential

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x / 16, x_test / 16

model = Sequential([Input((8, 8)), Flatten(), Dense(32, activation="relu"), Dense(10, activation="softmax")])
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=10, epochs=10, validation_split=0.2, verbose=2)
assert history.history["val_accuracy"][-1] > 0.9

before = model.get_weights()
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
predictions = model.predict(x=x_test, batch_size=10, verbose=0)
assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
print("Neither evaluate nor predict changed a weight.")

for probabilities, digit in zip(predictions[:3], y_test, strict=False):
    print(f"predicted {probabilities.argmax()} with probability {probabilities.max():.1%}, true label {digit}")
right = (predictions.argmax(axis=1) == y_test).mean()
print(f"{right:.1%} of the test digits are classified correctly")
assert abs(right - accuracy) < 1e-6
