"""The data sets that are part of the package."""

from __future__ import annotations

import hashlib

import numpy as np

from fastnn.datasets import digits

DIGEST = "0c58cc32255e1a7a22d378e9f2fc4b4836b726965515314ea5d7f85ce47e470d"


def test_digits_are_what_their_page_says() -> None:
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert (x_train.shape, y_train.shape) == ((1442, 8, 8), (1442,))
    assert (x_test.shape, y_test.shape) == ((355, 8, 8), (355,))
    assert x_train.dtype == y_train.dtype == x_test.dtype == y_test.dtype == np.uint8
    assert (x_train.min(), x_train.max()) == (0, 16)
    assert np.bincount(y_test).tolist() == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]
    images, labels = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    assert hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() == DIGEST


def test_no_test_digit_is_among_the_training_digits() -> None:
    (x_train, _), (x_test, _) = digits.load_data()
    assert not {image.tobytes() for image in x_train} & {image.tobytes() for image in x_test}


def test_each_call_gives_arrays_of_its_own() -> None:
    digits.load_data()[0][0][:] = 0
    assert digits.load_data()[0][0].any()
