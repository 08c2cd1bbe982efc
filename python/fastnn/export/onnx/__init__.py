"""Export of models to ONNX: one exporter for each kind of node.

The `onnx` package builds the file (opset 17). The batch is an unknown dimension, and so are others that the model
leaves unknown, unless a layer needs them. A file keeps no state between batches: variables to which a model assigns
during inference start from their present values each time.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fastnn.atomic_files import replacing
from fastnn.export.onnx import activations as activations
from fastnn.export.onnx import functions as functions
from fastnn.export.onnx import layers as layers
from fastnn.export.onnx import sequences as sequences
from fastnn.export.onnx.graph import EXPORTERS as EXPORTERS
from fastnn.export.onnx.graph import FROM_SHAPES, TYPES, Builder
from fastnn.export.onnx.graph import SOURCES as SOURCES
from fastnn.export.tape import Spec, Tape

OPSETS, IR_VERSION = {"": 17, "ai.onnx.ml": 3}, 8


def export_onnx(tape: Tape, name: str, filepath: str | os.PathLike[str], opset_version: int | None = None) -> None:
    """Writes the inference of a model into an ONNX file.

    Args:
        tape: The nodes of the model.
        name: Name of the graph.
        filepath: Path of the file.
        opset_version: Version of the operators; None: 17.

    Raises:
        ImportError: The package `onnx` is missing.
        ValueError: A layer cannot be expressed in ONNX, or an operator in that version.
    """
    with replacing(Path(os.fspath(filepath))) as beside:
        beside.write_bytes(to_onnx(tape, name, opset_version))


def to_onnx(tape: Tape, name: str = "model", opset_version: int | None = None) -> bytes:
    """Returns the ONNX file of a tape.

    Raises:
        ImportError: The package `onnx` is missing.
        ValueError: A node cannot be expressed.
    """
    try:
        from onnx import checker, helper
    except ImportError:
        raise ImportError("export to ONNX needs the package onnx: pip install onnx") from None
    builder = Builder(tape)
    for node in tape.nodes:
        if node.outputs[0] in builder.values:
            continue
        exporter = EXPORTERS.get(node.kind)
        if node.open and exporter not in FROM_SHAPES:
            word = ", ".join(sorted(node.open))
            raise builder.refusal(node, f"its {word} depends on a size that the model leaves open; give its Input one")
        if exporter is None:
            raise builder.refusal(node, f"{node.kind} has no counterpart in ONNX")
        exporter(builder, node)
    taken = {name for name, _ in tape.inputs}
    outputs = []
    for name_of_output, edge in tape.outputs:
        label = name_of_output if name_of_output not in taken else f"{name_of_output}_output"
        taken.add(label)
        builder.nodes.append(helper.make_node("Identity", [builder.last(edge)], [label]))
        outputs.append(_value(helper, label, tape.spec(edge)))
    inputs = [_value(helper, label, tape.spec(edge)) for label, edge in tape.inputs]
    graph = helper.make_graph(builder.nodes, name, inputs, outputs, list(builder.constants.values()))
    opsets = [helper.make_opsetid(domain, OPSETS[domain]) for domain in sorted({""} | builder.domains)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="fastnn")
    if opset_version is not None and opset_version != OPSETS[""]:
        made = _converted(made, opset_version)
    checker.check_model(made)
    return bytes(made.SerializeToString())


def _converted(made: Any, opset_version: int) -> Any:
    """Returns a model of ONNX with another version of the operators, by the converter of the package `onnx`."""
    from onnx import helper, version_converter

    try:
        converted = version_converter.convert_version(made, opset_version)
        least = helper.find_min_ir_version_for(converted.opset_import)
    except Exception as error:  # the converter is C++ and raises RuntimeError and others; the versions ValueError
        raise ValueError(f"export to ONNX: opset_version={opset_version} cannot be written: {error}") from error
    converted.ir_version = max(least, IR_VERSION)
    return converted


def _value(helper: Any, label: str, spec: Spec) -> Any:
    """Returns the declaration of an input or output. Only the batch is the same unknown dimension everywhere."""
    shape, dtype = spec
    sizes = [size if size is not None else f"{label}_{i}" if i else "batch" for i, size in enumerate(shape)]
    return helper.make_tensor_value_info(label, TYPES[dtype], sizes)
