"""Losses, metrics, optimizers and the modes of callbacks, with the numbers of Keras 3.15.1 on jax."""

import csv

import numpy as np
import pytest

import fastnn
from fastnn import callbacks, layers, losses, metrics, optimizers


def spread(*shape, start=0.1):
    return ((np.arange(int(np.prod(shape))) * 0.37 + start) % 1.0).reshape(shape)


def weights(shape):
    return None if shape is None else (np.arange(int(np.prod(shape))) % 5 + 1.0).reshape(shape)


MEANS = "sum_over_batch_size", "sum", "mean_with_sample_weight"

# Shapes of targets, predictions and sample weights; the loss by each of MEANS; two metrics, after a second batch
# without weights. None: Keras raises.
SHAPES = [
    ((2, 3), (2, 3), (2,), 0.375, 0.75, 0.25, 0.25, 0.5),
    ((2, 3), (2, 3), (2, 1), 0.375, 0.75, 0.25, 0.25, 0.5),
    ((2, 3), (2, 3), (), 0.25, 0.5, 0.5, 0.25, 0.5),
    ((3,), (3, 1), (3,), 0.5, 1.5, 0.25, 0.25, 0.5),
    ((3, 1), (3,), (3, 1), 0.5, 1.5, 0.25, 0.25, 0.5),
    ((2, 3, 1), (2, 3, 1), (2, 3), 0.66667, 4.0, 0.25, 0.25, 0.5),
    ((2, 3, 1), (2, 3, 1), (2, 3, 1), 0.66667, 4.0, 0.25, 0.25, 0.5),
    ((2, 3, 4), (2, 3, 4), (2, 1), 0.375, 2.25, 0.75, 0.25, 0.5),
    ((2, 3, 4), (2, 3, 4), (1, 3), 0.5, 3.0, 0.5, 0.25, 0.5),
    ((2, 3, 4), (2, 3, 4), (2, 3, 1), 0.66667, 4.0, 0.25, 0.25, 0.5),
    ((2, 3), (2, 3, 1), (2, 3, 1), 0.66667, 8.0, 0.5, None, 0.5),
    ((2, 3), (1, 3), (2,), 0.35043, 0.70087, 0.23362, 0.23526, 0.48504),
    ((3,), (2, 3), (2, 1), 0.35043, 0.70087, 0.23362, 0.23526, 0.48504),
]


@pytest.mark.parametrize("row", SHAPES, ids=str)
def test_sample_weights_of_every_shape(row):
    true, predicted = spread(*row[0]), spread(*row[1], start=0.6)
    for reduction, expected in zip(MEANS, row[3:6], strict=True):
        found = losses.MeanSquaredError(reduction=reduction)(true, predicted, weights(row[2]))
        assert found == pytest.approx(expected, abs=2e-5)
    for cls, expected in zip((metrics.MeanSquaredError, metrics.RootMeanSquaredError), row[6:], strict=True):
        metric = cls()
        if expected is None:
            with pytest.raises(ValueError, match="sample_weight of shape"):
                metric.update_state(true, predicted, weights(row[2]))
            continue
        metric.update_state(true, predicted, weights(row[2]))
        metric.update_state(true, predicted)
        assert metric.result() == pytest.approx(expected, abs=2e-5)


def test_sample_weights_that_do_not_broadcast():
    with pytest.raises(ValueError, match=r"pass sample_weight.reshape\(-1, 1\)"):
        losses.MeanSquaredError()(spread(2, 3, 4), spread(2, 3, 4), [1.0, 2.0])


def test_values_without_reduction():
    values = losses.MeanSquaredError(reduction="none")(spread(2, 3), spread(2, 3, start=0.6), [[1.0], [2.0]])
    np.testing.assert_allclose(values, [[0.25], [0.5]], rtol=1e-6)


P = np.array(
    [[[0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [0.6, 0.2, 0.2]], [[0.3, 0.3, 0.4], [0.25, 0.25, 0.5], [0.7, 0.2, 0.1]]]
)
LABELS = np.array([[0, 1, 2], [2, 0, 0]])


@pytest.mark.parametrize(
    ("shape", "expected", "of_metric"),
    [
        (None, [0.91629, 2.74887, 0.91629], 0.45815),
        ((2, 3), [2.97992, 8.93976, 0.99331], 0.99331),
        ((2, 1), [1.22172, 3.66516, 0.91629], 0.91629),
    ],
)
@pytest.mark.parametrize("labels", [LABELS, LABELS[..., np.newaxis]], ids=["rank 2", "rank 3"])
def test_an_ignored_class(labels, shape, expected, of_metric):
    found = [
        losses.SparseCategoricalCrossentropy(ignore_class=0, reduction=reduction)(labels, P, weights(shape))
        for reduction in MEANS
    ]
    assert found == pytest.approx(expected, abs=2e-5)
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=0)
    assert metric(labels, P, weights(shape)) == pytest.approx(of_metric, abs=2e-5)


