// Columns of data and the order of their rows, which the trainers of both cores read.
#include "columns.hpp"

#include <pybind11/stl.h>

#include <memory>

#include "module.hpp"

namespace fastnn::bindings {

void bind_columns(py::module_& m) {
  bind_class<Columns>(m, "Columns", true)
      .def(py::init(&made<Columns, const std::vector<py::array>&, const std::vector<std::optional<py::array>>&>),
           py::arg("arrays"), py::arg("weights") = std::vector<std::optional<py::array>>{})
      .def_property_readonly("rows", &Columns::rows);
  bind_class<Order>(m, "Order", true)
      .def(py::init(&made<Order, IndexArray>), py::arg("indices"))
      .def_property_readonly("read", &Order::read)
      .def_static(
          "permutation",
          [](std::uint64_t seed, std::uint64_t position, Index count) {
            return std::make_unique<Order>(Stream{seed, position}, count);
          },
          py::arg("seed"), py::arg("position"), py::arg("count"));
}

}  // namespace fastnn::bindings
