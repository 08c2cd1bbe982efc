"""
Predicting with a network
=========================

A trained network is asked about samples that it has not seen: ``predict`` returns its outputs, for classes one
probability for each class and sample. Where labels are known, a confusion matrix shows which classes are mistaken for
which.
"""

import matplotlib.pyplot as plt
import numpy as np

import fastnn
from fastnn import datasets
from fastnn.layers import Dense, Flatten, Input
from fastnn.models import Sequential

fastnn.utils.set_random_seed(1)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x / 16, x_test / 16
model = Sequential([Input((8, 8)), Flatten(), Dense(32, activation="relu"), Dense(10, activation="softmax")])
model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=10, epochs=10, verbose=0)

# %%
# The result is an array with a row for each sample. Each row adds up to 1.

predictions = model.predict(x=x_test, batch_size=10, verbose=0)
print(predictions.shape)
for probabilities in predictions[:3]:
    print(probabilities.round(3))
assert np.allclose(predictions.sum(axis=1), 1, atol=1e-5)

# %%
# The predicted class is the one with the largest probability.

classes = predictions.argmax(axis=1)
figure, places = plt.subplots(2, 6, figsize=(9, 3.4), layout="constrained")
surest = predictions.max(axis=1)
for i, axes in zip([*np.argsort(surest)[:6], *range(6)], places.ravel(), strict=True):
    axes.imshow(x_test[i], cmap="gray_r")
    right = classes[i] == y_test[i]
    axes.set_title(f"{classes[i]} ({surest[i]:.0%})\ntrue {y_test[i]}", fontsize=8, color="C2" if right else "C3")
    axes.set_axis_off()
plt.show()

# %%
# The first row holds the six digits of which the network is least sure.
#
# The confusion matrix counts, for each true digit (row), what was predicted (column). Right answers lie on the
# diagonal. ``fastnn.utils.plot_confusion_matrix`` draws it in one line; here it is by hand.

matrix = np.zeros((10, 10), int)
np.add.at(matrix, (y_test.astype(int), classes), 1)
figure, axes = plt.subplots(figsize=(5, 4.4), layout="constrained")
axes.imshow(matrix, cmap="Blues")
for i in range(10):
    for j in range(10):
        if matrix[i, j]:
            axes.text(j, i, matrix[i, j], ha="center", va="center", color="white" if matrix[i, j] > 20 else "black")
axes.set(xlabel="predicted digit", ylabel="true digit", xticks=range(10), yticks=range(10))
plt.show()
print(f"{matrix.trace() / matrix.sum():.1%} of the digits are on the diagonal")
assert matrix.sum() == len(y_test)
assert abs(matrix.trace() / matrix.sum() - model.evaluate(x_test, y_test, verbose=0)[1]) < 1e-6

# %%
# A mistake to know
# -----------------
#
# One image is not a batch. The shape of the input begins with the number of samples:

try:
    model.predict(x_test[0], verbose=0)
except ValueError as error:
    print(error)
print(model.predict(x_test[:1], verbose=0).shape)

# %%
# Exercises
# ---------
#
# 1. Which pair of digits is mixed up most often?
# 2. Refuse to answer where the largest probability is below 90 %. How many digits are refused, and how many of the
#    others are right?
#
# Solution of 1
# -------------

mistakes = matrix + matrix.T
np.fill_diagonal(mistakes, 0)
a, b = np.unravel_index(mistakes.argmax(), mistakes.shape)
print(f"{a} and {b}: {mistakes[a, b]} times")

# %%
# Solution of 2
# -------------

sure = surest >= 0.9
print(f"{(~sure).sum()} of {len(sure)} refused; of the others {(classes == y_test)[sure].mean():.1%} are right")
assert (classes == y_test)[sure].mean() >= (classes == y_test).mean()
