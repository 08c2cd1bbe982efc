"""
Grad-CAM
========

The gradient of a class for the last feature maps shows where in the image a network looks.
"""

import numpy as np

import fastnn
from fastnn import datasets, layers, ops
from fastnn.models import Model

fastnn.utils.set_random_seed(2)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = (one[..., None].astype("float32") / 16 for one in (x, x_test))

# Digits in one corner of a larger, empty image: what the network looks at is known.
random = np.random.default_rng(0)


def placed(digits):
    """Returns images of 16x16 pixels with each digit in a corner, and the corners."""
    images, corners = (
        random.normal(0, 0.05, (len(digits), 16, 16, 1)).astype("float32"),
        random.integers(4, size=len(digits)),
    )
    for image, digit, corner in zip(images, digits, corners, strict=True):
        top, left = 8 * (corner // 2), 8 * (corner % 2)
        image[top : top + 8, left : left + 8] += digit
    return images, corners


train, _ = placed(x)
test, corners = placed(x_test)
image = layers.Input((16, 16, 1))
h = layers.Conv2D(24, 3, padding="same", activation="relu")(image)
h = layers.MaxPooling2D()(h)
maps = layers.Conv2D(48, 3, padding="same", activation="relu", name="last_conv")(h)
h = layers.Conv2D(48, 3, padding="same", activation="relu")(maps)
model = Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(h)))
loss = fastnn.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(fastnn.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
model.fit(train, y, epochs=25, batch_size=32, verbose=0)
accuracy = model.evaluate(test, y_test, verbose=0, return_dict=True)["accuracy"]
print(f"{accuracy:.1%} of the test digits are recognized, wherever they are")
assert accuracy > 0.85

both = Model(model.input, [model.get_layer("last_conv").output, model.output])


@fastnn.function
def heat_of(images):
    """Returns for each image how much each place of the last maps speaks for the class that was found."""
    with fastnn.GradientTape() as tape:
        found, scores = both(images)
        best = ops.max(scores, axis=1)
    importance = ops.mean(tape.gradient(best, found), axis=(1, 2), keepdims=True)
    heat = ops.relu(ops.sum(importance * found, axis=-1))
    return heat / (ops.max(heat, axis=(1, 2), keepdims=True) + 1e-9)


heat = heat_of(test)
quarters = heat.reshape(-1, 2, 4, 2, 4).sum(axis=(2, 4)).reshape(-1, 4)
right = np.mean(quarters.argmax(axis=1) == corners)
print(f"in {right:.1%} of the images most heat is in the corner with the digit")
assert right > 0.9

print("An image, and where the network looks:")
for pixels, row in zip(test[0, :, :, 0], np.repeat(heat[0], 2, axis=0), strict=True):
    left = "".join(" .:-=+*#%@"[int(np.clip(pixel, 0, 1) * 9.99)] * 2 for pixel in pixels)
    print(left, "|", "".join(" .:-=+*#%@"[int(value * 9.99)] * 4 for value in row))
