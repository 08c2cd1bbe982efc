"""Entry points of saving and loading: `.keras` archives, `.weights.h5`, its shards and the older `.h5`.

The ending of the path chooses the format. `serialization.py`, `weights.py` and `legacy.py` own the content of the
files, `archive.py` and `hdf5/reading.py` their limits.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastnn.atomic_files import replacing
from fastnn.caller import warn
from fastnn.engine.contract import Part, title
from fastnn.engine.network import Network
from fastnn.engine.ownership import walk
from fastnn.naming import near
from fastnn.saving import archive, hdf5, legacy, position, shards, weights
from fastnn.saving.compilation import compile_as, describe_compile
from fastnn.saving.functions import only_for_fastnn
from fastnn.saving.reading import STRANGE, Reading
from fastnn.saving.serialization import KERAS_VERSION, read, serialize_keras_object
from fastnn.saving.untrusted import CorruptFileError, parsed


def _kind(path: Path) -> str:
    name = path.name.lower()
    if name.endswith(".weights.h5"):
        return "weights"
    if name.endswith(shards.INDEX):
        return "shards"
    if name.endswith((".h5", ".hdf5")):
        return "h5"
    return "keras" if name.endswith(".keras") else ""


def _refused(path: Path, overwrite: bool) -> None:
    if not overwrite and path.exists():
        raise FileExistsError(f"{path} exists; pass overwrite=True, or another name")


@contextmanager
def _told(path: Any) -> Iterator[None]:
    """Adds the path to errors within the block; every error of a damaged file becomes a ValueError."""
    try:
        yield
    except CorruptFileError as error:
        raise CorruptFileError(f"{path} {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except MemoryError as error:
        raise MemoryError(f"{path}: there is not enough memory to read this file; {error}".rstrip("; ")) from error
    except STRANGE as error:
        raise ValueError(f"{path} holds no model that fastnn understands: {error}") from error


def _is_file(target: Any) -> bool:
    """Returns whether the argument for a path is an open binary file."""
    return hasattr(target, "write") or hasattr(target, "read")


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Writes a model into a file: its structure, weights, compilation and the state of training.

    The file replaces an existing one only once it is complete.

    Args:
        model: A model. One that is not built is written without weights.
        filepath: Path that ends with `.keras`, or `.h5` for the older format; or a binary file open for writing.
        overwrite: Whether an existing file may be replaced.
        zipped: False to write a folder that holds the files of the archive, at a path that does not end with `.keras`;
            None: True.
        **kwargs: `include_optimizer=False` omits the optimizer; `save_format` is accepted for Keras compatibility and
            ignored.

    Raises:
        TypeError: `model` is no model.
        ValueError: The path has another ending.
        FileExistsError: The file exists and `overwrite` is False.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "m.keras")
        >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1)])
        >>> fastnn.saving.save_model(model, path)
        >>> fastnn.saving.load_model(path).count_params()
        3
    """
    include_optimizer = bool(kwargs.pop("include_optimizer", True))
    for name in kwargs:
        if name != "save_format":
            raise ValueError(f"save_model has no argument {name!r}")
    alone = isinstance(model, Part) and type(model).__fastnn_has_files__
    if not isinstance(model, Network) and not alone:
        raise TypeError(f"save_model expects a model, got {model!r}")
    include_optimizer = include_optimizer and not alone
    if _is_file(filepath):
        write_model(model, filepath, include_optimizer)
        return
    path = Path(os.fspath(filepath))
    kind = _kind(path)
    if zipped is False:
        if kind:
            raise ValueError(
                f"save with zipped=False expects the name of a folder, without an ending, got {str(path)!r}"
            )
        _write_folder(model, path, overwrite, include_optimizer)
        return
    if kind not in ("keras", "h5"):
        hint = "; save_weights() writes weights alone" if kind == "weights" else ""
        raise ValueError(f"save expects a file called *.keras (or *.h5), got {str(path)!r}{hint}")
    _refused(path, overwrite)
    if isinstance(model, Network) and (strange := only_for_fastnn(model)):
        warn(
            f"{path}: fastnn reads this file, but Keras cannot: it has no form for {', '.join(strange)} with such "
            "arguments between layers; put that into the call() of a layer"
        )
    if kind == "h5":
        with replacing(path) as beside, hdf5.written(beside) as file:
            legacy.write(file, model, include_optimizer)
            position.write_position(file, position.position_of(model))
        return
    with replacing(path) as beside, open(beside, "wb") as to:
        write_model(model, to, include_optimizer)


