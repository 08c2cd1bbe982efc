// The parts of the Python surface, one function for each file, and the pulse that they share.
#pragma once

#include <pybind11/pybind11.h>

#include "fastnn/executor.hpp"

namespace fastnn::bindings {

namespace py = pybind11;

void bind_variables(py::module_& m);
void bind_graph(py::module_& m);
void bind_prediction(py::module_& m);
void bind_training(py::module_& m);
void bind_arrays(py::module_& m);
void bind_testing(py::module_& m);

/// Raises KeyboardInterrupt where Ctrl-C was pressed. Only the main thread sees signals; the others need not wait for
/// Python.
void pulse();

}  // namespace fastnn::bindings
