"""Convolutional networks: filters detect patterns, padding keeps the size of an image, pooling halves it."""

import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from fastnn.models import Sequential

# A filter is a small matrix; each output pixel is the sum of its products with the pixels below it.
image = np.zeros((1, 6, 6, 1))
image[0, :, 3:] = 1.0
edge = Sequential([Input((6, 6, 1)), Conv2D(1, 3, use_bias=False)])
edge.set_weights([np.array([[-1.0, 0, 1]] * 3).reshape(3, 3, 1, 1)])
found = edge.predict(image, verbose=0)[0, :, :, 0]
print("A filter for vertical edges, on an image that is dark on the left and bright on the right:")
print(found)
assert found.tolist() == [[0, 3, 3, 0]] * 4


def shapes(padding):
    model = Sequential(
        [
            Dense(16, input_shape=(20, 20, 3), activation="relu"),
            Conv2D(32, kernel_size=(3, 3), activation="relu", padding=padding),
            Conv2D(64, kernel_size=(5, 5), activation="relu", padding=padding),
            Conv2D(128, kernel_size=(7, 7), activation="relu", padding=padding),
            Flatten(),
            Dense(2, activation="softmax"),
        ]
    )
    model.summary()
    return model.count_params()


assert shapes("valid") == 473_890  # an n x n image becomes (n - f + 1) x (n - f + 1)
assert shapes("same") == 559_906  # zeros around the image keep its size

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x[..., None] / 16, x_test[..., None] / 16
model = Sequential(
    [
        Conv2D(16, 3, padding="same", activation="relu", input_shape=(8, 8, 1)),
        MaxPooling2D(pool_size=(2, 2), strides=2, padding="valid"),
        Conv2D(32, 3, padding="same", activation="relu"),
        Flatten(),
        Dense(10, activation="softmax"),
    ]
)
model.summary()
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=16, epochs=10, verbose=2)
accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"test accuracy {accuracy:.1%}")
assert accuracy > 0.95
