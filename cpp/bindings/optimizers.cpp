// Optimizers: their numbers, slots and traces.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>

#include "arrays.hpp"
#include "fastnn/optimizer.hpp"
#include "module.hpp"

namespace fastnn::bindings {

void bind_optimizers(py::module_& m) {
  auto optimizer = bind_class<Optimizer, std::shared_ptr<Optimizer>>(m, "Optimizer");
  bind_committed(optimizer, "learning_rate", &Optimizer::learning_rate);
  bind_committed(optimizer, "iterations", &Optimizer::iterations);
  optimizer
      .def(py::init(
               [](const std::string& kind, const py::dict& config) { return make_optimizer(kind, to_config(config)); }),
           py::arg("kind"), py::arg("config"))
      .def_property_readonly("finished", &Optimizer::finished)
      .def_property_readonly("counts",
                             [](const Optimizer& optimizer) {
                               const Counts counts = optimizer.counts();
                               return py::make_tuple(counts.iterations, counts.evaluations);
                             })
      .def("build", &Optimizer::build, py::arg("weights"))
      .def(
          "slots",
          [](const Optimizer& optimizer, const VariablePtr& weight) {
            const WeightSlots slots = optimizer.slots(weight);
            return py::make_tuple(slots.average, slots.accumulator, slots.of_rule);
          },
          py::arg("weight"))
      .def("shared_slots", &Optimizer::shared_slots)
      .def("exclude_from_weight_decay", &Optimizer::exclude_from_weight_decay, py::arg("weights"))
      .def("set_apart", &Optimizer::set_apart, py::arg("weights"))
      .def(
          "trace",
          [](Optimizer& optimizer, const VariablePtr& weight, const Graph& graph, const VariablePtr& gradient,
             const VariablePtr& learning_rate,
             const VariablePtr& iterations) { optimizer.trace(weight, {graph, gradient, learning_rate, iterations}); },
          py::arg("weight"), py::arg("graph"), py::arg("gradient"), py::arg("learning_rate"), py::arg("iterations"));
}

}  // namespace fastnn::bindings
