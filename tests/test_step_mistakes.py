"""What steps of a user's own say about mistakes that users make."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Model, Sequential, layers, losses, ops


class Own(Model):
    """A model whose step is given."""

    def __init__(self, step):
        super().__init__()
        self.net = Sequential([layers.Input((5,)), layers.Dense(3)])
        self.step = step

    def call(self, x, training=None):
        return self.net(x)

    def train_step(self, data):
        return self.step(self, data)


def _model(step) -> Own:
    model = Own(step)
    model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def _data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(0)
    return random.normal(size=(16, 5)).astype("float32"), random.randint(0, 3, 16)


def _gradients(model, data):
    x, y = data
    with GradientTape() as tape:
        loss = model.compute_loss(y=y, y_pred=model(x))
    return loss, tape.gradient(loss, model.trainable_variables)


def _no_zip(model, data):
    loss, gradients = _gradients(model, data)
    model.optimizer.apply_gradients(gradients)
    return {"loss": loss}


def _swapped(model, data):
    loss, gradients = _gradients(model, data)
    model.optimizer.apply_gradients(zip(model.trainable_variables, gradients, strict=True))
    return {"loss": loss}


def _outside(model, data):
    x, _ = data
    with GradientTape() as tape:
        y_pred = model(x)
    loss = ops.mean(y_pred**2)
    model.optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    return {"loss": loss}


def _not_unpacked(model, data):
    return {"loss": ops.mean(model(data))}


def _masked(model, data):
    x, _ = data
    return {"loss": ops.mean(x[x > 0])}


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (_no_zip, r"Adam: apply_gradients expects pairs.*got KerasTensor; write apply_gradients\(zip\(gradients"),
        (_swapped, r"Adam: apply expects variables to move, got KerasTensor; give the gradients first"),
        (_outside, r"Adam: apply got no gradient for any weight.*within `with GradientTape\(\) as tape:`"),
        (_not_unpacked, r"expects symbolic tensors, got a tuple of 2; .*x, y = data.*in line"),
        (_masked, r"x\[mask\] has as many rows.*ops.where\(mask, x, 0\).*in line"),
    ],
    ids=["no-zip", "swapped", "outside-of-the-tape", "data-not-unpacked", "boolean-mask"],
)
def test_mistakes_are_named(step, message: str) -> None:
    """Who expected what, and the mend."""
    with pytest.raises((TypeError, ValueError, IndexError), match=message):
        _model(step).fit(*_data(), batch_size=8, verbose=0)


def test_arguments_of_a_function_with_different_rows_are_told_by_their_shapes() -> None:
    """Not by the size of a batch, which a function of arrays does not have."""

    @fastnn.function
    def distance(x, y):
        return ops.mean((x - y) ** 2)

    with pytest.raises(ValueError, match=r"float32 \(16, 5\) and float32 \(7, 5\)"):
        distance(np.zeros((16, 5), "float32"), np.zeros((7, 5), "float32"))


def test_the_warning_of_a_step_that_trains_nothing_names_the_line_of_fit() -> None:
    """It is told where the user has called `fit`."""
    with pytest.warns(UserWarning, match="applies no gradient") as told:
        _model(lambda model, data: {"loss": ops.mean(data[0])}).fit(*_data(), verbose=0)
    assert told[0].filename == __file__


def test_masks_that_are_known_pick_rows() -> None:
    """Booleans are not the integers 0 and 1."""
    x = _data()[0]
    keep = np.array([True, False, True, True, False])

    @fastnn.function
    def picked(x):
        return x[:, keep], x[:, [False, True, False, False, False]]

    found = picked(x)
    np.testing.assert_array_equal(found[0], x[:, keep])
    np.testing.assert_array_equal(found[1], x[:, 1:2])
    with pytest.raises(IndexError, match=r"a mask for an axis of 5 .* shape \(3,\)"):
        fastnn.function(lambda x: x[:, [True, False, True]])(x)
