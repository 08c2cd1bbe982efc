"""
Knowledge distillation
======================

A small student learns from the soft answers of a large teacher, by its own compute_loss.
"""

import numpy as np

import fastnn
from fastnn import datasets, layers, ops
from fastnn.models import Model, Sequential

fastnn.utils.set_random_seed(5)
(x, y), (x_test, y_test) = datasets.digits.load_data()
x, x_test = (one[..., None].astype("float32") / 16 for one in (x, x_test))

teacher = Sequential([
    layers.Input((8, 8, 1)), layers.Conv2D(32, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
    layers.Conv2D(64, 3, padding="same", activation="relu"), layers.Flatten(), layers.Dropout(0.3),
    layers.Dense(128, activation="relu"), layers.Dense(10),
])  # fmt: skip
cross_entropy = fastnn.losses.SparseCategoricalCrossentropy(from_logits=True)
teacher.compile("adam", cross_entropy, metrics=["accuracy"])
teacher.fit(x, y, epochs=20, verbose=0)
teacher.trainable = False


def student():
    """Returns the small network."""
    return Sequential(
        [layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(10, activation="relu"), layers.Dense(10)]
    )


class Distiller(Model):
    """A student whose loss is that of the labels and its distance to the teacher's probabilities.

    Args:
        student: The network that learns.
        teacher: The network that knows.
        alpha: The share of the labels.
        temperature: The factor by which the probabilities of both are flattened.
    """

    def __init__(self, student, teacher, alpha=0.1, temperature=3.0):
        super().__init__()
        self.student, self.teacher = student, teacher
        self.alpha, self.temperature = alpha, temperature
        self.divergence = fastnn.losses.KLDivergence()

    def call(self, inputs):
        return self.student(inputs)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        soft = ops.softmax(self.teacher(x, training=False) / self.temperature)
        distance = self.divergence(soft, ops.softmax(y_pred / self.temperature)) * self.temperature**2
        return self.alpha * cross_entropy(y, y_pred) + (1 - self.alpha) * distance


few = slice(0, 200)  # labels are rare
alone = student()
alone.compile(fastnn.optimizers.Adam(3e-3), cross_entropy, metrics=["accuracy"])
alone.fit(x[few], y[few], epochs=60, verbose=0)

distiller = Distiller(student(), teacher)
distiller.compile(fastnn.optimizers.Adam(3e-3), metrics=[fastnn.metrics.SparseCategoricalAccuracy(name="accuracy")])
distiller.fit(x, teacher.predict(x, verbose=0).argmax(-1), epochs=20, verbose=0)


def accuracy(model):
    """Returns the share of test digits that a network recognizes."""
    return float(np.mean(model.predict(x_test, verbose=0).argmax(-1) == y_test))


found = accuracy(teacher), accuracy(distiller.student), accuracy(alone)
print(f"weights: teacher {teacher.count_params()}, student {alone.count_params()}")
print("correct: teacher {:.1%}, distilled student {:.1%}, student of few labels {:.1%}".format(*found))
assert found[0] > found[1] > found[2]
