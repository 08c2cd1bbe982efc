// The parts of the Python surface, one function for each file, and the pulse that they share.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fastnn/executor.hpp"
#include "fastnn/variable.hpp"

namespace fastnn::bindings {

namespace py = pybind11;

void bind_variables(py::module_& m);
void bind_random(py::module_& m);
void bind_graph(py::module_& m);
void bind_prediction(py::module_& m);
void bind_peers(py::module_& m);
void bind_optimizers(py::module_& m);
void bind_training(py::module_& m);
void bind_columns(py::module_& m);
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

/// `tp_dealloc` of the bound classes. Where memory ends while an object is made or handed to Python, pybind11 leaves a
/// pointer in it to a value that nobody gave it, and would free what the holder in C++ frees.
inline void forget_and_deallocate(PyObject* self) {
  auto* instance = reinterpret_cast<py::detail::instance*>(self);
  const py::detail::type_info* type = py::detail::get_type_info(Py_TYPE(self));
  py::detail::value_and_holder held = instance->get_value_and_holder(type);
  if (held && !held.holder_constructed()) {
    if (held.instance_registered()) py::detail::deregister_instance(instance, held.value_ptr(), type);
    held.set_instance_registered(false);
    held.value_ptr() = nullptr;
  }
  py::detail::pybind11_object_dealloc(self);
}

/// Binds a class. It refuses to be copied or pickled by Python's general ways, and to be derived from; what may be copied
/// is registered with `copyreg` by the Python half. A shared class is one of this core that the other takes too.
template <typename T, typename... Holder>
py::class_<T, Holder...> bind_class(py::module_& m, const char* name, bool shared = false) {
  const auto set_up = [](PyHeapTypeObject* heap) {
    heap->ht_type.tp_new = allocate_and_construct;
    heap->ht_type.tp_dealloc = forget_and_deallocate;
  };
  py::class_<T, Holder...> bound(m, name, py::module_local(!shared), py::is_final(), py::custom_type_setup(set_up));
  const auto refuse = [](const py::object& self, const py::args&) -> py::object {
    const std::string type = py::str(py::type::of(self).attr("__name__"));
    throw py::type_error("cannot copy or pickle a " + type +
                         " of the core by itself; copy or pickle the model, layer or optimizer that holds it");
  };
  for (const char* method : {"__reduce__", "__reduce_ex__", "__getstate__"}) bound.def(method, refuse);
  return bound;
}

/// Makes what a bound class holds, for `py::init(&made<T, Arguments...>)`. With `py::init<Arguments...>()` pybind11 takes the
/// object over where nothing catches exceptions: the process would end where memory does.
template <typename T, typename... Arguments>
std::unique_ptr<T> made(Arguments... arguments) {
  return std::make_unique<T>(std::forward<Arguments>(arguments)...);
}

/// Keeps the interpreter's lock for what takes less time than to get it back from other threads: it is released only before
/// waiting for them, or for many bytes.
class KeptLock {
 public:
  explicit KeptLock(std::size_t bytes = 0) {
    if (bytes > kFewBytes) (*this)();
  }
  void operator()() {
    if (!released_) released_.emplace();
  }

 private:
  static constexpr std::size_t kFewBytes = 1 << 16;
  std::optional<py::gil_scoped_release> released_;
};

/// Binds a number that the commit of another thread may write: it is read and written under the lock of variables.
template <typename Class, typename T, typename Number>
void bind_committed(Class& bound, const char* name, Number T::* member) {
  bound.def_property(
      name,
      [member](const T& object) {
        KeptLock kept;
        const ReadVariables reading({&object}, std::ref(kept));
        return object.*member;
      },
      [member](T& object, Number value) {
        KeptLock kept;
        const WriteVariables writing({&object}, std::ref(kept));
        object.*member = value;
      });
}

/// Raises KeyboardInterrupt where Ctrl-C was pressed. Only the main thread sees signals; the others need not wait for
/// Python.
void pulse();

}  // namespace fastnn::bindings
