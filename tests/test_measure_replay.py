"""Losses and metrics with their options against the values that real Keras has computed."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers

sys.path.insert(0, str(Path(__file__).with_name("keras")))
from measure_cases import CUTS, LOSSES, METRICS, data, key

RECORDED = json.loads(Path(__file__).with_name("keras").joinpath("measures.json").read_text())
Case = tuple[str, str, bool]


def made(expression: str, family: Any) -> Any:
    return eval(expression, vars(family))


def cases(all_cases: list[Case], prefix: str = "") -> list[Any]:
    return [pytest.param(case, id=key(case)) for case in all_cases if RECORDED.get(prefix + key(case))]


def identity(shape: tuple[int, ...]) -> Any:
    """Returns a model whose output is its input."""
    return fastnn.Sequential([layers.Input(shape), layers.Activation("linear")])


def assert_value(got: Any, case: Case) -> None:
    np.testing.assert_allclose(np.asarray(got, np.float64), RECORDED[key(case)], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("case", cases(METRICS))
@pytest.mark.filterwarnings("ignore:.*truncated to integers")
def test_metric_over_batches(case: Case) -> None:
    y, p, w = data(case[1])
    metric = made(case[0], fastnn.metrics)
    for a, b in itertools.pairwise(CUTS):
        metric.update_state(y[a:b], p[a:b], w[a:b] if case[2] else None)
    assert_value(metric.result(), case)
    again = type(metric).from_config(metric.get_config())
    again.update_state(y, p, w if case[2] else None)
    assert_value(again.result(), case)
    metric.reset_state()
    assert all(not np.any(variable.numpy()) for variable in metric.variables)


def in_evaluate(case: Case) -> bool:
    """Returns whether a model computes what arrays do: its targets have a column, and weights are no integers there."""
    return case[1] not in ("guesses", "vector") and not (case[2] and "int" in made(case[0], fastnn.metrics).dtype)


@pytest.mark.parametrize("case", [case for case in cases(METRICS) if in_evaluate(case.values[0])])
def test_metric_in_evaluate(case: Case) -> None:
    y, p, w = data(case[1])
    model = identity(p.shape[1:])
    metric = made(case[0], fastnn.metrics)
    model.compile(**{"weighted_metrics" if case[2] else "metrics": [metric]})
    found = model.evaluate(p, y, batch_size=7, sample_weight=w if case[2] else None, verbose=0, return_dict=True)
    assert_value(found[metric.name], case)


@pytest.mark.parametrize("case", cases(LOSSES, "loss "))
def test_loss(case: Case) -> None:
    y, p, w = data(case[1])
    for reduction, value in RECORDED[f"loss {key(case)}"].items():
        loss = made(case[0], fastnn.losses)
        loss.reduction = reduction
        got = loss(y, p, w if case[2] else None)
        np.testing.assert_allclose(np.asarray(got, np.float64), value, rtol=2e-5, atol=2e-6, err_msg=reduction)


@pytest.mark.parametrize("case", cases(LOSSES, "loss "))
def test_loss_in_evaluate(case: Case) -> None:
    y, p, w = data(case[1])
    recorded = RECORDED[f"loss {key(case)}"]
    loss = made(case[0], fastnn.losses)
    for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight"):
        if np.ndim(recorded["none"]) == 0:
            continue  # One value for the whole batch, which has no sample weights.
        loss.reduction = reduction
        model = identity(p.shape[1:])
        model.compile(loss=loss)
        found = model.evaluate(p, y, batch_size=len(p), sample_weight=w if case[2] else None, verbose=0)
        assert found == pytest.approx(recorded[reduction], rel=2e-5, abs=2e-6), reduction


@pytest.mark.parametrize("name", ["Dice", "Tversky"])
@pytest.mark.parametrize(("reduction", "factor"), [("sum_over_batch_size", np.mean), ("sum", np.sum)])
def test_one_value_for_a_batch_is_weighted(name: str, reduction: str, factor: Any) -> None:
    """As in Keras it is multiplied by each weight, and these products are reduced."""
    y, p, w = data("mask")
    model = fastnn.Sequential([layers.Input(p.shape[1:]), layers.EinsumDense("abc,cd->abd", (None, 3))])
    loss = getattr(fastnn.losses, name)(reduction=reduction)
    model.compile("sgd", loss)
    plain, weighted = (model.gradients(p, y, sample_weight=weights) for weights in (None, w))
    for variable, gradient in plain.items():
        np.testing.assert_allclose(weighted[variable], factor(w) * gradient, rtol=1e-4, atol=1e-7)
    value, of_weighted = (model.test_on_batch(p, y, sample_weight=weights) for weights in (None, w))
    assert of_weighted == pytest.approx(factor(w) * value, rel=1e-5)
