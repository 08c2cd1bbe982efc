"""
A denoising diffusion model
===========================

A network learns to take noise away, and then makes digits out of nothing but noise.
"""

import itertools
import sys

import numpy as np

import fastnn
from fastnn import datasets, layers, ops
from fastnn.models import Model

fastnn.utils.set_random_seed(1)
(x, _), _ = datasets.digits.load_data()
x = x[..., None].astype("float32") / 8 - 1
SHORTEST, LONGEST = 0.02, 1.5  # angles: from almost no noise to almost no image


def network():
    """Returns a small U-Net: noisy images and the variance of their noise become the noise."""
    images, variances = layers.Input((8, 8, 1)), layers.Input((1, 1, 1))
    waves = layers.Concatenate()(
        [ops.sin(variances * frequency) for frequency in (1.0, 3.0, 9.0)]
        + [ops.cos(variances * frequency) for frequency in (1.0, 3.0, 9.0)]
    )
    h = layers.Concatenate()([layers.Conv2D(16, 1)(images), layers.UpSampling2D(8)(layers.Dense(16)(waves))])
    skips = []
    for width in (24, 48):
        h = layers.Conv2D(width, 3, padding="same", activation="swish")(h)
        h = layers.Conv2D(width, 3, padding="same", activation="swish")(h)
        skips.append(h)
        h = layers.AveragePooling2D(2)(h)
    h = layers.Conv2D(64, 2, padding="same", activation="swish")(h)
    for width in (48, 24):
        h = layers.Concatenate()([layers.UpSampling2D(2)(h), skips.pop()])
        h = layers.Conv2D(width, 3, padding="same", activation="swish")(h)
    return Model([images, variances], layers.Conv2D(1, 1, kernel_initializer="zeros")(h))


class Diffusion(Model):
    """The network, and the average of its weights over the last steps, which draws better."""

    def __init__(self):
        super().__init__()
        self.network, self.average = network(), network()
        self.average.set_weights(self.network.get_weights())
        self.noise_loss = fastnn.metrics.Mean(name="noise_loss")

    def train_step(self, images):
        batch = ops.shape(images)[0]
        noise = fastnn.random.normal((batch, 8, 8, 1))
        angles = SHORTEST + fastnn.random.uniform((batch, 1, 1, 1)) * (LONGEST - SHORTEST)
        noisy = ops.cos(angles) * images + ops.sin(angles) * noise
        with fastnn.GradientTape() as tape:
            predicted = self.network([noisy, ops.sin(angles) ** 2], training=True)
            loss = ops.mean((noise - predicted) ** 2)
        weights = self.network.trainable_weights
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        self.noise_loss.update_state(loss)
        for slow, weight in zip(self.average.weights, self.network.weights, strict=True):
            slow.assign(0.99 * slow + 0.01 * weight)
        return {"noise_loss": self.noise_loss.result()}

    def draw(self, noise, steps):
        """Returns images, made from noise in steps that each take some of it away."""
        angles = np.linspace(LONGEST, SHORTEST, steps + 1).astype("float32")
        images = noise
        for angle, less in itertools.pairwise(angles):
            variances = np.full((len(images), 1, 1, 1), np.sin(angle) ** 2, "float32")
            found = self.average.predict([images, variances], verbose=0)
            clean = np.clip((images - np.sin(angle) * found) / np.cos(angle), -1, 1)
            images = np.cos(less) * clean + np.sin(less) * found
        return clean


model = Diffusion()
model.compile(fastnn.optimizers.AdamW(2e-3, weight_decay=1e-4))
history = model.fit(x, batch_size=64, epochs=30, verbose=0).history["noise_loss"]
print(f"error of the noise: {history[0]:.3f} in the first epoch, {history[-1]:.3f} in the last")
assert history[-1] < 0.35 < history[0]

drawn = model.draw(np.random.default_rng(0).normal(size=(40, 8, 8, 1)).astype("float32"), 30)


def distance(images):
    """Returns the mean distance of images to the nearest of the first thousand real ones."""
    gaps = images.reshape(-1, 1, 64) - x[:1000].reshape(1, -1, 64)
    return np.sqrt((gaps**2).sum(-1)).min(1).mean()


noise = np.random.default_rng(1).permutation(x[1000:1040].reshape(-1)).reshape(40, 8, 8)
near, real, far = distance(drawn), distance(x[1000:1040]), distance(noise)
print(f"distance to the nearest digit: drawn {near:.2f}, other real ones {real:.2f}, shuffled pixels {far:.2f}")
assert near < (real + far) / 2

print("Made from noise:")
for line in range(2):
    for row in np.concatenate(drawn[line * 8 : line * 8 + 8, :, :, 0], axis=1):
        print("".join(" .:-=+*#%@"[int((pixel + 1) / 2 * 9.99)] * 2 for pixel in row))
if len(sys.argv) > 1:
    fastnn.visualization.plot_image_gallery((drawn + 1) / 2, rows=5, cols=8, value_range=(0, 1), path=sys.argv[1])
