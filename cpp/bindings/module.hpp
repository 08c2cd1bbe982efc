// The parts of the Python surface, one function for each file, and the pulse that they share.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "fastnn/executor.hpp"

namespace fastnn::bindings {

namespace py = pybind11;

void bind_variables(py::module_& m);
void bind_graph(py::module_& m);
void bind_prediction(py::module_& m);
void bind_training(py::module_& m);
void bind_arrays(py::module_& m);
void bind_testing(py::module_& m);

/// Makes a class refuse to be copied or pickled by Python's general ways, which would make an object without a value
/// inside, or end the process. What may be copied is registered with `copyreg` by the Python half.
template <typename Class>
Class no_data(Class bound) {
  const auto refuse = [](const py::object& self, const py::args&) -> py::object {
    const std::string name = py::str(py::type::of(self).attr("__name__"));
    throw py::type_error("cannot copy or pickle a " + name +
                         " of the core by itself; copy or pickle the model, layer or optimizer that holds it");
  };
  for (const char* method : {"__reduce__", "__reduce_ex__", "__getstate__"}) bound.def(method, refuse);
  return bound;
}

/// Raises KeyboardInterrupt where Ctrl-C was pressed. Only the main thread sees signals; the others need not wait for
/// Python.
void pulse();

}  // namespace fastnn::bindings
