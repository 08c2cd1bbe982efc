"""
A residual network
==================

Layers learn a difference that is added to their input.
"""

import fastnn
from fastnn import datasets
from fastnn.layers import Activation, Add, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, Input
from fastnn.models import Model

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x[..., None] / 16, x_test[..., None] / 16


def block(x, filters, strides=1):
    """Returns two convolutions plus their input, or a 1x1 convolution of it where the shape changes."""
    h = Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
    h = Activation("relu")(BatchNormalization(momentum=0.9)(h))
    h = Conv2D(filters, 3, padding="same", use_bias=False)(h)
    h = BatchNormalization(momentum=0.9)(h)
    if x.shape != h.shape:
        x = Conv2D(filters, 1, strides=strides, use_bias=False)(x)
    return Activation("relu")(Add()([x, h]))


image = Input((8, 8, 1))
h = Conv2D(16, 3, padding="same", activation="relu")(image)
h = block(h, 16)
h = block(h, 32, strides=2)
digit = Dense(10, activation="softmax")(GlobalAveragePooling2D()(h))
model = Model(image, digit, name="residual")
model.summary()

model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=32, epochs=8, verbose=2)
accuracy = model.evaluate(x_test, y_test, verbose=0)[1]
print(f"test accuracy of the residual network {accuracy:.1%}")
assert accuracy > 0.95
