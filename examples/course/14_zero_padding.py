"""
Zero padding and stride
=======================

A filter of f x f pixels has n - f + 1 places in a row of n pixels: without padding (``"valid"``) images shrink from
layer to layer, and the pixels of the border count less. With zeros around the image (``"same"``) the size stays the
same.
"""

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from fastnn.layers import Conv2D, Dense, Flatten, Input
from fastnn.models import Sequential

# %%
# Each picture shows where a filter of 3 x 3 may lie on 5 x 5 pixels: the places of its center are dots, the first place
# is framed. Zeros of the padding are gray.


def draw(axes, size, kernel, stride, padding):
    out = -(-size // stride) if padding == "same" else (size - kernel) // stride + 1
    before = max((out - 1) * stride + kernel - size, 0) // 2 if padding == "same" else 0
    after = max((out - 1) * stride + kernel - size, 0) - before if padding == "same" else 0
    for i in range(-before, size + after):
        for j in range(-before, size + after):
            inside = 0 <= i < size and 0 <= j < size
            axes.add_patch(Rectangle((j, i), 1, 1, facecolor="#cfe2f3" if inside else "#dddddd", edgecolor="white"))
            if not inside:
                axes.text(j + 0.5, i + 0.5, "0", ha="center", va="center", color="#888888", fontsize=8)
    for i in range(out):
        for j in range(out):
            axes.plot(j * stride - before + kernel / 2, i * stride - before + kernel / 2, "o", color="C1")
    axes.add_patch(Rectangle((-before, -before), kernel, kernel, fill=False, edgecolor="C3", linewidth=2))
    layer = Conv2D(1, kernel, strides=stride, padding=padding)
    measured = layer.compute_output_shape((None, size, size, 1))[1]
    assert measured == out
    axes.set(xlim=(-1.6, size + 1.6), ylim=(size + 1.6, -1.6), aspect="equal")
    axes.set_title(f"{padding}, stride {stride}\n{size} x {size} becomes {out} x {out}", fontsize=9)
    axes.set_axis_off()


figure, places = plt.subplots(1, 4, figsize=(11, 3.2), layout="constrained")
for axes, (stride, padding) in zip(places, [(1, "valid"), (1, "same"), (2, "valid"), (2, "same")], strict=True):
    draw(axes, 5, 3, stride, padding)
plt.show()

# %%
# The stride is the number of pixels by which the filter moves: with 2 the output has half the size.
#
# In a network
# ------------
#
# The same layers with both paddings. The last dense layer sees what is left of the image, so that its number of
# parameters differs:


def network(padding):
    return Sequential(
        [
            Dense(16, input_shape=(20, 20, 3), activation="relu"),
            Conv2D(32, kernel_size=(3, 3), activation="relu", padding=padding),
            Conv2D(64, kernel_size=(5, 5), activation="relu", padding=padding),
            Conv2D(128, kernel_size=(7, 7), activation="relu", padding=padding),
            Flatten(),
            Dense(2, activation="softmax"),
        ]
    )


model_valid = network("valid")
model_valid.summary()
assert model_valid.count_params() == 473_890

# %%

model_same = network("same")
model_same.summary()
assert model_same.count_params() == 559_906

# %%
# The size of the images from layer to layer:

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for name, model in {"valid": model_valid, "same": model_same}.items():
    sizes = [20] + [layer.output_shape[1] for layer in model.layers[:4]]
    axes.plot(range(5), sizes, "o-", label=name)
axes.set(xticks=range(5), ylabel="pixels in a row", ylim=(0, 22))
axes.set_xticklabels(["input", "dense", "3 x 3", "5 x 5", "7 x 7"])
axes.legend()
plt.show()

# %%
# Mistakes to know
# ----------------
#
# A filter that is larger than what is left of the image, and a padding that does not exist:

for wrong in (lambda: Sequential([Input((5, 5, 1)), Conv2D(8, 7)]), lambda: Conv2D(8, 3, padding="some")):
    try:
        wrong()
    except ValueError as error:
        print(error)

# %%
# Exercises
# ---------
#
# 1. An image of 28 x 28 passes three layers of 5 x 5 filters without padding. What is its size then? And with stride 2?
# 2. How many zeros does ``"same"`` add at each side for a filter of 7 x 7 and stride 1? And for 4 x 4?
#
# Solution of 1
# -------------


def size_after(stride):
    shape = (None, 28, 28, 1)
    for _ in range(3):
        shape = Conv2D(1, 5, strides=stride).compute_output_shape(shape) if shape[1] >= 5 else None
        if shape is None:
            return "no pixels: the third filter is larger than the image"
    return shape[1]


print("stride 1:", size_after(1), "stride 2:", size_after(2))
assert size_after(1) == 28 - 3 * 4

# %%
# Solution of 2
# -------------
#
# The output has as many pixels as the input, so f - 1 zeros are added in a row: 3 at each side for 7 x 7. For 4 x 4
# three zeros cannot be shared out equally: one comes before and two after, as in TensorFlow. A row with a single 1 at
# its beginning shows it: two places of a filter of ones reach it.

ones = Sequential([Input((1, 5, 1)), Conv2D(1, (1, 4), padding="same", use_bias=False, kernel_initializer="ones")])
print(ones.predict([[[[1.0], [0], [0], [0], [0]]]], verbose=0)[0, 0, :, 0])
