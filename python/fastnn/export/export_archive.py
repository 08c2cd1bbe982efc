"""Several functions of models and layers, exported together: a folder with an ONNX file for each."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fastnn import console
from fastnn.atomic_files import replacing
from fastnn.engine.contract import Part, title
from fastnn.engine.emission import Emission
from fastnn.engine.network import Network
from fastnn.engine.ownership import once
from fastnn.export.onnx import export_onnx, to_onnx
from fastnn.export.tape import Spec, Tape, taped, taped_code
from fastnn.layers.core.input_layer import Input
from fastnn.symbolic.structure import Structure

_NAME = re.compile(r"[A-Za-z_][\w-]*")


class ExportArchive:
    """Collection of functions that are exported together, as ONNX.

    Each endpoint becomes a file of its own, `NAME.onnx` in the folder that `write_out` is given, which onnxruntime and
    other programs run without fastnn; a collection of variables becomes `NAME.npz`, with the paths of the variables.
    What an endpoint computes is recorded when it is added, with `training=False` where the function does not say
    otherwise, and the weights are those of the moment when the folder is written.

    Args:
        format: "onnx".
        opset_version: Version of the operators of ONNX; None: 17.

    Raises:
        ValueError: Another format is asked for.

    Example:
        >>> import os, tempfile
        >>> model = fastnn.Sequential([layers.Input((3,)), layers.Dense(8, name="code"), layers.Dense(2)])
        >>> archive = fastnn.export.ExportArchive()
        >>> archive.track_and_add_endpoint("serve", model)
        >>> encode = archive.add_endpoint("encode", model.get_layer("code"), [fastnn.InputSpec(shape=(None, 3))])
        >>> folder = tempfile.mkdtemp()
        >>> archive.write_out(folder, verbose=False)
        >>> sorted(os.listdir(folder))
        ['encode.onnx', 'serve.onnx']
    """

    def __init__(self, format: str = "onnx", *, opset_version: int | None = None) -> None:
        if format != "onnx":
            raise ValueError(
                f"ExportArchive writes ONNX, got format={format!r}; other forms, such as SavedModel, are not written: "
                "leave format= out"
            )
        self._opset_version = opset_version
        self._endpoints: dict[str, Callable[[], Tape]] = {}
        self._collections: dict[str, list[Any]] = {}
        self._tracked: list[Any] = []

    @property
    def variables(self) -> list[Any]:
        """Variables of the tracked layers and models."""
        return once([variable for one in self._tracked for variable in one.variables])

    @property
    def trainable_variables(self) -> list[Any]:
        """Variables of the tracked layers and models that are trained."""
        return [variable for variable in self.variables if variable.trainable]

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Variables of the tracked layers and models that are not trained."""
        return [variable for variable in self.variables if not variable.trainable]

    def track(self, resource: Any) -> None:
        """Adds the variables of a layer or model to `variables`; an endpoint needs none of that.

        Args:
            resource: A built layer or model.

        Raises:
            TypeError: It is neither; a ValueError as well.
            ValueError: It is not built.
        """
        if not isinstance(resource, Part):
            raise ResourceExpectedError(f"ExportArchive.track expects a layer or a model, got {resource!r}")
        if not resource.built:
            raise ValueError(f"{title(resource)} is not built; call it on data, or build() it, before it is exported")
        if not any(one is resource for one in self._tracked):
            self._tracked.append(resource)

    def add_endpoint(self, name: str, fn: Callable[..., Any], input_signature: Any = None) -> Callable[..., Any]:
        """Adds a function that the exported folder offers.

        Args:
            name: Name of the endpoint, and of its file without the ending.
            fn: A function of tensors, such as a layer, a model or one that calls them and `fastnn.ops`. The tensors
                that it returns may be in a list or a dict, whose keys name the outputs.
            input_signature: A list of what the function is called with: an `InputSpec`, symbolic tensor or array for
                each argument, or lists and dicts of them. None, for a model: its own inputs.

        Returns:
            The function, as given.

        Raises:
            ImportError: The package `onnx` is missing.
            ValueError: The name is taken or is no name, the signature is missing, or a step of the function cannot be
                expressed in ONNX.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"add_endpoint expects a name of letters, digits, _ and -, got {name!r}")
        if name in self._endpoints:
            raise ValueError(f"there is an endpoint {name!r} already; give each a name of its own")
        tape = partial(tape_of, name, fn, input_signature)
        to_onnx(tape(), name, self._opset_version)
        self._endpoints[name] = tape
        return fn

    def track_and_add_endpoint(self, name: str, resource: Any, input_signature: Any = None) -> None:
        """Does what `track` and `add_endpoint` do, for a layer or model.

        Args:
            name: Name of the endpoint.
            resource: A built layer or model.
            input_signature: As for `add_endpoint`.
        """
        self.track(resource)
        self.add_endpoint(name, resource, input_signature)

    def add_variable_collection(self, name: str, variables: Iterable[Any]) -> None:
        """Adds variables whose values are written into a file `NAME.npz`, by their paths.

        Args:
            name: Name of the collection.
            variables: The variables.

        Raises:
            TypeError: `variables` is no list, tuple or set of variables; a ValueError as well.
            ValueError: The name is taken or is no name.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"add_variable_collection expects a name of letters, digits, _ and -, got {name!r}")
        if name in self._collections:
            raise ValueError(f"there is a collection {name!r} already; give each a name of its own")
        held = list(variables) if isinstance(variables, (list, tuple, set)) else [variables]
        if not all(hasattr(one, "path") and hasattr(one, "numpy") for one in held):
            raise ResourceExpectedError(
                f"add_variable_collection expects a list of variables, such as model.variables, got {variables!r}"
            )
        self._collections[name] = held

    def write_out(self, filepath: str | os.PathLike[str], options: None = None, verbose: bool = True) -> None:
        """Writes the endpoints and collections into a folder.

        Args:
            filepath: Path of the folder, which is made if it is not there. A path that ends with `.onnx` is the file
                of the one endpoint.
            options: None; options of TensorFlow have no meaning here.
            verbose: Whether the files, with the inputs and outputs of each, are printed.

        Raises:
            ImportError: The package `onnx` is missing.
            ValueError: There is no endpoint, options are given, or the path ends with `.onnx` and there are several.
        """
        if options is not None:
            raise ValueError(f"write_out has no options, got {options!r}; leave options= out")
        if not self._endpoints:
            raise ValueError("there is no endpoint to write; call add_endpoint() or track_and_add_endpoint() first")
        path = Path(os.fspath(filepath))
        alone = path.suffix == ".onnx"
        if alone and len(self._endpoints) + len(self._collections) > 1:
            names = ", ".join([*self._endpoints, *self._collections])
            raise ValueError(f"one file holds one endpoint, and there are {names}; give write_out a folder")
        if not alone:
            path.mkdir(parents=True, exist_ok=True)
        for name, make in self._endpoints.items():
            tape, to = make(), path if alone else path / f"{name}.onnx"
            export_onnx(tape, name, to, self._opset_version)
            if verbose:
                told = [", ".join(_shown(tape, *one) for one in side) for side in (tape.inputs, tape.outputs)]
                console.write(f"{to}: {told[0]} -> {told[1]}")
        for name, held in self._collections.items():
            with replacing(path / f"{name}.npz") as beside, open(beside, "wb") as file:
                np.savez(file, **{variable.path: variable.numpy() for variable in held})
            if verbose:
                console.write(f"{path / name}.npz: {len(held)} variables")


