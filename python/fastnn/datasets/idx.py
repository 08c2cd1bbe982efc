"""IDX: the format of the original MNIST files, as they are or compressed by gzip."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.caller import warn

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]
_NAME = re.compile(r"(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")
_TEST_SHARE = 5
_UINT8 = 8


def read(path: Path) -> NDArray[np.uint8]:
    """Returns the array of an IDX file of bytes.

    Args:
        path: The file; a name that ends with `.gz` is of a compressed one.

    Raises:
        ValueError: It is no such file, or it is cut off.
    """
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    dimensions = data[3] if len(data) > 3 else 0
    if len(data) < 4 + 4 * dimensions or data[:3] != bytes((0, 0, _UINT8)):
        raise ValueError(f"an IDX file of bytes was expected, got {path}")
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", dimensions, 4))
    values: NDArray[np.uint8] = np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions)
    if values.size != np.prod(shape):
        raise ValueError(
            f"{path} is cut off: {np.prod(shape)} bytes were expected for shape {shape}, got {values.size}"
        )
    return np.array(values).reshape(shape)


def has_files(folder: Path) -> bool:
    """Returns whether a folder has images in IDX files."""
    return bool(_images(folder))


def _images(folder: Path) -> dict[str, dict[str, Path]]:
    """Returns the files by part and kind, of the parts that have images."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if match := _NAME.fullmatch(path.name):
            found.setdefault(match[1], {}).setdefault(match[2], path)
    return {part: files for part, files in found.items() if "images" in files}


def read_folder(folder: Path) -> tuple[Split, Split]:
    """Returns images and labels of a folder of IDX files: `(x_train, y_train), (x_test, y_test)`.

    Where one of the parts is missing, every fifth image of the other is for testing, and a warning says so.

    Raises:
        ValueError: Labels are missing, or their number is not that of the images.
    """
    parts: dict[str, Any] = {}
    for part, files in _images(folder).items():
        if "labels" not in files:
            raise ValueError(f"{folder} has {files['images'].name}, but no {part}-labels-idx1-ubyte.gz")
        x, y = read(files["images"]), read(files["labels"])
        if len(x) != len(y):
            raise ValueError(f"{folder} has {len(x)} images and {len(y)} labels of {part}")
        parts[part] = x, y
    if len(parts) == 2:
        return parts["train"], parts["t10k"]
    ((part, (x, y)),) = parts.items()
    warn(f"{folder} has only the files {part}-*: every fifth of their {len(x)} images is for testing")
    test = np.arange(len(x)) % _TEST_SHARE == _TEST_SHARE - 1
    return (x[~test], y[~test]), (x[test], y[test])
