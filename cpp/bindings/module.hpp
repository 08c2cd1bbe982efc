// The parts of the Python surface, one function for each file, and the pulse that they share.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "fastnn/executor.hpp"

namespace fastnn::bindings {

namespace py = pybind11;

void bind_variables(py::module_& m);
void bind_random(py::module_& m);
void bind_graph(py::module_& m);
void bind_prediction(py::module_& m);
void bind_training(py::module_& m);
void bind_arrays(py::module_& m);
void bind_texts(py::module_& m);
void bind_testing(py::module_& m);

/// `__new__` of the bound classes: an object is constructed where it is allocated. Python's general ways of making objects
/// (`copyreg`, `cls.__new__(cls)`) leave the constructor out, and what has no value inside would end the process when it
/// is used. The call of the constructor that follows elsewhere finds the value and does nothing.
inline PyObject* allocate_and_construct(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  PyObject* self = type->tp_base->tp_new(type, args, kwargs);
  if (self != nullptr && type->tp_init(self, args, kwargs) != 0) Py_CLEAR(self);
  return self;
}

/// Binds a class. It refuses to be copied or pickled by Python's general ways, and to be derived from; what may be copied
/// is registered with `copyreg` by the Python half.
template <typename T, typename... Holder>
py::class_<T, Holder...> bind_class(py::module_& m, const char* name) {
  const auto construct = [](PyHeapTypeObject* heap) { heap->ht_type.tp_new = allocate_and_construct; };
  py::class_<T, Holder...> bound(m, name, py::module_local(), py::is_final(), py::custom_type_setup(construct));
  const auto refuse = [](const py::object& self, const py::args&) -> py::object {
    const std::string type = py::str(py::type::of(self).attr("__name__"));
    throw py::type_error("cannot copy or pickle a " + type +
                         " of the core by itself; copy or pickle the model, layer or optimizer that holds it");
  };
  for (const char* method : {"__reduce__", "__reduce_ex__", "__getstate__"}) bound.def(method, refuse);
  return bound;
}

/// Raises KeyboardInterrupt where Ctrl-C was pressed. Only the main thread sees signals; the others need not wait for
/// Python.
void pulse();

}  // namespace fastnn::bindings
