"""
Learnable parameters
====================

What training changes: weights and biases. A dense layer has inputs x outputs weights and a bias for each output; a
convolutional layer has, for each filter, a weight for each place of its window and each input channel, and a bias.
"""

import matplotlib.pyplot as plt

from fastnn.layers import BatchNormalization, Conv2D, Dense, Flatten, Input
from fastnn.models import Sequential

# %%
# Two inputs, three hidden neurons, two outputs: 2 x 3 + 3 = 9 and 3 x 2 + 2 = 8, together 17.

dense = Sequential([Input((2,)), Dense(3, activation="relu"), Dense(2, activation="softmax")])
by_hand = [2 * 3 + 3, 3 * 2 + 2]
print([layer.count_params() for layer in dense.layers], "by hand", by_hand, "total", dense.count_params())
assert dense.count_params() == sum(by_hand) == 17

# %%
# Two convolutional layers on an image of 20 x 20 with three channels: 2 filters of 3 x 3 over 3 channels have
# 3 x 3 x 3 x 2 + 2 = 56 parameters, 3 filters over 2 channels 3 x 3 x 2 x 3 + 3 = 57. The size of the image counts only
# where it is flattened: 20 x 20 x 3 numbers for 2 neurons make 20 x 20 x 3 x 2 + 2 = 2,402.

cnn = Sequential(
    [
        Input((20, 20, 3)),
        Conv2D(2, kernel_size=(3, 3), padding="same"),
        Conv2D(3, kernel_size=(3, 3), padding="same"),
        Flatten(),
        Dense(2),
    ]
)
by_hand = [3 * (2 * 3 * 3) + 2, 2 * (3 * 3 * 3) + 3, 0, 20 * 20 * 3 * 2 + 2]
print([layer.count_params() for layer in cnn.layers], "by hand", by_hand, "total", cnn.count_params())
assert cnn.count_params() == sum(by_hand) == 2515
cnn.summary()

# %%
# Where the parameters of a network are: convolutions have few, dense layers on images many.

bigger = Sequential(
    [
        Input((32, 32, 3)),
        Conv2D(32, 3, padding="same", activation="relu"),
        Conv2D(64, 3, strides=2, padding="same", activation="relu"),
        Conv2D(128, 3, strides=2, padding="same", activation="relu"),
        Flatten(),
        Dense(128, activation="relu"),
        Dense(10, activation="softmax"),
    ]
)
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
names = [layer.name for layer in bigger.layers]
bars = axes.barh(names, [layer.count_params() for layer in bigger.layers])
axes.bar_label(bars, [f"{layer.count_params():,}" for layer in bigger.layers], padding=3, fontsize=8)
axes.invert_yaxis()
axes.set(xlabel="parameters")
axes.margins(x=0.15)
plt.show()

# %%
# Trainable or not
# ----------------
#
# Without biases the count is the product alone. Batch normalization has four parameters for each feature: two are
# learned, two are statistics that it keeps.

bare = Sequential([Input((8,)), Dense(6, use_bias=False), BatchNormalization(), Dense(4)])
bare.summary()
assert [layer.count_params() for layer in bare.layers] == [48, 24, 28]
assert sum(w.numpy().size for w in bare.non_trainable_weights) == 12

# %%
# A mistake to know
# -----------------
#
# Weights of another network do not fit:

try:
    dense.set_weights(cnn.get_weights())
except ValueError as error:
    print(error)

# %%
# Exercises
# ---------
#
# 1. Count by hand: images of 28 x 28 x 1, 32 filters of 5 x 5 without padding, pooling 2 x 2, flatten, 10 outputs.
# 2. Replace ``Flatten`` by ``GlobalAveragePooling2D`` in the bigger network above. How many parameters are left?
#
# Solution of 1
# -------------

from fastnn.layers import GlobalAveragePooling2D, MaxPooling2D

by_hand = (5 * 5 * 1 * 32 + 32) + 0 + (12 * 12 * 32 * 10 + 10)
net = Sequential([Input((28, 28, 1)), Conv2D(32, 5), MaxPooling2D(), Flatten(), Dense(10)])
print("by hand", by_hand, "counted", net.count_params())
assert by_hand == net.count_params()

# %%
# Solution of 2
# -------------

thrifty = Sequential([GlobalAveragePooling2D() if isinstance(one, Flatten) else one for one in bigger.layers[:4]])
thrifty.add(Dense(128, activation="relu"))
thrifty.add(Dense(10, activation="softmax"))
thrifty.build((None, 32, 32, 3))
print(f"{thrifty.count_params():,} instead of {bigger.count_params():,}")
assert thrifty.count_params() < bigger.count_params() / 5
