"""Files and their decoding, as `tf.io` has it: bytes, images by Pillow, sounds, lines of numbers."""

from __future__ import annotations

import glob as _glob
import io as _io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.data.elements import Element, as_element
from fastnn.data.specs import as_dtype
from fastnn.utils.audio_folders import decoded_wav, fitted
from fastnn.utils.images import array_to_img, decoded

_MODES = {0: None, 1: "L", 3: "RGB", 4: "RGBA"}


def text(value: Any) -> str:
    """Returns a path or another single text as a string."""
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    content = value if isinstance(value, bytes) else as_element(value).numpy()
    if not isinstance(content, bytes):
        raise TypeError(f"a path or text is expected, got {value!r}")
    return content.decode()


def content_of(value: Any) -> bytes:
    """Returns the bytes of a single text."""
    content = value if isinstance(value, bytes) else as_element(value).numpy()
    if not isinstance(content, bytes):
        raise TypeError(f"the bytes of a file are expected, got {type(content).__name__}; read it by tf.io.read_file")
    return content


def read_file(filename: Any, name: str | None = None) -> Element:
    """Returns the content of a file, as bytes."""
    return as_element(Path(text(filename)).read_bytes())


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Writes bytes to a file, whose folder is made where it is missing."""
    path = Path(text(filename))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content_of(contents))


def matching_files(pattern: Any, name: str | None = None) -> Element:
    """Returns the sorted paths that match a pattern."""
    return as_element(np.asarray(sorted(_glob.glob(text(pattern))), dtype=object))


def decode_image(
    contents: Any, channels: int | None = None, dtype: Any = "uint8", name: str | None = None,
    expand_animations: bool = True,
) -> Element:  # fmt: skip
    """Returns the pixels of an image file; of an animation its first frame.

    Args:
        contents: The bytes of the file.
        channels: 1, 3 or 4; 0 or None: those of the file.
        dtype: "uint8", or a type of fractions from 0 to 1.
        name: Ignored.
        expand_animations: Accepted for TensorFlow compatibility; ignored.
    """
    count = int(channels or 0)
    if count not in _MODES:
        raise ValueError(f"decode_image expects channels of 0, 1, 3 or 4, got {channels}")
    array = decoded(content_of(contents), _MODES[count], "decode_image")
    kind = as_dtype(dtype)
    if kind.kind == "f":
        return as_element(array.astype(kind) / kind.type(255))
    return array.astype(kind).view(Element)


def decode_png(contents: Any, channels: int = 0, dtype: Any = "uint8", name: str | None = None) -> Element:
    """Returns the pixels of an image file."""
    return decode_image(contents, channels, dtype)


def decode_jpeg(
    contents: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True, try_recover_truncated: bool = False,
    acceptable_fraction: float = 1, dct_method: str = "", name: str | None = None,
) -> Element:  # fmt: skip
    """Returns the pixels of an image file; only `channels` has a meaning here."""
    return decode_image(contents, channels)


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Element:
    """Returns the pixels of an image file."""
    return decode_image(contents, channels)


def decode_gif(contents: Any, name: str | None = None) -> Element:
    """Returns the pixels of the first frame of an image file, with an axis for the frames."""
    return as_element(np.asarray(decode_image(contents, 3))[None])


def _encoded(image: Any, kind: str, **options: Any) -> Element:
    file = _io.BytesIO()
    array_to_img(np.asarray(image), scale=False, dtype="uint8").save(file, format=kind, **options)
    return as_element(file.getvalue())


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Element:
    """Returns an image of integers of 8 bits as the bytes of a PNG file."""
    return _encoded(image, "png")


def encode_jpeg(image: Any, format: str = "", quality: int = 95, name: str | None = None) -> Element:
    """Returns an image of integers of 8 bits as the bytes of a JPEG file."""
    return _encoded(image, "jpeg", quality=int(quality))


def decode_wav(
    contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None
) -> tuple[Element, Element]:
    """Returns the samples of a WAV file, of shape `(samples, channels)`, from -1 to 1, and their rate."""
    sound, rate = decoded_wav(content_of(contents), "decode_wav")
    if desired_channels > 0 and sound.shape[1] != desired_channels:
        sound = np.repeat(sound.mean(axis=1, keepdims=True), desired_channels, 1)
    if desired_samples >= 0:
        sound = fitted(sound, int(desired_samples))
    return sound.view(Element), as_element(np.int32(rate))


def decode_raw(input_bytes: Any, out_type: Any, little_endian: bool = True, name: str | None = None) -> Element:
    """Returns the numbers that bytes consist of."""
    kind = as_dtype(out_type).newbyteorder("<" if little_endian else ">")
    return np.frombuffer(content_of(input_bytes), kind).astype(kind.newbyteorder("=")).view(Element)


def decode_csv(
    records: Any, record_defaults: Sequence[Any], field_delim: str = ",", use_quote_delim: bool = True,
    na_value: str = "", select_cols: Sequence[int] | None = None, name: str | None = None,
) -> list[Element]:  # fmt: skip
    """Returns the fields of lines of values separated by commas, one array for each field."""
    import csv

    lines = as_element(records)
    flat = [one.decode() for one in np.atleast_1d(lines.view(np.ndarray)).ravel().tolist()]
    quoting: Any = csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE
    rows = list(csv.reader(flat, delimiter=field_delim, quoting=quoting))
    columns = range(len(record_defaults)) if select_cols is None else select_cols
    made = []
    for column, default in zip(columns, record_defaults, strict=True):
        known = as_element(default) if not isinstance(default, (type, np.dtype)) and default != "string" else None
        kind = as_dtype(default) if known is None else known.dtype
        filled = None if known is None or known.size == 0 else known.ravel()[0].numpy()
        fields: list[Any] = []
        for row in rows:
            field = row[column]
            if field == na_value or field == "":
                if filled is None:
                    raise ValueError(f"decode_csv: field {column} is required and missing in {row}")
                fields.append(filled)
            else:
                fields.append(field.encode() if kind in ("string", np.dtype(object)) else np.dtype(kind).type(field))
        array = np.empty(len(fields), object if kind in ("string", np.dtype(object)) else kind)
        array[:] = fields
        made.append(array.reshape(lines.shape).view(Element))
    return made
