"""
A variational autoencoder
=========================

Digits become points of a plane, similar ones close together, and points become digits.
"""

import numpy as np

import fastnn
from fastnn import datasets, layers, ops
from fastnn.layers import Dense, GaussianNoise, Input
from fastnn.models import Model, Sequential

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x.reshape(-1, 64) / 16, x_test.reshape(-1, 64) / 16


class Sampling(layers.Layer):
    """Layer that draws a point from the encoder's normal distribution, which the loss keeps close to the standard."""

    def __init__(self, weight, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.noise = GaussianNoise(1.0)

    def call(self, inputs):
        mean, log_variance = inputs
        divergence = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
        self.add_loss(self.weight * ops.mean(divergence))
        noise = self.noise(ops.zeros_like(mean), training=True)
        return mean + ops.exp(0.5 * log_variance) * noise


def reconstruction(y_true, y_pred):
    """Returns the sum of the cross-entropies of all pixels."""
    return ops.sum(ops.binary_crossentropy(y_true, y_pred), axis=-1)


image = Input((64,))
h = Dense(128, activation="relu")(image)
mean, log_variance = Dense(2, name="mean")(h), Dense(2, name="log_variance")(h)
point = Sampling(weight=1.0)([mean, log_variance])
decoder = Sequential([Input((2,)), Dense(128, activation="relu"), Dense(64, activation="sigmoid")], name="decoder")
encoder = Model(image, mean, name="encoder")
model = Model(image, decoder(point), name="variational_autoencoder")
model.summary()

model.compile("adam", loss=reconstruction)
model.fit(x, x, batch_size=32, epochs=40, verbose=2)

# Similar digits are close together: most test digits have the class of the nearest training digit.
points, test_points = encoder.predict(x, verbose=0), encoder.predict(x_test, verbose=0)
nearest = np.linalg.norm(test_points[:, None] - points, axis=-1).argmin(axis=1)
agree = np.mean(y[nearest] == y_test)
print(f"{agree:.1%} of the test digits have a nearest training digit of their own class; a random guess gives 10%")
assert agree > 0.55

# How well do two numbers describe 64 pixels? Two principal components are the best linear description.
average = x.mean(axis=0)
plane = np.linalg.svd(x - average, full_matrices=False)[2][:2]
straight = (x_test - average) @ plane.T @ plane + average
errors = [np.mean((made - x_test) ** 2) for made in (decoder.predict(test_points, verbose=0), straight, average)]
print("squared error of a pixel: {:.4f}, principal components {:.4f}, the mean image {:.4f}".format(*errors))
assert errors[0] < errors[1] < errors[2]

# New digits: every point of the plane is an image.
drawn = decoder.predict(np.random.default_rng(1).normal(size=(6, 2)), verbose=0).reshape(6, 8, 8)
print("Drawn at random:")
for row in np.concatenate(drawn, axis=1):
    print("".join(" .:-=+*#%@"[int(pixel * 9.99)] * 2 for pixel in row))
