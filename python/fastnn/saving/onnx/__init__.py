"""Models as ONNX files: one exporter for each kind of node, in one table.

The `onnx` package builds the file (opset 17); the batch is a free dimension. A file keeps nothing from one batch to the
next: variables that a model assigns to while it predicts begin as they stand, each time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastnn.models import Model
from fastnn.saving import door
from fastnn.saving.onnx import activations as activations
from fastnn.saving.onnx import functions as functions
from fastnn.saving.onnx import layers as layers
from fastnn.saving.onnx import sequences as sequences
from fastnn.saving.onnx.graph import EXPORTERS as EXPORTERS
from fastnn.saving.onnx.graph import SOURCES as SOURCES
from fastnn.saving.onnx.graph import TYPES, Builder
from fastnn.saving.tape import Tape, taped

OPSETS, IR_VERSION = {"": 17, "ai.onnx.ml": 3}, 8


def export_onnx(model: Model, filepath: str | os.PathLike[str]) -> None:
    """Writes what a model predicts into an ONNX file.

    Args:
        model: A model that is built.
        filepath: `m.onnx`.

    Raises:
        ImportError: The package `onnx` is missing.
        ValueError: The model is not built, or one of its layers cannot be expressed.
    """
    if not model.built:
        raise ValueError(f"{model.who()} is not built; give it an Input, build() it, or fit it first")
    with door.replacing(Path(os.fspath(filepath))) as beside:
        beside.write_bytes(to_onnx(taped(model), model.name))


def to_onnx(tape: Tape, name: str = "model") -> bytes:
    """The ONNX file of a tape.

    Raises:
        ImportError: The package `onnx` is missing.
        ValueError: A node cannot be expressed.
    """
    try:
        from onnx import checker, helper
    except ImportError:
        raise ImportError("export to ONNX needs the package onnx: pip install 'fastnn[onnx]'") from None
    builder = Builder(tape)
    for node in tape.nodes:
        if node.outputs[0] in builder.values:
            continue
        exporter = EXPORTERS.get(node.kind)
        if exporter is None:
            raise builder.refusal(node, f"{node.kind} has no counterpart in ONNX")
        exporter(builder, node)
    taken = {name for name, _ in tape.inputs}
    outputs = []
    for name_of_output, edge in tape.outputs:
        label = name_of_output if name_of_output not in taken else f"{name_of_output}_output"
        taken.add(label)
        builder.nodes.append(helper.make_node("Identity", [builder.last(edge)], [label]))
        outputs.append(helper.make_tensor_value_info(label, TYPES[builder.dtype(edge)], _dims(tape.shape(edge))))
    inputs = [
        helper.make_tensor_value_info(label, TYPES[builder.dtype(edge)], _dims(tape.shape(edge)))
        for label, edge in tape.inputs
    ]
    graph = helper.make_graph(builder.nodes, name, inputs, outputs, list(builder.constants.values()))
    opsets = [helper.make_opsetid(domain, OPSETS[domain]) for domain in sorted({""} | builder.domains)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="fastnn")
    checker.check_model(made)
    return bytes(made.SerializeToString())


def _dims(shape: Sequence[int | None]) -> list[Any]:
    return [size if size is not None else f"size_{i}" if i else "batch" for i, size in enumerate(shape)]
