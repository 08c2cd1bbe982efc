"""Saving and loading: `.keras` archives, `.weights.h5` and the older `.h5`, told apart by their names.

What a file looks like inside is said by `structure.py`, `weights.py` and `legacy.py`, what is let in by `hdf5.py`.
"""

from __future__ import annotations

import io
import json
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastnn.atomic_files import replacing
from fastnn.engine.contract import title
from fastnn.engine.network import Network
from fastnn.saving import archive, hdf5, legacy, position, weights
from fastnn.saving.compilation import compile_as, describe_compile
from fastnn.saving.functions import only_for_fastnn
from fastnn.saving.reading import Reading
from fastnn.saving.serialization import read, serialize_keras_object
from fastnn.saving.untrusted import Broken, parsed

KERAS_VERSION = "3.0.5"
"""The version of Keras whose form is written: the oldest that is tested, which all later ones read."""


def _kind(path: Path) -> str:
    name = path.name.lower()
    if name.endswith(".weights.h5"):
        return "weights"
    if name.endswith((".h5", ".hdf5")):
        return "h5"
    return "keras" if name.endswith(".keras") else ""


def _refused(path: Path, overwrite: bool) -> None:
    if not overwrite and path.exists():
        raise FileExistsError(f"{path} exists; pass overwrite=True, or another name")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Errors within name the file; whatever a damaged file sets off becomes a ValueError."""
    try:
        yield
    except Broken as error:
        raise Broken(f"{path} {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except (
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        MemoryError,
        AssertionError,
    ) as error:
        raise ValueError(f"{path} holds no model that fastnn understands: {error}") from error


def save_model(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True, **kwargs: Any) -> None:
    """Writes a model into a file: structure, weights, how it was compiled, and how far training has come.

    The file takes the place of an older one only when it is whole.

    Args:
        model: A model that is built.
        filepath: `m.keras`, or the older `m.h5`.
        overwrite: Whether a file that is there may be replaced.
        **kwargs: `include_optimizer=False` leaves the optimizer out; `zipped` is taken for Keras' sake.

    Raises:
        ValueError: The model is not built, or the name has another ending.
        FileExistsError: The file is there and `overwrite` is False.

    Example:
        >>> fastnn.saving.save_model(model, "m.keras")
    """
    path = Path(os.fspath(filepath))
    include_optimizer = bool(kwargs.pop("include_optimizer", True))
    for name in kwargs:
        if name not in ("zipped", "save_format"):
            raise ValueError(f"save_model has no argument {name!r}")
    if not isinstance(model, Network):
        raise TypeError(f"save_model expects a model, got {model!r}")
    kind = _kind(path)
    if kind not in ("keras", "h5"):
        hint = "; save_weights() writes weights alone" if kind == "weights" else ""
        raise ValueError(f"save expects a file called *.keras (or *.h5), got {str(path)!r}{hint}")
    _require_built(model)
    _refused(path, overwrite)
    if strange := only_for_fastnn(model):
        warnings.warn(
            f"{path}: fastnn reads this file, but Keras cannot: it has no form for {', '.join(strange)} with such "
            "arguments between layers; put that into the call() of a layer",
            stacklevel=3,
        )
    if kind == "h5":
        import h5py

        with replacing(path) as beside, h5py.File(beside, "w") as file:
            legacy.write(file, model, include_optimizer)
            position.write_position(file, position.position_of(model))
        return
    with replacing(path) as beside, open(beside, "wb") as to:
        write_model(model, to, include_optimizer)


def _require_built(model: Any) -> None:
    if not model.built:
        raise ValueError(
            f"{title(model)} is not built and has no weights to save; give it an Input, build() it, or fit it first"
        )


def write_model(model: Any, to: Any, include_optimizer: bool = True) -> None:
    """Writes the archive of a model into an open file."""
    description = serialize_keras_object(model)
    compiled = describe_compile(model) if include_optimizer else None
    if compiled is not None:
        description["compile_config"] = compiled
    metadata = {"keras_version": KERAS_VERSION, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S")}
    texts = {archive.METADATA: json.dumps(metadata), archive.CONFIG: json.dumps(description)}
    archive.write_archive(to, texts, _weights_file(model, compiled is not None), weights.write_assets(model))


def _weights_file(model: Any, optimizer: bool) -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        weights.write_tree(file, model, optimizer)
    return buffer.getvalue()


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Reads a model that `save_model` wrote, or Keras 2 or 3.

    Args:
        filepath: `m.keras`, or the older `m.h5`.
        custom_objects: Classes and functions that the file names and fastnn does not know.
        compile: Whether it is compiled as it was, with the optimizer's state.
        safe_mode: Taken for Keras' sake: Python code in a file is refused either way.

    Returns:
        The model.

    Raises:
        ValueError: The file is damaged, names what is unknown, or is none of a model.
        FileNotFoundError: There is no such file.

    Example:
        >>> model = fastnn.models.load_model("m.keras")
    """
    path = Path(os.fspath(filepath))
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    if _kind(path) == "weights":
        raise ValueError(f"{path} holds weights alone; make the model first and call load_weights()")
    with _told(path):
        with open(path, "rb") if path.is_file() else io.BytesIO() as file:
            magic = file.read(8)
        if magic.startswith(b"\x89HDF"):
            with hdf5.opened(path) as file:
                model, reading = legacy.read_model(file, custom_objects, compile)
                position.restore_position(model, position.read_position(file))
        else:
            model, reading = read_model(archive.read_archive(path), custom_objects, compile)
    reading.warn(stacklevel=3)
    return model


