"""
Training from a folder of images
================================

One subfolder for each class, files decoded while the network trains.
"""

from pathlib import Path

import numpy as np

import fastnn
from fastnn import datasets, utils
from fastnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D, RandomTranslation, Rescaling
from fastnn.models import Sequential

# The bundled digits as files: digits/0/0001.png and so on.
(x, y), (x_new, y_new) = datasets.digits.load_data()
for folder, images, labels in (("digits", x, y), ("new_digits", x_new, y_new)):
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        Path(folder, str(label)).mkdir(parents=True, exist_ok=True)
        utils.save_img(f"{folder}/{label}/{i:04}.png", image[..., None] * 15, scale=False)

fastnn.utils.set_random_seed(1)
arguments = {"color_mode": "grayscale", "image_size": (8, 8), "batch_size": 32}
train, validation = utils.image_dataset_from_directory(
    "digits", validation_split=0.2, subset="both", seed=1, **arguments
)
test = utils.image_dataset_from_directory("new_digits", shuffle=False, **arguments)
assert train.class_names == [str(digit) for digit in range(10)]
for images, labels in train.take(1):
    print(f"A batch: images {images.shape} from {images.min():.0f} to {images.max():.0f}, labels {labels.shape}")

# Decoded once: the files are small. Larger ones are better read anew in each epoch.
train, validation = train.cache().shuffle(36), validation.cache()

model = Sequential(
    [
        Input((8, 8, 1)),
        Rescaling(1 / 255),
        RandomTranslation(0.1, 0.1, fill_mode="constant"),
        Conv2D(16, 3, padding="same", activation="relu"),
        MaxPooling2D(),
        Conv2D(32, 3, padding="same", activation="relu"),
        Flatten(),
        Dense(10, activation="softmax"),
    ]
)
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=validation, epochs=20, verbose=0)
accuracy = model.evaluate(test, verbose=0)[1]
print(f"{accuracy:.1%} of {len(test.file_paths)} new files classified correctly")
assert accuracy > 0.93

wrong = np.flatnonzero(model.predict(test, verbose=0).argmax(axis=1) != np.sort(y_new))
print("Mistaken for others:", *(test.file_paths[i] for i in wrong[:3]))
