"""
Several processes
=================

One model trained by several processes, on one machine or on many.

Alone it trains as any script does; ``mpiexec -n 4 python 40_several_processes.py`` divides each batch among four
processes, with the same weights to the last bit. Needs ``pip install mpi4py mpich`` for more than one process.
"""

import numpy as np

import fastnn
from fastnn.distribution import DataParallel, list_devices, set_distribution
from fastnn.layers import BatchNormalization, Conv2D, Dense, Flatten, Input

# The three lines that make it a script for several processes: the import, and these two.
fastnn.distribution.initialize()
set_distribution(DataParallel())

(x_train, y_train), (x_test, y_test) = fastnn.datasets.digits.load_data()
x_train, x_test = x_train[..., np.newaxis] / 16, x_test[..., np.newaxis] / 16

fastnn.utils.set_random_seed(1)
model = fastnn.Sequential(
    [
        Input((8, 8, 1)),
        Conv2D(16, 3, activation="relu"),
        BatchNormalization(),  # the statistics are those of the whole batch
        Flatten(),
        Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

# batch_size is that of all processes together. Process 0 alone draws the bar.
model.fit(x_train, y_train, batch_size=64, epochs=5, verbose=2)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
assert accuracy > 0.9

# What a script prints itself, every process prints: ask MPI which one this is where that is too much.
print(f"one of {len(list_devices())} processes: {accuracy:.1%} of new digits classified correctly")
