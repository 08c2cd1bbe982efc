"""Fine-tuning: layers trained on one task are reused for another; they are frozen, and new last layers are trained."""

import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from fastnn.models import Sequential
from fastnn.optimizers import Adam

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x[..., None] / 16, x_test[..., None] / 16

# The first task: the digits 0 to 4.
model = Sequential(
    [
        Input((8, 8, 1)),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dense(32, activation="relu"),
        Dense(5, activation="softmax"),
    ]
)
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
low = y < 5
model.fit(x[low], y[low], batch_size=16, epochs=10, verbose=0)

# The second: 5 to 9, from 60 images. The last two layers are replaced, the others keep their weights.
model.pop()
model.pop()
for layer in model.layers:
    layer.trainable = False
model.add(Dense(5, activation="softmax", name="new_head"))
model.compile(Adam(learning_rate=0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()
frozen = [w.copy() for w in model.get_weights()[:-2]]
few, few_labels = x[~low][:60], y[~low][:60] - 5
model.fit(few, few_labels, batch_size=10, epochs=60, verbose=0)
assert all(np.array_equal(a, b) for a, b in zip(frozen, model.get_weights(), strict=False))
print("The frozen layers did not change by a bit.")

high = y_test >= 5
accuracy = model.evaluate(x_test[high], y_test[high] - 5, verbose=0)[1]
print(f"test accuracy on the new task {accuracy:.1%}, learned from {len(few)} images")
assert accuracy > 0.8