def _require_built(model: Any, purpose: str = "to save") -> None:
    # A model without a call, which its train_step does not need, is built where all its parts are.
    parts = [one for one, _ in walk(model) if one is not model]
    if not model.built and not (parts and all(one.built for one in parts)):
        raise ValueError(
            f"{title(model)} is not built and has no weights {purpose}; give it an Input, build() it, or call it on "
            "data first"
        )


class MissingFileError(FileNotFoundError, ValueError):
    """A file that is not there; a ValueError too, as in Keras."""


def _require_file(path: Path) -> None:
    """Raises where there is no file, or a folder that does not hold the files of a `.keras` archive."""
    if not path.exists():
        folder = path.parent.absolute()
        others = [one.name for one in folder.iterdir() if one.suffix == path.suffix] if folder.is_dir() else []
        where = f" in {folder}" if folder.is_dir() and not path.is_absolute() else ""
        raise MissingFileError(f"there is no file {str(path)!r}{where}{near(path.name, others)}")
    if path.is_dir() and not (path / archive.CONFIG).exists():
        saved = (path / "saved_model.pb").exists()
        raise ValueError(
            f"{str(path)!r} is {'a SavedModel of TensorFlow' if saved else 'a folder'}, which fastnn does not read; "
            "save the model with model.save('model.keras') where it was trained, and load that file"
        )


def write_model(model: Any, to: Any, include_optimizer: bool = True) -> None:
    """Writes a model as an archive into an open file.

    Args:
        model: A model.
        to: The file.
        include_optimizer: Whether compilation and optimizer are written.
    """
    archive.write_archive(to, *_members(model, include_optimizer))


