"""Functions of `fastnn.ops` against what Keras has computed: on arrays, in a model, with gradients and in files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import _core, layers, ops
from fastnn.engine.emission import Emission

sys.path.insert(0, str(Path(__file__).parent / "keras"))

from function_cases import CASES, Case, flat

with np.load(Path(__file__).parent / "keras" / "functions.npz") as _file:
    RECORDED = dict(_file)

IN_MODELS = [one for one in CASES if one.where != "arrays"]


def results(case: Case) -> list[Any]:
    found = [name for name in RECORDED if name.startswith(f"{case.name}/") and name.rpartition("/")[2].isdigit()]
    return [RECORDED[f"{case.name}/{i}"] for i in range(len(found))]


def weights(shape: tuple[int, ...], place: int) -> Any:
    """Returns the weights of the elements of a result, as `record_functions.py` has them."""
    return np.random.RandomState([place, *shape]).uniform(-1, 1, shape).astype(np.float32)


def close(got: Any, expected: Any, tolerance: float, what: str) -> None:
    got = np.asarray(got)
    assert got.shape == expected.shape, f"{what}: {got.shape}, expected {expected.shape}"
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected, err_msg=what)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(got[~finite], expected[~finite], err_msg=what)
    largest = np.abs(expected[finite]).max(initial=1e-2)
    assert np.abs(got[finite] - expected[finite]).max(initial=0.0) <= tolerance * largest, what


def test_every_case_is_recorded() -> None:
    assert {name.rpartition("/")[0] for name in RECORDED} == {case.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=[one.name for one in CASES])
def test_on_arrays(case: Case) -> None:
    found = flat(case.call(ops, *case.arrays))
    expected = results(case)
    assert len(found) == len(expected)
    for i, (got, wanted) in enumerate(zip(found, expected, strict=True)):
        close(got, wanted, case.tolerance, f"{case.name}, result {i}")


def symbolic(case: Case) -> tuple[list[Any], list[Any], list[Any]]:
    """Returns inputs, results, and arrays to feed: those with as many rows as the first."""
    fed = [one for one in case.arrays if len(one) == len(case.arrays[0])]
    inputs = [fastnn.Input(one.shape[1:], dtype=str(one.dtype)) for one in fed]
    rest = iter(inputs)
    given = [next(rest) if len(one) == len(case.arrays[0]) else one for one in case.arrays]
    return inputs, flat(case.call(ops, *given)), fed


@pytest.mark.parametrize("case", IN_MODELS, ids=[one.name for one in IN_MODELS])
def test_in_a_model_and_its_file(case: Case, tmp_path: Path) -> None:
    inputs, made, fed = symbolic(case)
    model = fastnn.Model(inputs if len(inputs) > 1 else inputs[0], made if len(made) > 1 else made[0])
    given = fed if len(fed) > 1 else fed[0]
    found = flat(model.predict(given, verbose=0))
    for i, (got, wanted) in enumerate(zip(found, results(case), strict=True)):
        assert None in made[i].shape and len(made[i].shape) == wanted.ndim
        assert all(size in (None, known) for size, known in zip(made[i].shape, wanted.shape, strict=True))
        close(got, wanted, case.tolerance, f"{case.name}, result {i}")
    model.save(tmp_path / "model.keras")
    again = fastnn.saving.load_model(tmp_path / "model.keras")
    for got, wanted in zip(flat(again.predict(given, verbose=0)), found, strict=True):
        np.testing.assert_array_equal(got, wanted)


class Computes(layers.Layer):
    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case

    def call(self, *inputs: Any) -> Any:
        return flat(self.case.call(ops, *inputs))


GRADIENTS = [one for one in CASES if one.where == "model"]


@pytest.mark.parametrize("case", GRADIENTS, ids=[one.name for one in GRADIENTS])
def test_gradients(case: Case) -> None:
    layer = Computes(case)
    emission = Emission(True)
    edges = [emission.graph.input((None, *one.shape[1:]), str(one.dtype)) for one in case.arrays]
    outputs = emission.run(layer.call, edges, "test")[1]
    cotangents = [weights(one.shape, i) for i, one in enumerate(results(case))]
    _, gradients, _ = _core.vjp(emission.graph, outputs, list(case.arrays), cotangents)
    for i, got in enumerate(gradients):
        close(got, RECORDED[f"{case.name}/d{i}"], 10 * case.tolerance, f"{case.name}, gradient {i}")


ONLY_ARRAYS = [
    ("unique", lambda x: ops.unique(x), "the shape of its result depends on values"),
    ("nonzero", lambda x: ops.nonzero(x), "the shape of its result depends on values"),
    ("bincount", lambda x: ops.bincount(x), r"ops.sum\(ops.one_hot"),
    ("svd", lambda x: ops.svd(x), "iterates until it converges"),
    ("eigh", lambda x: ops.eigh(x), "iterates until it converges"),
    ("eig", lambda x: ops.eig(x), "its results are complex"),
    ("lu_factor", lambda x: ops.lu_factor(x), "use ops.solve or ops.inv"),
    ("matrix_rank", lambda x: ops.matrix_rank(x), "iterates until it converges"),
    ("pinv", lambda x: ops.pinv(x), "normal equations"),
    ("lstsq", lambda x: ops.lstsq(x, x), "normal equations"),
    ("polar", lambda x: ops.polar(x, x), "the tensors of a model are real"),
    ("view_as_complex", lambda x: ops.view_as_complex(x), "the tensors of a model are real"),
    ("view", lambda x: ops.view(x, "int32"), "has no types of other widths"),
    ("nextafter", lambda x: ops.nextafter(x, x), "reads the bits of numbers"),
    ("vectorized", lambda x: ops.vectorize(lambda a: a)(x), "use ops.vectorized_map"),
]


@pytest.mark.parametrize(("name", "call", "why"), ONLY_ARRAYS, ids=[one[0] for one in ONLY_ARRAYS])
def test_what_a_model_cannot_compute(name: str, call: Any, why: str) -> None:
    with pytest.raises(TypeError, match=rf"ops.{name} expects arrays, got a symbolic tensor: .*{why}"):
        call(fastnn.Input((2, 2)))


def test_a_beam_search_is_not_part_of_a_model() -> None:
    with pytest.raises(TypeError, match=r"ops.ctc_decode expects arrays for a beam search"):
        ops.ctc_decode(fastnn.Input((4, 3)), np.ones(1), "beam_search")


SQUARE = np.ones((2, 2), np.float32)
MISTAKES = [
    (lambda: ops.fft(SQUARE[0]), "expects a pair"),
    (lambda: ops.fft((SQUARE, SQUARE[0])), "of the same shape"),
    (lambda: ops.rfft(fastnn.Input((None, 3))[:, :, 0]), "is open"),
    (lambda: ops.stft(np.ones(8), 6, 2, 4), "fft_length of at least sequence_length"),
    (lambda: ops.stft(np.ones(8), 4, 2, 4, "other"), "expects window"),
    (lambda: ops.stft(np.ones(8), 4, 2, 4, np.ones(3)), r"expects a window of shape \(4,\)"),
    (lambda: ops.extract_sequences(np.ones(3), 4, 1), "at least 4 values"),
    (lambda: ops.extract_sequences(np.ones(3), 2, 1.5), "sequence_stride to be a positive integer, got 1.5"),
    (lambda: ops.stft(np.ones(8), 4, 0, 4), "ops.stft expects sequence_stride to be a positive integer, got 0"),
    (lambda: ops.istft((np.ones((1, 3)), np.ones((1, 3))), 4, -5, 4), "ops.istft expects sequence_stride to be"),
    (lambda: ops.istft((np.ones(3), np.ones(3)), 4, 2, 4), "at least 2 axes"),
    (lambda: ops.cholesky(-np.eye(2)), "positive definite"),
    (lambda: ops.cholesky(np.ones((2, 3))), "square matrices"),
    (lambda: ops.qr(SQUARE, "raw"), "'reduced' or 'complete'"),
    (lambda: ops.inv(SQUARE), "singular"),
    (lambda: ops.solve(np.eye(2), np.ones(3)), "expects a right side"),
    (lambda: ops.lstsq(SQUARE, np.ones(3)), "expects shapes"),
    (lambda: ops.bincount([-1]), "integers of at least 0"),
    (lambda: ops.nanquantile(SQUARE, 0.5, method="other"), "ops.nanquantile expects method"),
    (lambda: ops.view_as_complex(np.ones(3)), "of size 2"),
    (lambda: ops.fold(np.ones((1, 4, 3)), 3, 2), "ops.fold expects x"),
    (lambda: ops.ctc_decode(np.ones((1, 2, 3)), [2], "other"), "expects strategy"),
    (lambda: ops.image.map_coordinates(SQUARE, np.ones((2, 3)), 2), "expects order 0 or 1"),
    (lambda: ops.image.map_coordinates(SQUARE, np.ones((3, 3)), 1), "coordinates of shape"),
    (lambda: ops.image.map_coordinates(SQUARE, np.ones((2, 3)), 1, "other"), "expects fill_mode"),
    (lambda: ops.image.affine_transform(np.ones((2, 2, 1)), np.ones(6)), r"\(8,\) or \(batch, 8\)"),
    (lambda: ops.image.affine_transform(np.ones((2, 2, 1)), np.ones(8), "cubic"), "'nearest' or 'bilinear'"),
    (lambda: ops.image.perspective_transform(np.ones((2, 2, 1)), np.ones((4, 2)), np.ones((1, 4, 2))), "start_points"),
    (lambda: ops.image.scale_and_translate(SQUARE, (2, 2), [1.0], [0.0], [0], "nearest"), "expects method"),
    (lambda: ops.image.scale_and_translate(SQUARE, (2,), [1.0], [0.0], [0], "linear"), "output_shape of 2 sizes"),
    (lambda: ops.image.sobel_edges(SQUARE), "ops.image.sobel_edges expects images"),
    (lambda: ops.image.ssim(np.ones((9, 9, 1)), np.ones((9, 9, 2))), "of one shape"),
    (lambda: ops.image.ssim(np.ones((9, 9, 1)), np.ones((9, 9, 1)), filter_size=4), "odd filter_size"),
    (lambda: ops.image.extract_patches_3d(SQUARE, 2), "expects volumes"),
]


@pytest.mark.parametrize(("call", "said"), MISTAKES, ids=[one[1] for one in MISTAKES])
def test_mistakes(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize("call", [ops.bitwise_and, ops.gcd, ops.lcm])
def test_bits_of_fractions(call: Any) -> None:
    with pytest.raises(TypeError, match="expects integers, got float32"):
        call(np.ones(2), np.ones(2))


def test_elastic_transformations() -> None:
    images = np.random.default_rng(0).uniform(size=(2, 8, 7, 3)).astype(np.float32)
    made = ops.image.elastic_transform(images, alpha=2.0, sigma=1.0, seed=3)
    assert made.shape == images.shape and np.abs(made - images).max() > 0.05
    np.testing.assert_array_equal(made, ops.image.elastic_transform(images, alpha=2.0, sigma=1.0, seed=3))
    # Reflected borders keep what is constant.
    np.testing.assert_allclose(ops.image.elastic_transform(np.full((8, 7, 1), 0.5), seed=1), 0.5, rtol=1e-6)
    np.testing.assert_allclose(ops.image.elastic_transform(images, alpha=0.0), images, atol=1e-6)


def test_an_affine_map_with_a_denominator_is_a_perspective() -> None:
    numbers = np.array([0.9, 0.1, 0.5, -0.1, 1.05, 0.2, 0.01, 0.02])
    ends = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 6.0], [8.0, 6.0]])
    below = ends @ numbers[6:] + 1.0
    starts = np.stack([(ends @ numbers[i : i + 2] + numbers[i + 2]) / below for i in (0, 3)], axis=-1)
    images = np.random.default_rng(0).random((2, 7, 9, 3)).astype(np.float32)
    made = ops.image.affine_transform(images, numbers)
    np.testing.assert_allclose(made, ops.image.perspective_transform(images, starts, ends), atol=2e-5)
    assert np.abs(made - ops.image.affine_transform(images, [*numbers[:6], 0.0, 0.0])).max() > 0.1