def identity(shape, loss, mask=False, **kwargs):
    model = fastnn.Sequential(
        [
            layers.Input(shape),
            *([layers.Masking()] if mask else []),
            layers.Dense(shape[-1], kernel_initializer="identity", use_bias=False),
        ]
    )
    model.compile(optimizers.SGD(1.0), loss, **kwargs)
    return model


# The reduction, the shape of the sample weights; what evaluate returns (loss, metric, weighted metric); the weights
# after a step.
MASKED = [
    ("sum_over_batch_size", None, [0.25, 0.25, 0.5], [0.93, 0.10333, 0.15833, 0.99833]),
    ("sum_over_batch_size", (2, 3), [0.58333, 0.25, 0.5], [0.95, 0.08333, 0.46833, 0.68833]),
    ("sum_over_batch_size", (2, 1), [0.33333, 0.25, 0.5], [0.98333, 0.05, 0.27333, 0.88333]),
    ("sum_over_batch_size", (2, 3, 1), [0.58333, 0.25, 0.5], [0.95, 0.08333, 0.46833, 0.68833]),
    ("sum", None, [0.75, 0.25, 0.5], [0.79, 0.31, 0.475, 0.995]),
    ("sum", (2, 3), [1.75, 0.25, 0.5], [0.85, 0.25, 1.405, 0.065]),
    ("sum", (2, 1), [1.0, 0.25, 0.5], [0.95, 0.15, 0.82, 0.65]),
    ("sum", (2, 3, 1), [1.75, 0.25, 0.5], [0.85, 0.25, 1.405, 0.065]),
    ("mean", None, [0.25, 0.25, 0.5], [0.93, 0.10333, 0.15833, 0.99833]),
    ("mean", (2, 3), [0.58333, 0.25, 0.5], [0.95, 0.08333, 0.46833, 0.68833]),
    ("mean", (2, 1), [0.33333, 0.25, 0.5], [0.98333, 0.05, 0.27333, 0.88333]),
    ("mean", (2, 3, 1), [0.58333, 0.25, 0.5], [0.95, 0.08333, 0.46833, 0.68833]),
    ("mean_with_sample_weight", None, [0.25, 0.25, 0.5], [0.93, 0.10333, 0.15833, 0.99833]),
    ("mean_with_sample_weight", (2, 3), [0.25, 0.25, 0.5], [0.97857, 0.03571, 0.20071, 0.86643]),
    ("mean_with_sample_weight", (2, 1), [0.25, 0.25, 0.5], [0.9875, 0.0375, 0.205, 0.9125]),
    ("mean_with_sample_weight", (2, 3, 1), [0.25, 0.25, 0.5], [0.97857, 0.03571, 0.20071, 0.86643]),
]


@pytest.mark.parametrize(("reduction", "shape", "results", "after"), MASKED)
def test_reductions_with_masks_in_training(reduction, shape, results, after):
    x, y = spread(2, 3, 2), spread(2, 3, 2, start=0.6)
    x[0, 2] = x[1, 1:] = 0
    loss = losses.MeanSquaredError(reduction=reduction)
    model = identity((3, 2), loss, True, weighted_metrics=["mae"], metrics=["mse"])
    assert model.evaluate(x, y, sample_weight=weights(shape), verbose=0) == pytest.approx(results, abs=2e-5)
    model.train_on_batch(x, y, sample_weight=weights(shape))
    np.testing.assert_allclose(model.get_weights()[0].ravel(), after, atol=2e-5)


