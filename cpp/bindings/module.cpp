// The Python surface of the core: the module, its exceptions and its settings. The surface knows no layer by name and
// owns no numbers; `_core.pyi` is its typed description.
#include "module.hpp"

#include <pybind11/stl.h>

#include "fastnn/error.hpp"
#include "fastnn/instruction_set.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::bindings {

void pulse() {
  py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

namespace {

void bind_settings(py::module_& m) {
  m.def("supported_instruction_sets", &supported_instruction_sets);
  m.def("load_kernels", &load_kernels, py::arg("path"));
  m.def("num_threads", &num_threads);
  m.def("most_threads", &most_threads);
  m.def("set_num_threads", &set_num_threads, py::arg("count"));
  m.def("limit_this_thread", &limit_this_thread, py::arg("threads"));
  m.def("build_info", [] {
    py::dict info;
    const KernelInfo kernels = loaded_kernels();
    info["isa"] = kernels.isa;
    info["packet_width"] = std::to_string(kernels.packet_width);
    info["eigen"] = kernels.eigen;
#if defined(__clang__)
    info["compiler"] = text("Clang ", __clang_version__);
#elif defined(__GNUC__)
    info["compiler"] = text("GCC ", __VERSION__);
#else
    info["compiler"] = "unknown";
#endif
    info["openmp"] = std::to_string(_OPENMP);
    return info;
  });
}

}  // namespace
}  // namespace fastnn::bindings

using namespace fastnn;
using namespace fastnn::bindings;

PYBIND11_MODULE(FASTNN_MODULE, m) {
  m.doc() = "The compiled core of fastnn.";
  // pybind11 asks for a translator that takes the pointer by value.
  py::register_local_exception_translator([](std::exception_ptr error) {  // NOLINT(performance-unnecessary-value-param)
    try {
      if (error) std::rethrow_exception(error);
    } catch (const TypeError& e) {
      py::set_error(PyExc_TypeError, e.what());
    } catch (const ValueError& e) {
      py::set_error(PyExc_ValueError, e.what());
    }
  });
  // The streams, arrays, columns and texts of the core of floats serve both.
#if !defined(FASTNN_REAL_IS_DOUBLE)
  bind_columns(m);
  bind_random(m);
  bind_arrays(m);
  bind_texts(m);
#endif
  bind_variables(m);
  bind_graph(m);
  bind_prediction(m);
  bind_peers(m);
  bind_optimizers(m);
  bind_training(m);
  bind_settings(m);
  bind_testing(m);
}