def read_model(stored: archive.Archive, custom_objects: Mapping[str, Any] | None, compile: bool) -> tuple[Any, Reading]:
    """The model of an archive."""
    with hdf5.opened(stored.weights) as file:
        reading = Reading(custom_objects, budget=hdf5.total_numbers(file) + (1 << 16))
        model = read(stored.config, reading)
        if not isinstance(model, Network):
            raise ValueError(f"the file describes no model, but {str(model)[:80]!r}")
        reading.settle(model)
        weights.read_assets(model, stored.assets)
        weights.read_tree(file, model)
        if compile and compile_as(model, stored.config.get("compile_config"), reading):
            weights.read_optimizer(file, model)
        position.restore_position(model, position.read_position(file))
    return model, reading


def save_weights(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Writes a model's weights into a file, and its optimizer's state where it is compiled.

    Args:
        model: A model that is built.
        filepath: `m.weights.h5`, or `m.h5` for the older form.
        overwrite: Whether a file that is there may be replaced.

    Raises:
        ValueError: The model is not built, or the name has another ending.
        FileExistsError: The file is there and `overwrite` is False.
    """
    import h5py

    path = Path(os.fspath(filepath))
    if not _kind(path) or _kind(path) == "keras":
        raise ValueError(f"save_weights expects a file called *.weights.h5 (or *.h5), got {str(path)!r}")
    _require_built(model)
    _refused(path, overwrite)
    with replacing(path) as beside, h5py.File(beside, "w") as file:
        if _kind(path) == "weights":
            weights.write_tree(file, model, model.compiled)
        else:
            legacy.write_weights(file, model)


def load_weights(
    model: Any, filepath: str | os.PathLike[str], skip_mismatch: bool = False, by_name: bool = False, **kwargs: Any
) -> None:
    """Reads weights into a model.

    Args:
        model: A model that is built.
        filepath: `m.weights.h5`, `m.keras` or `m.h5`, of fastnn or Keras.
        skip_mismatch: Whether layers whose weights do not fit keep what they have, with one warning.
        by_name: Whether layers are found by their names, and those that the file does not know keep what they have.
        **kwargs: None are known.

    Raises:
        ValueError: The file is damaged, or its weights are not the model's; then nothing was written.
    """
    for name in kwargs:
        raise ValueError(f"load_weights has no argument {name!r}")
    path = Path(os.fspath(filepath))
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    _require_built(model)
    with _told(path):
        source: Path | bytes = path
        if _kind(path) == "keras":
            source = archive.read_archive(path).weights
        with hdf5.opened(source) as file:
            if "layer_names" in file.attrs or "model_weights" in file:
                legacy.read_weights(legacy.weights_group(file), model, by_name, skip_mismatch)
            elif by_name:
                weights.read_named(file, model, skip_mismatch)
            else:
                weights.read_tree(file, model, skip_mismatch)
                if model.compiled:
                    weights.read_optimizer(file, model)
                position.restore_position(model, position.read_position(file))


def to_json(model: Any, **kwargs: Any) -> str:
    """A model's structure as text, without weights.

    Args:
        model: A model.
        **kwargs: For `json.dumps`, such as `indent=2`.
    """
    return json.dumps(serialize_keras_object(model), **kwargs)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model with fresh weights from what `to_json` returned, or Keras.

    Raises:
        ValueError: The text describes no model, or names what is unknown.
    """
    reading = Reading(custom_objects)
    model = read(parsed(json_string), reading)
    if not isinstance(model, Network):
        raise ValueError(f"the text describes no model, but {str(model)[:80]!r}")
    reading.warn(stacklevel=3)
    return model


def export_model(
    model: Any, filepath: str | os.PathLike[str], format: str | None = None, verbose: bool = False
) -> None:
    """Writes what a model predicts for programs that know nothing of fastnn.

    Args:
        model: A model that is built.
        filepath: `m.onnx` (the package `onnx` makes it; the batch is free, and so are sizes that the model leaves
            open), or `m.c`: one file of C99 with weights, code and a test of itself, for chains of layers.
        format: "onnx" or "c"; None: by the file's name.
        verbose: Whether to say so.

    Raises:
        ImportError: The package `onnx` is missing.
        ValueError: The format is unknown, or a layer cannot be expressed in it; the message names the layer.

    Example:
        >>> model.export("m.onnx")
    """
    from fastnn.export.c.code import export_c
    from fastnn.export.onnx import export_onnx

    formats = {"onnx": export_onnx, "c": export_c}
    word = format or Path(os.fspath(filepath)).suffix.lstrip(".").lower()
    if word not in formats:
        raise ValueError(f"export expects a file called *.onnx or *.c, or format= 'onnx' or 'c', got {word!r}")
    if not isinstance(model, Network):
        raise TypeError(f"export expects a model, got {model!r}")
    formats[word](model, filepath)
    if verbose:
        print(f"{model.name} saved as {os.fspath(filepath)}")