# The same with an ignored class.
IGNORING = [
    (
        "sum_over_batch_size",
        None,
        [0.99107, 0.49554],
        [0.87404, -0.07287, 0.19883, -0.12712, 1.08158, 0.04554, -0.07973, -0.04542, 1.12515],
    ),
    (
        "sum_over_batch_size",
        (2, 3),
        [3.08767, 1.02922],
        [0.59823, -0.26743, 0.6692, -0.34714, 1.07966, 0.26748, -0.27381, -0.19581, 1.46963],
    ),
    (
        "sum_over_batch_size",
        (2, 1),
        [1.33543, 1.00157],
        [0.84184, -0.10508, 0.26324, -0.15933, 1.04938, 0.10995, -0.12267, -0.08836, 1.21103],
    ),
    (
        "sum",
        None,
        [2.97322, 0.49554],
        [0.62213, -0.21861, 0.59648, -0.38137, 1.24474, 0.13663, -0.23918, -0.13627, 1.37544],
    ),
    (
        "sum",
        (2, 3),
        [9.263, 1.02922],
        [-0.2053, -0.80228, 2.00759, -1.04142, 1.23898, 0.80245, -0.82144, -0.58744, 2.40888],
    ),
    (
        "sum",
        (2, 1),
        [4.00629, 1.00157],
        [0.52552, -0.31523, 0.78971, -0.47799, 1.14813, 0.32986, -0.368, -0.26508, 1.63308],
    ),
    (
        "mean_with_sample_weight",
        None,
        [0.99107, 0.49554],
        [0.87404, -0.07287, 0.19883, -0.12712, 1.08158, 0.04554, -0.07973, -0.04542, 1.12515],
    ),
    (
        "mean_with_sample_weight",
        (2, 3),
        [1.02922, 1.02922],
        [0.86608, -0.08914, 0.22307, -0.11571, 1.02655, 0.08916, -0.09127, -0.06527, 1.15654],
    ),
    (
        "mean_with_sample_weight",
        (2, 1),
        [1.00157, 1.00157],
        [0.88138, -0.07881, 0.19743, -0.1195, 1.03703, 0.08247, -0.092, -0.06627, 1.15827],
    ),
]


@pytest.mark.parametrize(("reduction", "shape", "results", "after"), IGNORING)
def test_an_ignored_class_in_training(reduction, shape, results, after):
    arguments = {"from_logits": True, "ignore_class": 0}
    loss = losses.SparseCategoricalCrossentropy(reduction=reduction, **arguments)
    model = identity((3, 3), loss, weighted_metrics=[metrics.SparseCategoricalCrossentropy(**arguments)])
    found = model.evaluate(P, LABELS, sample_weight=weights(shape), verbose=0)
    # Without sample weights Keras counts the ignored labels in the metric, but not in the loss; here neither does.
    count = 2 if shape is None else 1
    assert found == pytest.approx([results[0], results[1] * count], abs=2e-5)
    model.train_on_batch(P, LABELS, sample_weight=weights(shape))
    np.testing.assert_allclose(model.get_weights()[0].ravel(), after, atol=2e-5)


def test_the_cosine_has_the_sign_of_a_metric():
    x, y = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[1.0, 2.0], [2.0, 1.0]])
    for word, expected in (
        ("cosine_similarity", 0.85355),
        (metrics.CosineSimilarity(), 0.85355),
        (losses.CosineSimilarity(), -0.85355),
        (losses.cosine_similarity, -0.85355),
    ):
        model = identity((2,), "mse", metrics=[word])
        assert model.evaluate(x, y, verbose=0)[1] == pytest.approx(expected, abs=2e-5)
    assert metrics.CosineSimilarity()(x, y) == pytest.approx(0.85355, abs=2e-5)


def two_outputs(**kwargs):
    x = layers.Input((2,))
    outputs = [layers.Dense(1, name=name, kernel_initializer="ones")(x) for name in "ab"]
    model = fastnn.Model(x, outputs)
    model.compile("sgd", **kwargs)
    targets = [np.full((4, 1), 5.0), np.full((4, 1), 6.0)]
    return model.evaluate(np.ones((4, 2)), targets, verbose=0, return_dict=True)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"loss": {"a": ["mse"], "b": ["mae"]}}, {"loss": 13, "a_loss": 9, "b_loss": 4}),
        ({"loss": {"a": ["mse", "mae"], "b": "mae"}}, {"loss": 16, "a_loss": 3, "b_loss": 4}),
        ({"loss": [["mse", "mae"], ["mae"]]}, {"loss": 16, "a_loss": 3, "b_loss": 4}),
        ({"loss": ["mse", ["mae", "mse"]]}, {"loss": 29, "a_loss": 9, "b_loss": 16}),
        ({"loss": [["mse", "mae"], None]}, {"loss": 12, "a_loss": 3}),
        (
            {"loss": [["mse", "mae"], "mae"], "loss_weights": [2.0, 5.0, 7.0]},
            {"loss": 61, "a_loss": 3, "b_loss": 4},
        ),
        ({"loss": ["mse", None], "loss_weights": [2.0, 1.0]}, {"loss": 18}),
        ({"loss": {"a": "mse", "b": None}, "loss_weights": {"a": 3.0, "b": None}}, {"loss": 27}),
        (
            {"loss": "mse", "metrics": [["mae"], ["mae", "mse"]]},
            {"loss": 25, "a_loss": 9, "b_loss": 16, "a_mae": 3, "b_mae": 4, "b_mse": 16},
        ),
    ],
)
def test_forms_of_losses_and_metrics(arguments, expected):
    assert two_outputs(**arguments) == pytest.approx(expected)


