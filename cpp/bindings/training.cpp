// Whole steps: columns of data, optimizers and trainers.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <utility>

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

// An order of rows, whose indices were checked once.
class Order {
 public:
  explicit Order(IndexArray indices) : indices_(std::move(indices)) {
    require(indices_.ndim() == 1, "an order of rows expects one dimension, got ", indices_.ndim());
    for (py::ssize_t i = 0; i < indices_.size(); ++i) {
      lowest_ = std::min(lowest_, indices_.data()[i]);
      highest_ = std::max(highest_, indices_.data()[i]);
    }
    require(lowest_ >= 0, "order contains row ", lowest_);
  }
  const Index* rows_of(Index rows) const {
    require(indices_.size() == rows, "order expects one index per row");
    require(highest_ < rows, "order contains row ", highest_, " of ", rows);
    return indices_.data();
  }

 private:
  IndexArray indices_;
  Index lowest_ = 0, highest_ = -1;
};

using Losses = std::vector<std::tuple<EdgeId, double, int, bool, EdgeId>>;
using Metrics = std::vector<std::tuple<EdgeId, int, EdgeId>>;
using Optimizers = std::vector<std::pair<std::shared_ptr<Optimizer>, std::optional<std::vector<VariablePtr>>>>;
using PhaseParts = std::tuple<const Graph*, Losses, Metrics, Optimizers>;

std::unique_ptr<Trainer> make_trainer(const std::vector<PhaseParts>& parts) {
  require(!parts.empty(), "a trainer expects at least one phase");
  std::vector<std::unique_ptr<Phase>> phases;
  for (const auto& [graph, losses, metrics, optimizers] : parts) {
    std::vector<LossTerm> loss_terms;
    for (const auto& [edge, weight, sample_weights, summed, mask] : losses)
      loss_terms.push_back({edge, weight, sample_weights, summed, mask});
    std::vector<MetricTerm> metric_terms;
    for (const auto& [edge, sample_weights, mask] : metrics) metric_terms.push_back({edge, sample_weights, mask});
    std::vector<Share> shares;
    for (const auto& [optimizer, weights] : optimizers) shares.push_back({optimizer, weights});
    phases.push_back(std::make_unique<Phase>(*graph, std::move(loss_terms), std::move(metric_terms), shares));
  }
  return std::make_unique<Trainer>(std::move(phases));
}

}  // namespace

void bind_training(py::module_& m) {
  bind_class<Columns>(m, "Columns")
      .def(py::init<const std::vector<py::array>&, const std::vector<std::optional<py::array>>&>(), py::arg("arrays"),
           py::arg("weights") = std::vector<std::optional<py::array>>{})
      .def_property_readonly("rows", &Columns::rows);

  bind_class<Order>(m, "Order").def(py::init<IndexArray>(), py::arg("indices"));

  bind_class<Optimizer, std::shared_ptr<Optimizer>>(m, "Optimizer")
      .def(py::init(
               [](const std::string& kind, const py::dict& config) { return make_optimizer(kind, to_config(config)); }),
           py::arg("kind"), py::arg("config"))
      .def_readwrite("learning_rate", &Optimizer::learning_rate)
      .def_readwrite("iterations", &Optimizer::iterations)
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

  bind_class<Trainer>(m, "Trainer")
      .def(py::init([](const Graph& graph, const Losses& losses, const Metrics& metrics, const Optimizers& optimizers) {
             return make_trainer({{&graph, losses, metrics, optimizers}});
           }),
           py::arg("graph"), py::arg("losses"), py::arg("metrics"), py::arg("optimizers"))
      .def(py::init(&make_trainer), py::arg("phases"))
      .def("reset", &Trainer::reset)
      .def(
          "run",
          [](Trainer& trainer, const Columns& columns, const Order* order, Index batch_size, Index first_step,
             Index last_step, double budget, const std::optional<RateArray>& rates, bool until_invalid) {
            require(!rates || rates->size() >= (last_step - first_step) * trainer.optimizers(),
                    "rates expects one learning rate per step and optimizer");
            require(first_step >= 0 && first_step < last_step && (last_step - 1) * batch_size < columns.rows(),
                    "steps ", first_step, " to ", last_step, " of ", batch_size, " rows do not lie within ",
                    columns.rows(), " rows");
            const Index* rows = order != nullptr ? order->rows_of(columns.rows()) : nullptr;
            const double* rate = rates ? rates->data() : nullptr;
            py::gil_scoped_release release;
            return trainer.run(columns.data(), rows, batch_size, first_step, last_step, rate, budget, until_invalid,
                               pulse);
          },
          py::arg("columns"), py::arg("order"), py::arg("batch_size"), py::arg("first_step"), py::arg("last_step"),
          py::arg("budget"), py::arg("rates") = py::none(), py::arg("until_invalid") = false)
      .def("loss", &Trainer::loss)
      .def("take_sums", &Trainer::take_sums, py::arg("other"))
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
