// Whole steps: columns of data, optimizers and trainers.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>

#include "arrays.hpp"
#include "fastnn/trainer.hpp"
#include "module.hpp"

namespace fastnn::bindings {
namespace {

using RateArray = py::array_t<double, py::array::c_style | py::array::forcecast>;

// The arrays of a run, kept alive for as long as the core reads them.
class Columns {
 public:
  Columns(const std::vector<py::array>& arrays, const std::vector<std::optional<py::array>>& weights)
      : arrays_(arrays), weights_(weights) {
    require(!arrays.empty(), "expected at least one array");
    for (const py::array& array : arrays_) data_.columns.push_back(to_column(array));
    weight_columns_.reserve(weights.size());
    for (const auto& array : weights_) {
      if (array) weight_columns_.push_back(to_column(*array));
      data_.weights.push_back(array ? &weight_columns_.back() : nullptr);
    }
  }
  const RunData& data() const { return data_; }
  Index rows() const { return data_.columns[0].rows(); }

 private:
  std::vector<py::array> arrays_;
  std::vector<std::optional<py::array>> weights_;
  std::vector<Column> weight_columns_;
  RunData data_;
};

using Losses = std::vector<std::tuple<EdgeId, double, int, bool, EdgeId>>;
using Metrics = std::vector<std::tuple<EdgeId, int, EdgeId>>;
using PhaseParts = std::tuple<const Graph*, Losses, Metrics, std::shared_ptr<Optimizer>>;

std::unique_ptr<Trainer> make_trainer(const std::vector<PhaseParts>& parts) {
  require(!parts.empty(), "a trainer expects at least one phase");
  std::vector<std::unique_ptr<Phase>> phases;
  for (const auto& [graph, losses, metrics, optimizer] : parts) {
    std::vector<LossTerm> loss_terms;
    for (const auto& [edge, weight, sample_weights, summed, mask] : losses)
      loss_terms.push_back({edge, weight, sample_weights, summed, mask});
    std::vector<MetricTerm> metric_terms;
    for (const auto& [edge, sample_weights, mask] : metrics) metric_terms.push_back({edge, sample_weights, mask});
    phases.push_back(std::make_unique<Phase>(*graph, std::move(loss_terms), std::move(metric_terms), optimizer));
  }
  return std::make_unique<Trainer>(std::move(phases));
}

}  // namespace

void bind_training(py::module_& m) {
  no_data(py::class_<Columns>(m, "Columns", py::module_local()))
      .def(py::init<const std::vector<py::array>&, const std::vector<std::optional<py::array>>&>(), py::arg("arrays"),
           py::arg("weights") = std::vector<std::optional<py::array>>{})
      .def_property_readonly("rows", &Columns::rows);

  no_data(py::class_<Optimizer, std::shared_ptr<Optimizer>>(m, "Optimizer", py::module_local()))
      .def(py::init([](const std::string& kind, const py::dict& config) {
             return std::make_shared<Optimizer>(kind, to_config(config));
           }),
           py::arg("kind"), py::arg("config"))
      .def_readwrite("learning_rate", &Optimizer::learning_rate)
      .def_readwrite("iterations", &Optimizer::iterations)
      .def("build", &Optimizer::build, py::arg("weights"))
      .def("slots", &Optimizer::slots, py::arg("weight"))
      .def("exclude_from_weight_decay", &Optimizer::exclude_from_weight_decay, py::arg("weights"));

  no_data(py::class_<Trainer>(m, "Trainer", py::module_local()))
      .def(py::init([](const Graph& graph, const Losses& losses, const Metrics& metrics,
                       const std::shared_ptr<Optimizer>& optimizer) {
             return make_trainer({{&graph, losses, metrics, optimizer}});
           }),
           py::arg("graph"), py::arg("losses"), py::arg("metrics"), py::arg("optimizer"))
      .def(py::init(&make_trainer), py::arg("phases"))
      .def("reset", &Trainer::reset)
      .def(
          "run",
          [](Trainer& trainer, const Columns& columns, const std::optional<IndexArray>& order, Index batch_size,
             Index first_step, Index last_step, double budget, const std::optional<RateArray>& rates) {
            require(!rates || rates->size() >= (last_step - first_step) * trainer.phases(),
                    "rates expects one learning rate per step and phase");
            require(!order || order->size() == columns.rows(), "order expects one index per row");
            require(first_step >= 0 && first_step < last_step && (last_step - 1) * batch_size < columns.rows(),
                    "steps ", first_step, " to ", last_step, " of ", batch_size, " rows do not lie within ",
                    columns.rows(), " rows");
            const Index* rows = order ? order->data() : nullptr;
            for (py::ssize_t i = 0; order && i < order->size(); ++i)
              require(rows[i] >= 0 && rows[i] < columns.rows(), "order contains row ", rows[i], " of ", columns.rows());
            const double* rate = rates ? rates->data() : nullptr;
            py::gil_scoped_release release;
            return trainer.run(columns.data(), rows, batch_size, first_step, last_step, rate, budget, pulse);
          },
          py::arg("columns"), py::arg("order"), py::arg("batch_size"), py::arg("first_step"), py::arg("last_step"),
          py::arg("budget"), py::arg("rates") = py::none())
      .def("results", &Trainer::results)
      .def("gradients",
           [](Trainer& trainer, const Columns& columns) {
             std::vector<std::pair<VariablePtr, std::vector<float>>> found;
             {
               py::gil_scoped_release release;
               found = trainer.gradients(columns.data(), pulse);
             }
             py::list result;
             for (const auto& [weight, gradient] : found)
               result.append(py::make_tuple(weight, copy_out(gradient.data(), weight->shape())));
             return result;
           })
      .def("plan", &Trainer::describe_plan, py::arg("batch_size"));
}

}  // namespace fastnn::bindings
