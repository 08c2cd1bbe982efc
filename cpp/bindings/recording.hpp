// What a profile asks of a program: its nodes, and the recorded spans.
#pragma once

#include <pybind11/pybind11.h>

#include "fastnn/trainer.hpp"

namespace fastnn::bindings {

namespace py = pybind11;

/// The nodes of the graph that runs: (name, kind, fused activation, algorithm, multiply-adds of a row, bytes of a row,
/// bytes of weights).
py::list nodes_of(const Graph& graph);

/// (node, part, thread, begin, end) of each span, as columns of one array of float64; the number of lost ones; the bytes of
/// memory, and those of them derived from weights.
py::tuple recorded_of(Executor& executor);

/// The same for the phases of a trainer.
void record(Trainer& trainer, bool on);
py::list recorded(Trainer& trainer);

}  // namespace fastnn::bindings