def _write_folder(model: Any, path: Path, overwrite: bool, include_optimizer: bool) -> None:
    """Writes a model as a folder, which takes the place of a former one once it is complete."""
    _refused(path, overwrite)
    if path.exists() and not (path / archive.CONFIG).is_file():
        raise FileExistsError(f"{path} exists and is no folder of a model; give another name")
    beside = path.parent / f".{path.name}.{secrets.token_hex(6)}"
    try:
        archive.write_folder(beside, *_members(model, include_optimizer))
        if path.exists():
            shutil.rmtree(path)
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _members(model: Any, include_optimizer: bool) -> tuple[dict[str, str], bytes, dict[str, bytes]]:
    """Returns the texts, the weights and the assets of the archive of a model."""
    description = serialize_keras_object(model)
    compiled = describe_compile(model) if include_optimizer else None
    if compiled is not None:
        description["compile_config"] = compiled
    metadata = {"keras_version": KERAS_VERSION, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S")}
    texts = {archive.METADATA: json.dumps(metadata), archive.CONFIG: json.dumps(description)}
    return texts, _weights_file(model, compiled is not None), weights.write_assets(model)


def _weights_file(model: Any, optimizer: bool) -> bytes:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        weights.write_tree(file, model, optimizer)
    return buffer.getvalue()


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Returns the model of a file of fastnn, Keras 2 or Keras 3.

    Args:
        filepath: Path that ends with `.keras`, or `.h5` for the older format; or an open `.keras` file.
        custom_objects: Classes and functions that the file names, by their names.
        compile: Whether the model is compiled as it was, with the state of the optimizer.
        safe_mode: Whether Python code in the file (a lambda) is refused. It may do anything: pass False only for files
            of a source that you trust.

    Returns:
        The model.

    Raises:
        ValueError: The file is damaged, names an unknown class or holds no model.
        FileNotFoundError: The file does not exist.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "m.keras")
        >>> fastnn.Sequential([layers.Input((2,)), layers.Dense(1)]).save(path)
        >>> fastnn.saving.load_model(path).count_params()
        3
    """
    if _is_file(filepath):
        with _told(filepath):
            model, reading = read_model(archive.read_archive_from(filepath), custom_objects, compile, safe_mode)
        reading.warn()
        return model
    path = Path(os.fspath(filepath))
    _require_file(path)
    if _kind(path) == "weights":
        raise ValueError(f"{path} holds weights alone; make the model first and call load_weights()")
    with _told(path):
        with open(path, "rb") if path.is_file() else io.BytesIO() as file:
            magic = file.read(8)
        if magic.startswith(b"\x89HDF"):
            with hdf5.opened(path) as file:
                model, reading = legacy.read_model(file, custom_objects, compile, safe_mode)
                position.restore_position(model, position.read_position(file))
        else:
            model, reading = read_model(archive.read_archive(path), custom_objects, compile, safe_mode)
    reading.warn()
    return model


def read_model(
    stored: archive.Archive, custom_objects: Mapping[str, Any] | None, compile: bool, safe_mode: bool = True
) -> tuple[Any, Reading]:
    """Returns the model of an archive, and the reading with the keys that were ignored."""
    with hdf5.opened(stored.weights) as file:
        reading = Reading.of_file(file, custom_objects, safe_mode)
        with reading.filling(), reading.understood():
            model = read(stored.config, reading)
        alone = isinstance(model, Part) and type(model).__fastnn_has_files__
        if not isinstance(model, Network) and not alone:
            raise ValueError(f"the file describes no model, but {str(model)[:80]!r}")
        weights.read_tree(file, model, quantize=True)
        weights.read_assets(model, stored.assets)
        if alone:
            return model, reading
        if compile and compile_as(model, stored.config.get("compile_config"), reading):
            weights.read_optimizer(file, model)
        position.restore_position(model, position.read_position(file))
    return model, reading


def save_weights(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    max_shard_size: float | None = None,
    objects_to_skip: Sequence[Any] = (),
) -> None:
    """Writes the weights of a model, and the state of its optimizer if it is compiled, into a file.

    Args:
        model: A built model.
        filepath: Path that ends with `.weights.h5`, or `.h5` for the older format; or a binary file open for writing.
        overwrite: Whether an existing file may be replaced.
        max_shard_size: Most bytes of numbers in a file, in GiB, where the weights are split into several:
            `m_00000.weights.h5` and so on beside the index `m.weights.json`, which is the path to give. None: one file.
        objects_to_skip: Layers whose weights are left out of the file, and the optimizer perhaps.

    Raises:
        ValueError: The model is not built, the path has another ending, or a variable is larger than a file may be.
        FileExistsError: The file exists and `overwrite` is False.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "m.weights.h5")
        >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1)])
        >>> fastnn.saving.save_weights(model, path)
        >>> fastnn.saving.load_weights(model, path)
    """
    if _is_file(filepath):
        _require_built(model)
        filepath.write(_weights_file(model, model.compiled))
        return
    path = Path(os.fspath(filepath))
    kind = _kind(path)
    if max_shard_size is not None and kind == "weights":
        path, kind = path.with_suffix(".json"), "shards"
    if (kind == "shards") != (max_shard_size is not None):
        raise ValueError(
            f"save_weights expects a file called *{shards.INDEX} with max_shard_size=, and with it alone, got "
            f"{str(path)!r} and max_shard_size={max_shard_size!r}"
        )
    if kind not in ("weights", "shards", "h5"):
        raise ValueError(f"save_weights expects a file called *.weights.h5 (or *.h5), got {str(path)!r}")
    _require_built(model)
    _refused(path, overwrite)
    if max_shard_size is not None:
        with shards.sharded(path, max_shard_size) as file:
            weights.write_tree(file, model, model.compiled, skipped=objects_to_skip)
        return
    if kind == "h5" and objects_to_skip:
        raise ValueError(f"objects_to_skip is for files called *.weights.h5, got {str(path)!r}")
    with replacing(path) as beside, hdf5.written(beside) as file:
        if _kind(path) == "weights":
            weights.write_tree(file, model, model.compiled, skipped=objects_to_skip)
        else:
            legacy.write_weights(file, model)


def load_weights(
    model: Any,
    filepath: Any,
    skip_mismatch: bool = False,
    by_name: bool = False,
    objects_to_skip: Sequence[Any] = (),
    **kwargs: Any,
) -> None:
    """Reads the weights of a model from a file of fastnn or Keras.

    Args:
        model: A built model.
        filepath: Path that ends with `.weights.h5`, `.weights.json`, `.keras` or `.h5`; or an open binary file of
            weights.
        skip_mismatch: Whether layers whose weights do not fit keep their values, with one warning.
        by_name: Whether layers are found by their names; layers that the file does not name keep their values.
        objects_to_skip: Layers that keep their values, and the optimizer perhaps.
        **kwargs: Not accepted.

    Raises:
        ValueError: The file is damaged, or its weights do not fit; then no weight was changed.
        FileNotFoundError: The file does not exist.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "m.weights.h5")
        >>> model = fastnn.Sequential([layers.Input((2,)), layers.Dense(1)])
        >>> model.save_weights(path)
        >>> fastnn.saving.load_weights(model, path)
    """
    for name in kwargs:
        raise ValueError(f"load_weights has no argument {name!r}")
    is_file = _is_file(filepath)
    path: Any = filepath if is_file else Path(os.fspath(filepath))
    if not is_file:
        _require_file(path)
    _require_built(model, "to load into")
    with _told(path):
        source: Any = path.read() if is_file else path
        if not is_file and _kind(path) == "keras":
            source = archive.read_archive(path).weights
        reading = shards.joined(path) if not is_file and _kind(path) == "shards" else hdf5.opened(source)
        with reading as file:
            old = "layer_names" in file.attrs or "model_weights" in file
            if objects_to_skip and (old or by_name):
                raise ValueError("objects_to_skip is for files of the newer form, read without by_name")
            if old:
                legacy.read_weights(legacy.weights_group(file), model, by_name, skip_mismatch)
            elif by_name:
                weights.read_named(file, model, skip_mismatch)
            else:
                weights.read_tree(file, model, skip_mismatch, skipped=objects_to_skip)
                if model.compiled and not any(one is model.optimizer for one in objects_to_skip):
                    weights.read_optimizer(file, model)
                position.restore_position(model, position.read_position(file))


def to_json(model: Any, **kwargs: Any) -> str:
    """Returns the structure of a model, without weights, as JSON.

    Args:
        model: A model.
        **kwargs: Arguments of `json.dumps`, such as `indent=2`.

    Example:
        >>> text = fastnn.saving.to_json(fastnn.Sequential([layers.Input((2,)), layers.Dense(1)]))
        >>> fastnn.saving.model_from_json(text).count_params()
        3
    """
    return json.dumps(serialize_keras_object(model), **kwargs)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Returns a model with new weights from the JSON of `to_json`, of fastnn or Keras.

    Args:
        json_string: The text.
        custom_objects: Classes and functions that the text names, by their names.

    Raises:
        ValueError: The text describes no model, or names an unknown class.

    Example:
        >>> text = fastnn.Sequential([layers.Input((2,)), layers.Dense(1)]).to_json()
        >>> fastnn.saving.model_from_json(text).count_params()
        3
    """
    reading = Reading(custom_objects)
    with reading.understood():
        model = read(parsed(json_string), reading)
    if not isinstance(model, Network):
        raise ValueError(f"the text describes no model, but {str(model)[:80]!r}")
    reading.warn()
    return model


