"""Handwritten digits: 1,797 grayscale images of 8x8 pixels, part of the package.

E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository (1998),
https://doi.org/10.24432/C50P49, licence CC BY 4.0; taken from the copy in scikit-learn. People wrote digits on forms;
each was scanned to 32x32 black and white pixels, and a pixel here counts the dark ones in a block of 4x4: 0 to 16.

`digits.npz` holds `images` (1797, 8, 8) and `labels` (1797,), both uint8, in the order of the split. It was made from
`sklearn.datasets.load_digits` by these lines:

    data, random = load_digits(), np.random.default_rng(0)
    classes = [random.permutation(np.flatnonzero(data.target == digit)) for digit in range(10)]
    train = random.permutation(np.concatenate([rows[len(rows) // 5 :] for rows in classes]))
    test = random.permutation(np.concatenate([rows[: len(rows) // 5] for rows in classes]))
    order = np.concatenate([train, test])
    images, labels = data.images[order].astype(np.uint8), data.target[order].astype(np.uint8)
    np.savez_compressed("digits.npz", images=images, labels=labels)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TRAIN_ROWS = 1442

__all__ = ["load_data"]

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data() -> tuple[Split, Split]:
    """Loads the digits, always split in the same way, with the same class frequencies in both parts.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(1442, 8, 8)` and `(355, 8, 8)`, uint8 from 0 (paper)
        to 16 (ink), and labels of shape `(1442,)` and `(355,)`, uint8 from 0 to 9.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = fastnn.datasets.digits.load_data()
        >>> x_train.shape, int(y_test[0])
        ((1442, 8, 8), 2)
    """
    from importlib.resources import files

    with files("fastnn.datasets").joinpath("digits.npz").open("rb") as file, np.load(file) as data:
        images, labels = data["images"], data["labels"]
    return (images[:TRAIN_ROWS], labels[:TRAIN_ROWS]), (images[TRAIN_ROWS:], labels[TRAIN_ROWS:])


def __dir__() -> list[str]:
    return __all__
