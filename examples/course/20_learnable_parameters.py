"""Learnable parameters: inputs times outputs plus biases, for dense and for convolutional layers."""

from fastnn.layers import BatchNormalization, Conv2D, Dense, Flatten, Input
from fastnn.models import Sequential

dense = Sequential([Input((2,)), Dense(3, activation="relu"), Dense(2, activation="softmax")])
by_hand = [2 * 3 + 3, 3 * 2 + 2]
print("dense:", [layer.count_params() for layer in dense.layers], "by hand", by_hand, "total", dense.count_params())
assert dense.count_params() == sum(by_hand) == 17

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
print("cnn:  ", [layer.count_params() for layer in cnn.layers], "by hand", by_hand, "total", cnn.count_params())
assert cnn.count_params() == sum(by_hand) == 2515

# Without biases the count is the product alone; batch normalization adds four parameters for each feature, two of them
# trainable.
bare = Sequential([Input((8,)), Dense(6, use_bias=False), BatchNormalization(), Dense(4)])
bare.summary()
assert [layer.count_params() for layer in bare.layers] == [48, 24, 28]
assert sum(w.numpy().size for w in bare.non_trainable_weights) == 12
