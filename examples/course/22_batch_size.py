"""
Batch size
==========

The batch size is the number of samples that pass through the network together before its weights move. An epoch of
1,000 samples in batches of 10 has 100 steps; where the last batch is not full it is smaller.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Dense, Flatten, Input
from fastnn.models import Sequential

for rows in (1000, 1005):
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile("sgd", loss="mse")
    counted = []
    count = fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: counted.append(batch))
    model.fit(np.zeros((rows, 1)), np.zeros((rows, 1)), batch_size=10, verbose=0, callbacks=[count])
    print(f"{rows} samples in batches of 10: {len(counted)} steps")
    assert len(counted) == -(-rows // 10)

# %%
# Speed and steps
# ---------------
#
# Large batches use the processor better: an epoch takes less time. But it has fewer steps, so that more epochs are
# needed.

(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x / 16, x_test / 16
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
seconds, reached = {}, {}
for size in (1, 8, 32, 128, 512):
    fastnn.utils.set_random_seed(1)
    model = Sequential([Input((8, 8)), Flatten(), Dense(64, activation="relu"), Dense(10, activation="softmax")])
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    ends = []
    clock = fastnn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()))
    logs = model.fit(
        x, y, batch_size=size, epochs=10, validation_data=(x_test, y_test), verbose=0, callbacks=[clock]
    ).history
    seconds[size] = np.diff(ends).min()
    reached[size] = logs["val_accuracy"]
    right.plot(range(1, 11), logs["val_accuracy"], label=f"batch size {size}")
left.bar([str(size) for size in seconds], list(seconds.values()))
left.set(xlabel="batch size", ylabel="seconds for an epoch")
right.set(xlabel="epoch", ylabel="validation accuracy")
right.legend(fontsize=8)
plt.show()
assert reached[8][0] > reached[512][0]

# %%
# Memory is the other limit: all that a step computes is kept for the backward pass, once for each sample of the batch.
#
# Mistakes to know
# ----------------
#
# A batch has at least one sample, and an argument that does not exist is refused; the message names the one that was
# probably meant:

for wrong in ({"batch_size": 0}, {"epoch": 3}):
    try:
        model.fit(x, y, verbose=0, **wrong)
    except (TypeError, ValueError) as error:
        print(error)

# %%
# Exercises
# ---------
#
# 1. The learning rate belongs to the batch size: train with batches of 512 and a learning rate ten times as large.
# 2. Show that one step on a batch of two equal samples is a step on one of them.
#
# Solution of 1
# -------------

fastnn.utils.set_random_seed(1)
model = Sequential([Input((8, 8)), Flatten(), Dense(64, activation="relu"), Dense(10, activation="softmax")])
model.compile(fastnn.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
logs = model.fit(x, y, batch_size=512, epochs=10, validation_data=(x_test, y_test), verbose=0).history
print(f"accuracy {logs['val_accuracy'][-1]:.1%} instead of {reached[512][-1]:.1%}")
assert logs["val_accuracy"][-1] > reached[512][-1]

# %%
# Solution of 2
# -------------

weights = []
for repeats in (1, 2):
    fastnn.utils.set_random_seed(1)
    one = Sequential([Dense(3, input_shape=(4,))])
    one.compile("sgd", loss="mse")
    one.train_on_batch(np.repeat([[1.0, 2, 3, 4]], repeats, axis=0), np.repeat([[1.0, 0, 1]], repeats, axis=0))
    weights.append(one.get_weights()[0])
assert np.allclose(*weights, atol=1e-6)
print("The loss is a mean over the batch: the same step.")
