"""
A layer, a loss, a metric and a model of your own
=================================================

Custom layer, loss, metric and model, written with fastnn.ops; gradients are automatic.
"""

import numpy as np

import fastnn
from fastnn import datasets, layers, ops
from fastnn.layers import Dense
from fastnn.models import Model, Sequential

(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = x.reshape(-1, 64) / 16, x_test.reshape(-1, 64) / 16
y_one_hot = np.eye(10)[y]


class MyDense(layers.Layer):
    """Custom layer: it creates its weights in build, when the shape of its input is known, and computes in call."""

    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = fastnn.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, inputs):
        return self.activation(ops.matmul(inputs, self.w) + self.b)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "activation": fastnn.activations.serialize(self.activation),
        }


def trained(kind):
    fastnn.utils.set_random_seed(1)
    model = Sequential([layers.Input((64,)), kind(32, activation="relu"), kind(10, activation="softmax")])
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=32, epochs=5, verbose=0)
    return model


ours, theirs = trained(MyDense), trained(Dense)
apart = np.abs(ours.predict(x_test, verbose=0) - theirs.predict(x_test, verbose=0)).max()
print(f"after five epochs MyDense and Dense differ by {apart:.1e} at most")
assert apart < 1e-4


def focal_loss(y_true, y_pred):
    """Returns the focal loss, in which well-classified samples count less (Lin et al., 2017)."""
    p = ops.sum(y_true * y_pred, axis=-1)
    return -((1 - p) ** 2) * ops.log(ops.maximum(p, 1e-7))


class MacroRecall(fastnn.metrics.Metric):
    """Mean recall over the classes: a rare class counts as much as a frequent one."""

    def __init__(self, classes, name="macro_recall", **kwargs):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.found = self.add_variable(shape=(classes,), initializer="zeros", name="found")
        self.seen = self.add_variable(shape=(classes,), initializer="zeros", name="seen")

    def update_state(self, y_true, y_pred, sample_weight=None):
        right = ops.cast(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)), "float32")
        self.found.assign_add(ops.sum(y_true * ops.expand_dims(right, -1), axis=0))
        self.seen.assign_add(ops.sum(y_true, axis=0))

    def result(self):
        return ops.mean(self.found / ops.maximum(self.seen, 1))


class Classifier(Model):
    """Custom model: its layers are attributes, and call computes with them."""

    def __init__(self, classes, **kwargs):
        super().__init__(**kwargs)
        self.hidden = MyDense(64, activation="relu")
        self.dropout = layers.Dropout(0.3)
        self.out = Dense(classes, activation="softmax")

    def call(self, inputs, training=False):
        h = self.hidden(inputs)
        if training:
            h = self.dropout(h, training=training)
        return self.out(h)


fastnn.utils.set_random_seed(1)
model = Classifier(10)
model.compile("adam", loss=focal_loss, metrics=[MacroRecall(10), "accuracy"])
history = model.fit(x, y_one_hot, batch_size=32, epochs=15, validation_split=0.1, verbose=2)
model.summary()
assert history.history["loss"][-1] < history.history["loss"][0] / 4

loss, recall, accuracy = model.evaluate(x_test, np.eye(10)[y_test], verbose=0)
digits = model.predict(x_test, verbose=0).argmax(axis=1)
by_hand = np.mean([np.mean(digits[y_test == k] == k) for k in range(10)])
print(f"focal loss {loss:.4f}, accuracy {accuracy:.1%}, macro recall {recall:.4f}, by hand {by_hand:.4f}")
assert abs(recall - by_hand) < 1e-5
assert recall > 0.88