@pytest.mark.parametrize("given", [["mae"], [["mae"]], {"dense": ["mae", "mse"]}, [["mae"], ["mse"]], ["mae", ["mse"]]])
def test_forms_of_metrics_of_one_output(given):
    x = layers.Input((2,))
    model = fastnn.Model(x, layers.Dense(1, name="dense")(x))
    model.compile("sgd", [["mse"]], metrics=given)
    logs = model.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0, return_dict=True)
    assert [*logs][1:] == (["mae"] if given in (["mae"], [["mae"]]) else ["mae", "mse"])


def test_loss_weights_of_another_number():
    with pytest.raises(ValueError, match="loss_weights expects 2 numbers for 2 losses"):
        two_outputs(loss=[["mse", "mae"], "mae"], loss_weights=[2.0, 5.0])


class TestOptimizers:
    @pytest.mark.parametrize(
        ("optimizer", "expected"),
        [
            (optimizers.SGD(0.5), [0.85, 1.7, 3.45, 2.5, 1.25]),
            (optimizers.SGD(0.5, momentum=0.9, nesterov=True), [0.59755, 1.1951, 4.20735, -0.0245, -0.01225]),
            (optimizers.Adam(0.1), [0.70001, 1.70001, 3.3, 3.7, 1.7]),
            (optimizers.RMSprop(0.1), [0.26229, 1.26227, 3.73774, 3.26226, 1.26226]),
            (optimizers.AdamW(0.1), [0.69893, 1.69773, 3.29628, 3.69532, 1.69772]),
            (optimizers.SGD(0.5, clipnorm=0.1), [0.98595, 1.9719, 3.04215, 3.85951, 1.85]),
            (optimizers.SGD(0.5, global_clipnorm=0.1), [0.98728, 1.97455, 3.03817, 3.87277, 1.93639]),
            (
                optimizers.Adam(optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)),
                [0.12503, 1.12502, 3.87499, 3.12501, 1.12501],
            ),
        ],
        ids=str,
    )
    def test_gradients_of_ones_own(self, optimizer, expected):
        kernel = fastnn.Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
        bias = fastnn.Variable(np.array(2.0))
        for step in range(3):
            assert optimizer.iterations == step
            optimizer.apply_gradients([(np.array([[0.1, 0.2], [-0.3, 1.0]]), kernel), (np.array(0.5), bias)])
        np.testing.assert_allclose([*kernel.numpy().ravel(), bias.numpy()], expected, atol=2e-5)

    def test_numbers_are_variables(self):
        optimizer = optimizers.SGD(0.5)
        rate = optimizer.learning_rate
        rate.assign(0.25)
        assert float(optimizer.learning_rate) == 0.25 == rate
        assert rate.numpy() == np.float32(0.25)
        assert rate * 2 == 0.5
        assert f"{rate:.2f}" == "0.25"
        optimizer.learning_rate /= 2
        assert rate == 0.125
        optimizer.iterations.assign_add(3)
        assert int(optimizer.iterations) == 3
        assert range(5)[optimizer.iterations] == 3

    def test_a_schedule_can_be_set_and_read(self):
        optimizer = optimizers.SGD(0.5)
        optimizer.learning_rate = optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
        optimizer.iterations = 1
        assert float(optimizer.learning_rate) == 0.25 == optimizer.learning_rate.numpy()
        with pytest.raises(TypeError, match="follows"):
            optimizer.learning_rate.assign(0.1)

    def test_stateless(self):
        weight = fastnn.Variable(np.ones(2))
        optimizer = optimizers.SGD(0.25)
        optimizer.build([weight])
        after, own = optimizer.stateless_apply([v.numpy() for v in optimizer.variables], [np.ones(2)], [np.zeros(2)])
        np.testing.assert_array_equal(after[0], [-0.25, -0.25])
        assert [float(value) for value in own] == [1, 0.25]
        assert weight.numpy().tolist() == [1, 1]
        assert optimizer.iterations == 0

    def test_own_variables(self):
        weight, store = fastnn.Variable(np.ones(2)), {}
        one, other = optimizers.Adam(0.5), optimizers.Adam(0.25)
        one.apply([np.ones(2)], [weight])
        one.save_own_variables(store)
        other.build([weight])
        other.load_own_variables(store)
        assert other.iterations == 1
        assert other.learning_rate == 0.5
        np.testing.assert_array_equal(other.variables[2].numpy(), one.variables[2].numpy())
        other.set_weights([np.zeros(v.shape) for v in other.variables])
        assert other.iterations == 0
        with pytest.warns(UserWarning, match="none is loaded"):
            optimizers.Adam().load_own_variables(store)