class ResourceExpectedError(TypeError, ValueError):
    """Something that is no layer, model or variable; a ValueError too, as in Keras."""


def _shown(tape: Tape, name: str, edge: int) -> str:
    shape, dtype = tape.spec(edge)
    return f"{name} {dtype}{list(shape)}"


def tape_of(name: str, fn: Any, input_signature: Any = None) -> Tape:
    """Returns the nodes of a function of tensors.

    Args:
        name: Its name in messages.
        fn: The function, or a layer or model.
        input_signature: What it is called with; None, for a model: its own inputs.

    Raises:
        ValueError: The signature is missing, or a size that the function computes with is not known.
    """
    if input_signature is None:
        if isinstance(fn, Network):
            return taped(fn)
        raise ValueError(
            f"endpoint {name!r}: the shapes of its inputs are not known; give input_signature=, such as "
            "[fastnn.InputSpec(shape=(None, 3))]"
        )
    given = list(input_signature) if isinstance(input_signature, (list, tuple)) else [input_signature]
    structure = Structure(given, f"endpoint {name!r}: input_signature")
    names = _names(fn, given)
    specs = [_spec(name, one) for one in structure.flat(given)]

    def add(emission: Emission, edges: list[int]) -> list[tuple[str, int]]:
        made, outputs = emission.run(lambda *tensors: fn(*structure.pack(tensors)), edges, f"endpoint {name!r}")
        keys = made.keys or [f"output_{i}" for i in range(len(outputs))]
        return list(zip(map(str, keys), outputs, strict=True))

    return taped_code(f"endpoint {name!r}", list(zip(names, specs, strict=True)), add)


def _names(fn: Callable[..., Any], given: list[Any]) -> list[str]:
    """Returns the names of the inputs: of the specs, the keys of dicts, or the parameters of the function."""
    called = inspect.signature(getattr(fn, "call", fn)).parameters.values()
    parameters = [one.name for one in called if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    found: list[str] = []
    for i, argument in enumerate(given):
        structure = Structure(argument)
        stem = parameters[i] if i < len(parameters) else f"input_{i}"
        keys = structure.keys or [stem if structure.alone else f"{stem}_{j}" for j in range(structure.count)]
        for key, one in zip(keys, structure.flat(argument), strict=True):
            word = str(getattr(one, "name", None) or key)
            found.append(word if word not in found else f"{word}_{len(found)}")
    return found


def _spec(name: str, given: Any) -> Spec:
    """Returns the shape and type of what an endpoint reads; the batch may always have any size."""
    shape = getattr(given, "free_shape", None) or getattr(given, "shape", None)
    if not shape:
        raise ValueError(
            f"endpoint {name!r}: input_signature expects specs with a batch, such as "
            f"fastnn.InputSpec(shape=(None, 3)), got {given!r}"
        )
    tensor = Input(tuple(shape[1:]), dtype=getattr(given, "dtype", None) or "float32")
    return tensor.free_shape, tensor.dtype
