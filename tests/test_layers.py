"""Tests the table of layers: value, gradient, batches, positions and threads of every row; losses and metrics.

The oracle is float64 NumPy. A gradient is compared with the numerical vector-Jacobian product of the reference: the sum
of the outputs times a random cotangent is differentiated by central differences. Small arrays are changed element by
element; those of large ones are put at random into about forty groups, each changed at once with random signs, so
that every element still counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastnn
from cases import CASES, LOSS_CASES, METRIC_CASES, Case, LossCase, MetricCase, labels_for
from fastnn import _core, layers
from fastnn.engine.contract import emit
from fastnn.engine.emission import Emission

STEP = 1e-5
GROUPS = 40

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def role(variable: Any) -> str:
    return str(variable.path).rsplit("/", 1)[-1]


def weights_of(layer: Any) -> dict[str, Any]:
    return {role(v): v.numpy().astype(np.float64) for v in layer.weights}


def made(case: Case, seed: int = 0) -> Any:
    """Returns the layer of a row, built, with random weights (variances stay positive)."""
    layer = case.make()
    shapes = [(None, *shape) for shape in case.shapes]
    layer.build(shapes if case.several else shapes[0])
    rng = np.random.default_rng(seed)
    values = []
    for variable in layer.weights:
        fan_in = np.prod(variable.shape[:-1]) if len(variable.shape) > 1 else 1.0
        value = rng.uniform(-1.5, 1.5, size=variable.shape) / np.sqrt(fan_in)
        values.append(np.abs(value) + 0.5 if role(variable) == "moving_variance" else value)
    layer.set_weights(values)
    return layer


def graph_of(layer: Any, shapes: list[tuple[int, ...]], training: bool) -> tuple[Any, list[int]]:
    emission = Emission(training)
    edges = [emission.graph.input((None, *shape)) for shape in shapes]
    return emission.graph, emit(layer, emission, edges)


def inputs(case: Case, rows: int, seed: int = 1) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(rows, *shape)) * case.scale + case.offset).astype(np.float32) for shape in case.shapes]


def exactly(xs: list[Any]) -> list[Any]:
    return [x.astype(np.float64) for x in xs]


def assert_close(got: Any, expected: Any, rtol: float, what: str) -> None:
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, expected {expected.shape}"
    largest = np.abs(expected).max(initial=0.0)
    error = np.abs(got - expected).max(initial=0.0)
    assert error <= rtol * max(largest, 1e-3), f"{what}: error {error:.3g}, largest element {largest:.3g}"


def assert_gradient(
    function: Callable[[Any], float], value: Any, gradient: Any, rtol: float, rng: np.random.Generator, what: str
) -> None:
    """Compares the gradient of a function of one array with its central differences."""
    assert gradient.shape == value.shape, f"{what}: gradient of shape {gradient.shape} for {value.shape}"
    assert np.isfinite(gradient).all(), f"{what}: the gradient is not finite"
    groups = min(value.size, GROUPS)
    group = rng.permutation(value.size).reshape(value.shape) % groups
    signs = rng.choice([-1.0, 1.0], size=value.shape)
    # Cotangents are about 1, and normalizing one row (exactly 0) is rounding of terms of 1 / sqrt(epsilon) = 30.
    tolerance = rtol * max(np.abs(gradient).max(), 0.1) * np.sqrt(value.size / groups)
    for g in range(groups):
        move = np.where(group == g, signs, 0.0)
        numerical = (function(value + STEP * move) - function(value - STEP * move)) / (2 * STEP)
        error = abs(numerical - float((gradient * move).sum()))
        assert error <= tolerance, f"{what}: group {g} is {error:.3g} from {numerical:.6g} (tolerance {tolerance:.3g})"


@every_case
@pytest.mark.parametrize("rows", [1, 3, 8])
@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
def test_value(case: Case, rows: int, training: bool) -> None:
    layer = made(case)
    weights = weights_of(layer)
    xs = inputs(case, rows)
    expected = case.reference(exactly(xs), weights, training)
    graph, edges = graph_of(layer, case.shapes, training)
    assert graph.spec(edges[0])[0] == (None, *expected.shape[1:])
    if training:
        (y,), _, _ = _core.vjp(graph, edges, xs, [expected.astype(np.float32)], True)
    else:
        (y,) = _core.Predictor(graph, edges)(xs)
    assert y.dtype == np.float32
    assert_close(y, expected, case.rtol, "output")
    after = weights_of(layer)
    moved = case.state(xs[0].astype(np.float64), weights) if training and case.state else {}
    for name, before in weights.items():
        if name in moved:
            assert_close(after[name], moved[name], case.rtol, name)
        else:
            np.testing.assert_array_equal(after[name], before, err_msg=f"{name} changed")


@every_case
@pytest.mark.parametrize("rows", [1, 3])
def test_gradient(case: Case, rows: int) -> None:
    layer = made(case)
    weights = weights_of(layer)
    trained = [role(v) for v in layer.trainable_weights]
    xs = inputs(case, rows)
    rng = np.random.default_rng(2)
    exact = exactly(xs)
    cotangent = rng.normal(size=case.reference(exact, weights, True).shape).astype(np.float32)
    graph, edges = graph_of(layer, case.shapes, True)
    _, dxs, gradients = _core.vjp(graph, edges, xs, [cotangent], True)
    assert len(dxs) == len(xs)
    for i, dx in enumerate(dxs):

        def of_input(value: Any, i: int = i) -> float:
            return float((case.reference([*exact[:i], value, *exact[i + 1 :]], weights, True) * cotangent).sum())

        assert dx is not None
        assert_gradient(of_input, exact[i], dx, case.gradient_rtol, rng, f"input {i}")
    assert sorted(role(v) for v, _ in gradients) == sorted(trained)
    for variable, gradient in gradients:

        def of_weight(value: Any, name: str = role(variable)) -> float:
            return float((case.reference(exact, {**weights, name: value}, True) * cotangent).sum())

        assert_gradient(of_weight, weights[role(variable)], gradient, case.gradient_rtol, rng, role(variable))


@every_case
def test_a_row_has_the_same_bits_in_any_batch(case: Case) -> None:
    layer = made(case)
    predict = _core.Predictor(*graph_of(layer, case.shapes, False))
    xs = inputs(case, 65)
    alone = np.concatenate([predict([x[i : i + 1] for x in xs])[0] for i in range(65)])
    for count in (2, 64, 65):
        (together,) = predict([x[:count] for x in xs])
        np.testing.assert_array_equal(together, alone[:count], err_msg=f"batch of {count}")
        (repeated,) = predict([np.repeat(x[:1], count, axis=0) for x in xs])
        np.testing.assert_array_equal(repeated, np.repeat(alone[:1], count, axis=0), err_msg=f"{count} times one row")
    in_parts = np.full_like(alone, np.nan)
    predict.run(xs, 0, 65, 16, [in_parts])
    np.testing.assert_array_equal(in_parts, alone, err_msg="batches of 16, the last of one row")


@every_case
def test_the_same_bits_on_any_number_of_threads(case: Case) -> None:
    results = []
    for threads in (1, 2, 4):
        _core.set_num_threads(threads)
        layer = made(case)
        graph, edges = graph_of(layer, case.shapes, True)
        shape = (19, *graph.spec(edges[0])[0][1:])
        cotangent = np.random.default_rng(3).normal(size=shape).astype(np.float32)
        outputs, dx, gradients = _core.vjp(graph, edges, inputs(case, 19), [cotangent], True)
        results.append([*outputs, *dx, *(g for _, g in gradients), *layer.get_weights()])
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, second)


@every_case
def test_a_partial_batch_trains_as_a_full_one_of_its_size(case: Case) -> None:
    def model() -> Any:
        layer = made(case)
        if case.several:
            given = [layers.Input(shape) for shape in case.shapes]
            new = fastnn.Model(given, layers.Flatten()(layer(given)))
        else:
            new = fastnn.Sequential([layers.Input(case.shape), layer, layers.Flatten()])
        new.compile(optimizer=fastnn.optimizers.SGD(0.05), loss="mse")
        return new

    xs = inputs(case, 11)
    together, apart = model(), model()
    width = together.output_shape[-1]
    y = np.random.default_rng(4).normal(size=(11, width)).astype(np.float32)
    together.fit(xs, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    apart.train_on_batch([x[:8] for x in xs], y[:8])
    apart.train_on_batch([x[8:] for x in xs], y[8:])
    for first, second in zip(together.get_weights(), apart.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


@every_case
def test_nan_stays_nan(case: Case) -> None:
    layer = made(case)
    predict = _core.Predictor(*graph_of(layer, case.shapes, False))
    for i, shape in enumerate(case.shapes):
        xs = inputs(case, 3)
        xs[i][(1, *(n // 2 for n in shape))] = np.nan
        (y,) = predict(xs)
        with np.errstate(invalid="ignore"):
            expected = case.reference(exactly(xs), weights_of(layer), False)
        assert np.isnan(y[np.isnan(expected)]).all()
        assert np.isfinite(y[[0, 2]]).all(), "NaN leaked into other rows"


# Dropout: its reference is whatever mask it drew --------------------------------------------------------------------


def dropout_graph(rate: float, shape: tuple[int, ...], seed: int = 7) -> tuple[Any, list[int]]:
    layer = layers.Dropout(rate, seed=seed)
    layer.build((None, *shape))
    return graph_of(layer, [shape], True)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(13,), (5, 7), (4, 3, 5)], ids=str)
def test_dropout_scales_what_it_keeps(rate: float, shape: tuple[int, ...]) -> None:
    graph, edges = dropout_graph(rate, shape)
    rng = np.random.default_rng(0)
    x = (np.abs(rng.normal(size=(50, *shape))) + 0.1).astype(np.float32)
    cotangent = rng.normal(size=x.shape).astype(np.float32)
    (y,), (dx,), _ = _core.vjp(graph, edges, [x], [cotangent], True)
    mask = y != 0
    np.testing.assert_allclose(y, np.where(mask, x / (1 - rate), 0), rtol=1e-6)
    np.testing.assert_allclose(dx, np.where(mask, cotangent / (1 - rate), 0), rtol=1e-6)


def test_dropout_drops_the_share_it_says_anew_each_step() -> None:
    x = np.ones((1000, 100), np.float32)
    graph, edges = dropout_graph(0.3, (100,))
    first, second = (_core.vjp(graph, edges, [x], [x], True)[0][0] for _ in range(2))
    for y in (first, second):
        assert abs((y == 0).mean() - 0.3) < 0.01
        assert abs(y.mean() - 1.0) < 0.01
        assert np.abs((y == 0).mean(axis=0) - 0.3).max() < 0.1, "some column is dropped too often or too rarely"
        assert np.abs((y == 0).mean(axis=1) - 0.3).max() < 0.25, "some row is dropped too often or too rarely"
    both = ((first == 0) & (second == 0)).mean()
    assert abs(both - 0.09) < 0.01, "the masks of two steps are not independent"


def test_dropout_repeats_with_its_seed_on_any_number_of_threads() -> None:
    x = np.ones((64, 513), np.float32)
    masks = []
    for threads, seed in [(1, 7), (2, 7), (4, 7), (1, 8)]:
        _core.set_num_threads(threads)
        graph, edges = dropout_graph(0.5, (513,), seed)
        masks.append(_core.vjp(graph, edges, [x], [x], True)[0][0])
    np.testing.assert_array_equal(masks[0], masks[1])
    np.testing.assert_array_equal(masks[0], masks[2])
    assert (masks[0] != masks[3]).any()


def test_dropout_is_the_identity_at_inference() -> None:
    layer = layers.Dropout(0.5, seed=1)
    layer.build((None, 9))
    x = np.random.default_rng(0).normal(size=(5, 9)).astype(np.float32)
    (y,) = _core.Predictor(*graph_of(layer, [(9,)], False))([x])
    np.testing.assert_array_equal(y, x)


def test_dropout_noise_shape_is_shared_over_ones() -> None:
    layer = layers.Dropout(0.5, noise_shape=(None, 1, 6), seed=3)
    layer.build((None, 5, 6))
    x = np.ones((40, 5, 6), np.float32)
    graph, edges = graph_of(layer, [(5, 6)], True)
    (y,), _, _ = _core.vjp(graph, edges, [x], [x], True)
    np.testing.assert_array_equal(y, np.repeat(y[:, :1], 5, axis=1))
    assert 0.3 < (y == 0).mean() < 0.7


# Losses and metrics ---------------------------------------------------------------------------------------------------

ROWS, FEATURES = 23, 6


def loss_model(units: int, activation: str | None, loss: Any, metrics: Any = None) -> Any:
    model = fastnn.Sequential([layers.Input((FEATURES,)), layers.Dense(units, activation=activation)])
    rng = np.random.default_rng(11)
    model.set_weights([rng.normal(size=(FEATURES, units)) * 0.6, rng.normal(size=units) * 0.3])
    model.compile(optimizer="sgd", loss=loss, metrics=metrics)
    return model


def loss_inputs() -> Any:
    return np.random.default_rng(12).normal(size=(ROWS, FEATURES)).astype(np.float32)


@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_loss(case: LossCase) -> None:
    model = loss_model(case.units, case.activation, case.make())
    x = loss_inputs()
    given, labels = labels_for(case.labels, ROWS, case.units)
    kernel, bias = (w.astype(np.float64) for w in model.get_weights())
    exact = x.astype(np.float64)
    each = case.reference(labels, exact @ kernel + bias)

    assert model.evaluate(x, given, batch_size=7, verbose=0) == pytest.approx(each.mean(), rel=1e-5)
    weight = np.random.default_rng(13).uniform(0, 2, size=ROWS)
    weighted = model.evaluate(x, given, batch_size=ROWS, sample_weight=weight, verbose=0)
    assert weighted == pytest.approx((each * weight).mean(), rel=1e-5)

    gradients = list(model.gradients(x, given).values())
    rng = np.random.default_rng(14)

    def of_kernel(value: Any) -> float:
        return float(case.reference(labels, exact @ value + bias).mean())

    def of_bias(value: Any) -> float:
        return float(case.reference(labels, exact @ kernel + value).mean())

    assert_gradient(of_kernel, kernel, gradients[0], 1e-4, rng, "kernel")
    assert_gradient(of_bias, bias, gradients[1], 1e-4, rng, "bias")


@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_loss_called_on_arrays(case: LossCase) -> None:
    model = loss_model(case.units, case.activation, case.make())
    x = loss_inputs()
    given, labels = labels_for(case.labels, ROWS, case.units)
    kernel, bias = (w.astype(np.float64) for w in model.get_weights())
    expected = case.reference(labels, x.astype(np.float64) @ kernel + bias).mean()
    loss = case.make()
    values = fastnn.losses.get(loss) if isinstance(loss, str) else loss
    got = np.mean(np.asarray(values(given, model.predict(x, verbose=0))))
    assert float(got) == pytest.approx(expected, rel=2e-5)


def test_far_scores_have_no_cap() -> None:
    """Softmax and sigmoid with their cross-entropies run on the scores: a loss of 200 is 200 and keeps its gradient."""
    model = loss_model(2, "softmax", "sparse_categorical_crossentropy")
    model.set_weights([np.zeros((FEATURES, 2)), np.array([0.0, 200.0])])
    x = loss_inputs()
    y = np.zeros(ROWS, np.int64)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(200.0, rel=1e-6)
    np.testing.assert_allclose(list(model.gradients(x, y).values())[1], [-1.0, 1.0], rtol=1e-6)
    model = loss_model(1, "sigmoid", "binary_crossentropy")
    model.set_weights([np.zeros((FEATURES, 1)), np.array([-200.0])])
    assert model.evaluate(x, np.ones(ROWS), verbose=0) == pytest.approx(200.0, rel=1e-6)
    np.testing.assert_allclose(list(model.gradients(x, np.ones(ROWS)).values())[1], [-1.0], rtol=1e-6)


@pytest.mark.parametrize("case", METRIC_CASES, ids=lambda case: case.name)
def test_metric(case: MetricCase) -> None:
    model = loss_model(case.units, case.activation, case.loss, [case.make()])
    x = loss_inputs()
    given, labels = labels_for(case.labels, ROWS, case.units)
    outputs = model.predict(x, verbose=0).astype(np.float64)
    expected = case.reference(labels, outputs).mean()
    results = model.evaluate(x, given, batch_size=7, verbose=0, return_dict=True)
    (name,) = set(results) - {"loss"}
    assert results[name] == pytest.approx(expected, rel=2e-5)
    metric = case.make()
    if isinstance(metric, str):
        assert name == metric
    else:
        assert name == metric.name
        metric.update_state(given[:9], outputs[:9])
        metric.update_state(given[9:], outputs[9:])
        assert float(metric.result()) == pytest.approx(expected, rel=2e-5)
        metric.reset_state()
        assert float(metric.result()) == 0.0