class TestStateless:
    def test_of_a_metric(self):
        metric = metrics.Mean()
        values = metric.stateless_update_state([2.0, 1.0], [4.0, 6.0])
        assert [float(v) for v in values] == [12, 3]
        assert metric.stateless_result(values) == 4
        assert [float(v) for v in metric.stateless_reset_state()] == [0, 0]
        assert metric.result() == 0
        assert [v.name for v in metric.variables] == ["total", "count"]


class Better(metrics.Metric):
    def __init__(self, name="better", **kwargs):
        super().__init__(name=name, **kwargs)
        self.seen = self.add_variable((), "zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.seen.assign_add(1.0)

    def result(self):
        return self.seen


class Up(Better):
    _direction = "up"


def fit(callback, **kwargs):
    model = identity((1,), "mse", **kwargs)
    model.optimizer.learning_rate = 0.1
    x = np.ones((4, 1))
    return model.fit(x, 2 * x, epochs=4, verbose=0, callbacks=[callback], validation_data=(x, x))


class TestModes:
    @pytest.mark.parametrize("make", [
        lambda monitor, path: callbacks.EarlyStopping(monitor),
        lambda monitor, path: callbacks.ReduceLROnPlateau(monitor),
        lambda monitor, path: callbacks.ModelCheckpoint(path, monitor, save_best_only=True),
    ])  # fmt: skip
    def test_an_unknown_direction_asks_for_the_mode(self, make, tmp_path):
        with pytest.raises(ValueError, match="pass mode='max' or mode='min'"):
            fit(make("val_better", str(tmp_path / "m.keras")), metrics=[Better()])

    @pytest.mark.parametrize(
        ("monitor", "metric", "epochs"),
        [("loss", "mae", 4), ("mae", "mae", 4), ("val_loss", "mae", 2), ("cosine_similarity", "cosine_similarity", 2)],
    )
    def test_a_metric_knows_its_direction(self, monitor, metric, epochs):
        assert len(fit(callbacks.EarlyStopping(monitor), metrics=[metric]).epoch) == epochs

    def test_a_class_says_its_direction(self):
        stop = callbacks.EarlyStopping("up", restore_best_weights=True)
        fit(stop, metrics=[Up(name="up")])
        assert stop.best == 1

    def test_a_strange_mode_is_taken_as_auto(self):
        with pytest.warns(UserWarning, match="taken as 'auto'"):
            callbacks.EarlyStopping("loss", mode="sideways")


def test_a_schedule_of_the_epoch_alone():
    history = fit(callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)))
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.05, 0.1 / 3, 0.025])


def test_a_csv_file_of_some_validations(tmp_path):
    path = tmp_path / "log.csv"
    x = np.ones((4, 1))
    model = identity((1,), "mse", metrics=["mae"])
    log = callbacks.CSVLogger(str(path))
    model.fit(x, x, epochs=2, verbose=0, callbacks=[log], validation_data=(x, x), validation_freq=2)
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert rows[1][3:] == ["NA", "NA"]
    assert rows[2][3:] == ["0.0", "0.0"]


def test_no_score_is_less_than_nan():
    scores = np.array([[1, np.nan, 3], [1, 2, np.nan], [1, 2, np.nan], [np.inf, 2, 3]], np.float32)
    assert fastnn.ops.in_top_k(np.array([0, 1, 2, 1]), scores, 1).tolist() == [False, True, False, False]
    assert fastnn.ops.in_top_k(np.array([0, 1, 2, 1]), scores, 2).tolist() == [True, True, False, False]
    assert fastnn.ops.in_top_k(np.array([2]), np.array([[-np.inf, -np.inf, np.nan]]), 1).tolist() == [True]


def test_positions_and_defaults():
    loss = losses.SparseCategoricalCrossentropy(False, None, "sum")
    assert loss.reduction == "sum"
    assert (fastnn.regularizers.l1_l2().l1, fastnn.regularizers.l1_l2().l2) == (0, 0)