def export_model(
    model: Any,
    filepath: str | os.PathLike[str],
    format: str | None = None,
    verbose: bool = False,
    input_signature: Any = None,
    opset_version: int | None = None,
) -> None:
    """Writes the inference of a model for programs without fastnn.

    Args:
        model: A built model.
        filepath: Path that ends with `.onnx` or `.c`. An ONNX file, made by the package `onnx`, leaves the batch and
            other unknown dimensions open. A file of C99, for chains of layers, holds weights, code and a self-test.
        format: "onnx" or "c"; None: by the ending of the path.
        verbose: Whether a line is printed.
        input_signature: A list of what the model is called with, as for `fastnn.export.ExportArchive.add_endpoint`;
            None: its own inputs. For ONNX.
        opset_version: Version of the operators of ONNX; None: 17.

    Raises:
        ImportError: The package `onnx` is missing.
        TypeError: `model` is no model.
        ValueError: The format is unknown, has no such argument, or a layer cannot be expressed in it; the message names
            the layer.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "m.c")
        >>> fastnn.saving.export_model(fastnn.Sequential([layers.Input((2,)), layers.Dense(1)]), path)
        >>> os.path.exists(path)
        True
    """
    from fastnn.export.c.code import export_c
    from fastnn.export.export_archive import tape_of
    from fastnn.export.onnx import export_onnx

    word = format or Path(os.fspath(filepath)).suffix.lstrip(".").lower()
    if word not in ("onnx", "c"):
        raise ValueError(
            f"export expects a file called *.onnx or *.c, or format='onnx' or format='c', got "
            f"{os.fspath(filepath)!r}{'' if format is None else f' and format={format!r}'}; other forms, such as "
            "SavedModel, are not written"
        )
    if not isinstance(model, Network):
        raise TypeError(f"export expects a model, got {model!r}")
    if word == "onnx":
        export_onnx(tape_of(model.name, model, input_signature), model.name, filepath, opset_version)
    elif input_signature is not None or opset_version is not None:
        raise ValueError(
            "export to C has no input_signature and no opset_version; these are arguments of format='onnx'"
        )
    else:
        export_c(model, filepath)
    if verbose:
        print(f"{model.name} saved as {os.fspath(filepath)}")
