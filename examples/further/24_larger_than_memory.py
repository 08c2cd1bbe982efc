"""
Data larger than memory
=======================

A file on disk is trained on as if it were an array, and only the rows of a batch are read.

The file here is small, so that the example is quick. With ROWS = 10_000_000 it has 10 GB, and nothing else changes.
"""

import tempfile
from pathlib import Path

import numpy as np

import fastnn
from fastnn.layers import Dense, Input, Rescaling
from fastnn.models import Sequential

ROWS, SIZE = 20_000, 256
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "rows.uint8"

# The file is written piece by piece. A row is of class 1 where its first half is brighter than its second.
rng = np.random.default_rng(1)
labels = np.empty(ROWS, np.uint8)
with open(path, "wb") as file:
    for start in range(0, ROWS, 1000):
        rows = rng.integers(0, 256, (1000, SIZE), dtype=np.uint8)
        labels[start : start + 1000] = rows[:, : SIZE // 2].mean(axis=1) > rows[:, SIZE // 2 :].mean(axis=1)
        file.write(rows.tobytes())

# A memory map has the type of an array and the size of the file, and takes no memory. It is never copied as a whole:
# bytes become float32 batch by batch, in the core.
x = np.memmap(path, np.uint8, mode="r", shape=(ROWS, SIZE))
model = Sequential([Input((SIZE,)), Rescaling(1 / 255), Dense(32, activation="relu"), Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x, labels, batch_size=64, epochs=5, validation_split=0.1, verbose=2)


# Where batches need more work than reading, a PyDataset makes them, in threads and while the model trains.
class Noisy(fastnn.utils.PyDataset):
    """The same rows with noise, which is drawn anew for each batch."""

    def __len__(self):
        return ROWS // 64

    def __getitem__(self, index):
        rows = slice(64 * index, 64 * index + 64)
        noise = np.random.default_rng(index).normal(0, 8, (64, SIZE))
        return x[rows] + noise, labels[rows]


model.fit(Noisy(workers=2), epochs=2, verbose=2)
_, accuracy = model.evaluate(x, labels, batch_size=256, verbose=0)
print(f"{ROWS} rows of {path.stat().st_size / 1e6:.0f} MB on disk: {accuracy:.1%} classified correctly")
assert accuracy > 0.9
folder.cleanup()
