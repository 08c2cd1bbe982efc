"""Functions of `keras.ops` that real Keras has computed, with their gradients: a call and the arrays it is given.

`record_functions.py` runs the calls with Keras and writes `functions.npz`; `tests/test_function_replay.py` makes the
same calls with fastnn, on arrays and within a model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

ROWS = 3


class Case(NamedTuple):
    """One call.

    Attributes:
        name: Name of the function and distinguishing feature.
        call: Function of the module `ops` and of the arrays.
        arrays: The arrays; the first axis of the first one is the batch.
        where: "model" where a model computes it, with gradients; "values" without; "arrays" where only arrays do.
        tolerance: Largest difference, relative to the largest element.
    """

    name: str
    call: Callable[..., Any]
    arrays: tuple[Any, ...]
    where: str
    tolerance: float


CASES: list[Case] = []


def case(name: str, call: Callable[..., Any], *arrays: Any, where: str = "model", tolerance: float = 1e-5) -> None:
    CASES.append(Case(name, call, tuple(np.asarray(one) for one in arrays), where, tolerance))


def real(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> Any:
    return np.random.RandomState([seed, *shape]).uniform(low, high, shape).astype(np.float32)


def ints(*shape: int, seed: int = 0, low: int = -9, high: int = 10) -> Any:
    return np.random.RandomState([seed, *shape]).randint(low, high, shape).astype(np.int32)


def flat(value: Any) -> list[Any]:
    """Returns the arrays of a result one by one."""
    return [one for part in value for one in flat(part)] if isinstance(value, (list, tuple)) else [value]


# Bits and integers ----------------------------------------------------------------------------------------------------

INT = (ints(ROWS, 5), ints(ROWS, 5, seed=1))
LARGE = tuple(ints(ROWS, 5, seed=seed, low=-(2**31), high=2**31 - 1) for seed in (2, 3))
BOOLS = tuple(ints(ROWS, 5, seed=seed, low=0, high=2).astype(bool) for seed in (4, 5))
for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    for kind, arrays in (("small", INT), ("large", LARGE), ("bools", BOOLS)):
        case(f"{name}-{kind}", lambda ops, x, y, n=name: getattr(ops, n)(x, y), *arrays, where="values")
for name in ("gcd", "lcm"):
    case(name, lambda ops, x, y, n=name: getattr(ops, n)(x, y), *INT, where="values")
case("gcd-large", lambda ops, x, y: ops.gcd(x, y), *(np.abs(one // 2) for one in LARGE), where="values")
case("i0", lambda ops, x: ops.i0(x), real(ROWS, 7, low=-9, high=9))
case("nextafter", lambda ops, x, y: ops.nextafter(x, y), real(3, 4), real(3, 4, seed=1), where="arrays")
case("view", lambda ops, x: ops.view(x, "int32"), real(3, 4), where="arrays")
case("view-bytes", lambda ops, x: ops.view(x, "uint8"), ints(3, 4), where="arrays")

# Values ---------------------------------------------------------------------------------------------------------------

COUNTS = ints(7, low=0, high=6)
for name, options in (("plain", {}), ("longer", {"minlength": 9}), ("weights", {"weights": real(7)})):
    case(f"bincount-{name}", lambda ops, x, o=options: ops.bincount(x, **o), COUNTS, where="arrays")
case("bincount-rows", lambda ops, x: ops.bincount(x, minlength=8), ints(2, 7, low=0, high=6), where="arrays")
case("nonzero", lambda ops, x: ops.nonzero(x), ints(3, 4, low=0, high=2), where="arrays")
for name, options in (
    ("plain", {}), ("all", {"return_index": True, "return_inverse": True, "return_counts": True}),
    ("axis", {"axis": 0, "return_counts": True}), ("size", {"size": 3}), ("filled", {"size": 12, "fill_value": -7}),
    ("counted", {"size": 12, "return_counts": True}),
):  # fmt: skip
    case(f"unique-{name}", lambda ops, x, o=options: ops.unique(x, **o), ints(5, 2, low=0, high=4), where="arrays")
HOLES = real(ROWS, 6, 4)
HOLES[0, 1:5, 2] = HOLES[1, :, 1] = HOLES[2, 0, :] = np.nan
for method in ("linear", "lower", "higher", "midpoint", "nearest"):
    case(
        f"nanquantile-{method}", lambda ops, x, m=method: ops.nanquantile(x, [0.2, 0.5, 0.93], 1, m), HOLES,
        where="values",
    )  # fmt: skip
case("nanpercentile", lambda ops, x: ops.nanpercentile(x, 30, axis=(1, 2), keepdims=True), HOLES, where="values")
case("nanmedian", lambda ops, x: ops.nanmedian(x, 2), HOLES, where="values")
case("nanmedian-all", lambda ops, x: ops.nanmedian(x), HOLES, where="arrays")

# Fourier --------------------------------------------------------------------------------------------------------------

WAVE, OTHER = real(ROWS, 4, 12), real(ROWS, 4, 12, seed=1)
for name in ("fft", "fft2", "ifft2", "irfft"):
    case(name, lambda ops, x, y, n=name: getattr(ops, n)((x, y)), WAVE, OTHER)
for length in (10, 11, 30):
    case(f"irfft-{length}", lambda ops, x, y, n=length: ops.irfft((x, y), n), WAVE, OTHER)
    case(f"rfft-{length}", lambda ops, x, n=length: ops.rfft(x, n), WAVE)
case("rfft", lambda ops, x: ops.rfft(x), WAVE)
case("fft-odd", lambda ops, x, y: ops.fft((x, y)), WAVE[..., :7], OTHER[..., :7])
case("extract-sequences", lambda ops, x: ops.extract_sequences(x, 5, 3), WAVE)
case("extract-sequences-apart", lambda ops, x: ops.extract_sequences(x, 2, 5), WAVE)
for name, options in (
    ("hann", {}), ("hamming", {"window": "hamming"}), ("none", {"window": None}), ("start", {"center": False}),
    ("given", {"window": real(6, low=0.5)}),
):  # fmt: skip
    case(f"stft-{name}", lambda ops, x, o=options: ops.stft(x, 6, 2, 8, **o), WAVE)
    case(f"istft-{name}", lambda ops, x, y, o=options: ops.istft((x, y), 6, 2, 8, **o), *(one[..., :5] for one in (
        WAVE, OTHER)))  # fmt: skip
case("stft-odd", lambda ops, x: ops.stft(x, 5, 3, 7), WAVE)
case("istft-odd", lambda ops, x, y: ops.istft((x, y), 5, 3, 7, length=9), WAVE[..., :4], OTHER[..., :4])

# Matrices -------------------------------------------------------------------------------------------------------------

SQUARE = real(ROWS, 4, 4) + np.array([[0, 0, 2, 0], [2, 0, 0, 0], [0, 0, 0, 2], [0, 2, 0, 0]], np.float32)
POSITIVE = (SQUARE @ SQUARE.swapaxes(-1, -2)).astype(np.float32)
TALL, WIDE = real(ROWS, 5, 3), real(ROWS, 3, 5)
for name in ("det", "inv", "slogdet", "logdet"):
    case(name, lambda ops, x, n=name: getattr(ops, n)(x), SQUARE, tolerance=5e-5)
case("solve", lambda ops, a, b: ops.solve(a, b), SQUARE, real(ROWS, 4, 2), tolerance=5e-5)
case("solve-one", lambda ops, a, b: ops.solve(a, b), SQUARE[0], real(4), where="arrays", tolerance=5e-5)
case("solve-large", lambda ops, a, b: ops.solve(a, b), real(ROWS, 9, 9) + np.eye(9, dtype=np.float32)[::-1],
     real(ROWS, 9, 1), tolerance=1e-4)  # fmt: skip
for lower in (False, True):
    triangular = np.triu(POSITIVE) if not lower else np.tril(POSITIVE)
    case(f"solve-triangular-{lower}", lambda ops, a, b, lo=lower: ops.solve_triangular(a, b, lo), POSITIVE,
         real(ROWS, 4, 2), tolerance=5e-5)  # fmt: skip
    case(f"cholesky-upper-{lower}", lambda ops, x, up=lower: ops.cholesky(x, up), POSITIVE, tolerance=5e-5)
    case(f"cholesky-inverse-upper-{lower}", lambda ops, x, up=lower: ops.cholesky_inverse(x, up),
         np.triu(SQUARE[0] + 3) if lower else np.tril(SQUARE[0] + 3), where="arrays", tolerance=5e-5)  # fmt: skip
for mode in ("reduced", "complete"):
    # With more rows, the completed part of Q is free, and so has no gradient that could be compared.
    case(f"qr-{mode}-tall", lambda ops, x, m=mode: ops.qr(x, m), TALL, tolerance=5e-5,
         where="model" if mode == "reduced" else "values")  # fmt: skip
    case(f"qr-{mode}-square", lambda ops, x, m=mode: ops.qr(x, m), SQUARE, tolerance=5e-5)
    case(f"qr-{mode}-wide", lambda ops, x, m=mode: ops.qr(x, m), WIDE, tolerance=5e-5, where="values")
case("svd-values", lambda ops, x: ops.svd(x, compute_uv=False), TALL, where="arrays")
for full in (False, True):
    case(f"svd-{full}", lambda ops, x, f=full: [ops.abs(one) for one in ops.svd(x, f)][: 2 if f else 3], TALL[0][:, :3]
         if not full else SQUARE[0], where="arrays", tolerance=5e-5)  # fmt: skip
case("eigh", lambda ops, x: [ops.eigh(x)[0], ops.abs(ops.eigh(x)[1])], POSITIVE, where="arrays", tolerance=5e-5)
case("eig", lambda ops, x: ops.sort(ops.real(ops.eig(x)[0])), POSITIVE[0], where="arrays", tolerance=5e-5)
for name, matrices in (("lu-factor", SQUARE), ("lu-factor-tall", TALL), ("lu-factor-wide", WIDE)):
    case(name, lambda ops, x: ops.lu_factor(x), matrices, where="arrays")
RANKS = np.stack([POSITIVE[0], np.outer(real(4), real(4, seed=2)), np.zeros((4, 4))]).astype(np.float32)
case("matrix-rank", lambda ops, x: ops.matrix_rank(x), RANKS, where="arrays")
case("matrix-rank-tol", lambda ops, x: ops.matrix_rank(x, 0.5), RANKS, where="arrays")
case("pinv", lambda ops, x: ops.pinv(x), TALL, where="arrays", tolerance=5e-5)
case("pinv-rcond", lambda ops, x: ops.pinv(x, 0.6), TALL, where="arrays", tolerance=5e-5)
case("lstsq", lambda ops, a, b: ops.lstsq(a, b), TALL[0], real(5, 2), where="arrays", tolerance=5e-5)
case("lstsq-rcond", lambda ops, a, b: ops.lstsq(a, b, 0.6), TALL[0], real(5), where="arrays", tolerance=5e-5)

# Images ---------------------------------------------------------------------------------------------------------------

IMAGE = real(ROWS, 5, 6, 2)
PLACES = real(2, 9, low=-8, high=12)
for mode in ("constant", "nearest", "wrap", "mirror", "reflect"):
    for order in (0, 1):
        case(f"map-coordinates-{mode}-{order}", lambda ops, x, c, m=mode, o=order: ops.image.map_coordinates(x, c, o, m,
             fill_value=0.3), IMAGE[0, :, :, 0], PLACES, where="arrays")  # fmt: skip
case("map-coordinates-ints", lambda ops, x, c: ops.image.map_coordinates(x, c, 1), ints(5, 6), PLACES, where="arrays")
# No coordinate is an integer, where the slope of an interpolation has a step.
TURN = np.array(
    [[0.9, 0.2, -1.03, -0.3, 1.1, 0.52, 0, 0], [1, 0, 0.7, 0, 1, -2.2, 0, 0], [1.4, 0, 0.013, 0.1, 0.7, 0.017, 0, 0]]
)
TURN = TURN[:, :6].astype(np.float32)


def turned(ops: Any, x: Any, numbers: Any, *args: Any, **kwargs: Any) -> Any:
    """Returns images transformed by six numbers; the two others are 0."""
    return ops.image.affine_transform(x, ops.pad(numbers, [[0, 0], [0, 2]]), *args, **kwargs)


for mode in ("constant", "nearest", "wrap", "mirror", "reflect"):
    case(f"affine-{mode}", lambda ops, x, t, m=mode: turned(ops, x, t, "bilinear", m, 0.3), IMAGE, TURN)
case("affine-one-nearest", lambda ops, x, t: ops.image.affine_transform(x, t, "nearest"), IMAGE[0],
     np.float32([0.91, 0.2, -1, -0.3, 1.12, 0.51, 0, 0]), where="arrays")  # fmt: skip
case("affine-first", lambda ops, x, t: turned(ops, x, t, data_format="channels_first"), IMAGE.transpose(0, 3, 1, 2),
     TURN)  # fmt: skip
CORNERS = np.array([[0, 0], [5, 0], [0, 4], [5, 4]], np.float32) + real(ROWS, 4, 2)
MOVED = CORNERS + real(ROWS, 4, 2, seed=3)
case("perspective", lambda ops, x, a, b: ops.image.perspective_transform(x, a, b, fill_value=0.3), IMAGE, CORNERS,
     MOVED, tolerance=1e-4)  # fmt: skip
case("perspective-nearest-one", lambda ops, x, a, b: ops.image.perspective_transform(x, a, b, "nearest"), IMAGE[0],
     CORNERS[0], MOVED[0], where="arrays")  # fmt: skip
for method in ("linear", "cubic", "lanczos3", "lanczos5"):
    for antialias in (False, True):
        case(f"scale-{method}-{antialias}", lambda ops, x, s, t, m=method, a=antialias: ops.image.scale_and_translate(
            x, (ROWS, 3, 9, 2), s, t, (1, 2), m, a), IMAGE, np.float32([0.5, 1.7]), np.float32([0.2, -0.6]),
            where="values", tolerance=5e-5)  # fmt: skip
case("sobel", lambda ops, x: ops.image.sobel_edges(x), IMAGE)
case("sobel-first", lambda ops, x: ops.image.sobel_edges(x, "channels_first"), IMAGE.transpose(0, 3, 1, 2))
PAIR = (real(ROWS, 12, 13, 2, low=0), real(ROWS, 12, 13, 2, low=0, seed=1))
case("ssim", lambda ops, a, b: ops.image.ssim(a, b), *PAIR, tolerance=1e-4)
case("ssim-small", lambda ops, a, b: ops.image.ssim(a, b, 2.0, 5, 0.8, 0.02, 0.05), *PAIR, tolerance=1e-4)
case("ssim-one", lambda ops, a, b: ops.image.ssim(a, b, filter_size=3), PAIR[0][0], PAIR[1][0], where="arrays",
     tolerance=1e-4)  # fmt: skip
VOLUME = real(2, 5, 6, 4, 2)
case("patches-3d", lambda ops, x: ops.image.extract_patches_3d(x, 2), VOLUME)
case("patches-3d-strides", lambda ops, x: ops.image.extract_patches_3d(x, (2, 3, 1), (1, 2, 2), 1, "same"), VOLUME)
case("patches-3d-dilated", lambda ops, x: ops.image.extract_patches_3d(x, 2, 1, 2), VOLUME)
case("fold", lambda ops, x: ops.fold(x, (5, 4), (3, 2)), real(ROWS, 12, 9))
case("fold-strides", lambda ops, x: ops.fold(x, (5, 5), 2, (2, 1), (1, 0), (2, 3)), real(ROWS, 8, 6))

# Sequences ------------------------------------------------------------------------------------------------------------

LOGITS = 3 * real(ROWS, 6, 4)
for name, options in (
    ("plain", {}), ("kept", {"merge_repeated": False}), ("last", {"mask_index": None}), ("two", {"mask_index": 2}),
):  # fmt: skip
    case(f"ctc-greedy-{name}", lambda ops, x, n, o=options: ops.ctc_decode(x, n, **o), LOGITS, np.int32([6, 4, 3]),
         where="values")  # fmt: skip
case("ctc-beam", lambda ops, x, n: ops.ctc_decode(x, n, "beam_search", 12, 3), LOGITS, np.int32([6, 4, 3]),
     where="arrays")  # fmt: skip
case("ctc-beam-narrow", lambda ops, x, n: ops.ctc_decode(x, n, "beam_search", 4, 2, mask_index=3), LOGITS,
     np.int32([6, 4, 3]), where="arrays")  # fmt: skip
case("view-as-real", lambda ops, x: ops.view_as_real(ops.view_as_complex(x)), real(3, 2), where="arrays")
case("polar", lambda ops, x, y: ops.view_as_real(ops.polar(x, y)), real(3, 2), real(3, 2, seed=1), where="arrays")
case("vectorize", lambda ops, x, y: ops.vectorize(lambda a, b: a * 2 + b)(x, y), real(3, 2), real(2), where="arrays")
COMPLEX = (real(3, 2) + 1j * real(3, 2, seed=1)).astype(np.complex64)
for name in ("real", "imag", "angle"):
    case(f"{name}-of-complex", lambda ops, x, n=name: getattr(ops, n)(x), COMPLEX, where="arrays")
case("conj-of-complex", lambda ops, x: ops.view_as_real(ops.conj(x)), COMPLEX, where="arrays")
