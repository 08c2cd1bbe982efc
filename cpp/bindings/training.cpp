// Whole steps: trainers.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "arrays.hpp"
#include "columns.hpp"
#include "fastnn/trainer.hpp"
#include "module.hpp"
#include "recording.hpp"

namespace fastnn::bindings {
namespace {

using Losses = std::vector<std::tuple<EdgeId, double, int, bool, EdgeId>>;
using Metrics = std::vector<std::tuple<EdgeId, int, EdgeId>>;
using Optimizers = std::vector<std::pair<std::shared_ptr<Optimizer>, std::optional<std::vector<VariablePtr>>>>;
using KeptMean = std::tuple<VariablePtr, VariablePtr, VariablePtr, VariablePtr,
                            std::vector<std::pair<std::size_t, std::optional<std::size_t>>>>;
using PhaseParts = std::tuple<const Graph*, Losses, Metrics, Optimizers>;

std::vector<Share> shares_of(const Optimizers& optimizers) {
  std::vector<Share> shares;
  for (const auto& [optimizer, weights] : optimizers) shares.push_back({optimizer, weights});
  return shares;
}

// A step that the graph itself describes.
std::unique_ptr<Trainer> make_program(const Graph& graph, const std::vector<EdgeId>& metrics,
                                      const Optimizers& optimizers, const std::vector<EdgeId>& values, bool training) {
  std::vector<MetricTerm> terms;
  terms.reserve(metrics.size());
  for (EdgeId edge : metrics) terms.push_back({edge, kUnweighted});
  std::vector<std::unique_ptr<Phase>> phases;
  phases.push_back(std::make_unique<Phase>(graph, std::vector<LossTerm>{}, std::move(terms), shares_of(optimizers),
                                           nullptr, Program{values, training}));
  return std::make_unique<Trainer>(std::move(phases));
}

std::unique_ptr<Trainer> make_trainer(const std::vector<PhaseParts>& parts, const std::shared_ptr<Peers>& peers) {
  require(!parts.empty(), "a trainer expects at least one phase");
  std::vector<std::unique_ptr<Phase>> phases;
  for (const auto& [graph, losses, metrics, optimizers] : parts) {
    std::vector<LossTerm> loss_terms;
    for (const auto& [edge, weight, sample_weights, summed, mask] : losses)
      loss_terms.push_back({edge, weight, sample_weights, summed, mask});
    std::vector<MetricTerm> metric_terms;
    for (const auto& [edge, sample_weights, mask] : metrics) metric_terms.push_back({edge, sample_weights, mask});
    phases.push_back(
        std::make_unique<Phase>(*graph, std::move(loss_terms), std::move(metric_terms), shares_of(optimizers), peers));
  }
  return std::make_unique<Trainer>(std::move(phases));
}

}  // namespace

void bind_training(py::module_& m) {
  bind_class<Trainer>(m, "Trainer")
      .def(py::init([](const Graph& graph, const Losses& losses, const Metrics& metrics, const Optimizers& optimizers,
                       const std::shared_ptr<Peers>& peers) {
             return make_trainer({{&graph, losses, metrics, optimizers}}, peers);
           }),
           py::arg("graph"), py::arg("losses"), py::arg("metrics"), py::arg("optimizers"),
           py::arg("peers") = py::none())
      .def(py::init(&make_trainer), py::arg("phases"), py::arg("peers") = py::none())
      .def_static("program", &make_program, py::arg("graph"), py::arg("metrics"), py::arg("optimizers"),
                  py::arg("values"), py::arg("training"))
      .def("values",
           [](const Trainer& trainer) {
             py::list values;
             for (const Phase::Value& value : trainer.values()) {
               py::array array = make_array(value.spec.shape, value.spec.dtype);
               std::memcpy(array.mutable_data(), value.bytes.data(), value.bytes.size());
               values.append(std::move(array));
             }
             return values;
           })
      .def("reset", &Trainer::reset)
      .def(
          "run",
          [](Trainer& trainer, const Columns& columns, const Order* order, Index batch_size, Index first_step,
             Index last_step, double budget, const std::optional<DoubleArray>& rates, bool until_invalid) {
            require(!rates || rates->size() >= (last_step - first_step) * trainer.optimizers(),
                    "rates expects one learning rate per step and optimizer");
            require(first_step >= 0 && first_step < last_step && (last_step - 1) * batch_size < columns.rows(),
                    "steps ", first_step, " to ", last_step, " of ", batch_size, " rows do not lie within ",
                    columns.rows(), " rows");
            const double* rate = rates ? rates->data() : nullptr;
            py::gil_scoped_release release;
            const Index* rows = order != nullptr ? order->rows_of(columns.rows()) : nullptr;
            return trainer.run(columns.data(), rows, batch_size, first_step, last_step, rate, budget, until_invalid,
                               pulse);
          },
          py::arg("columns"), py::arg("order"), py::arg("batch_size"), py::arg("first_step"), py::arg("last_step"),
          py::arg("budget"), py::arg("rates") = py::none(), py::arg("until_invalid") = false)
      .def(
          "run_passes",
          [](Trainer& trainer, const Columns& columns, const std::vector<const Order*>& orders, Index batch_size,
             double budget, py::list means) {
            std::vector<OrderOfRows> rows;
            rows.reserve(orders.size());
            for (const Order* order : orders)
              rows.emplace_back(
                  [&columns, order] { return order == nullptr ? nullptr : order->rows_of(columns.rows()); });
            std::vector<std::vector<double>> found;
            const auto tell = [&] {
              for (const std::vector<double>& one : found) means.append(py::cast(one));
            };
            try {
              py::gil_scoped_release release;
              trainer.run_passes(columns.data(), rows, batch_size, budget, pulse, found);
            } catch (...) {
              tell();
              throw;
            }
            tell();
          },
          py::arg("columns"), py::arg("orders"), py::arg("batch_size"), py::arg("budget"), py::arg("means"))
      .def("loss", &Trainer::loss)
      .def("take_sums", &Trainer::take_sums, py::arg("other"))
      .def("results", &Trainer::results)
      .def("take_results", &Trainer::take_results, py::arg("sums"))
      .def(
          "keep",
          [](Trainer& trainer, const std::vector<KeptMean>& means) {
            std::vector<MeanOfResults> kept;
            for (const auto& [total, total_rest, count, count_rest, terms] : means) {
              MeanOfResults mean{{total, total_rest}, {count, count_rest}, {}};
              for (const auto& [sum, counted] : terms) mean.terms.push_back({sum, counted});
              kept.push_back(std::move(mean));
            }
            trainer.keep(std::move(kept));
          },
          py::arg("means"))
      .def(
          "settle",
          [](Trainer& trainer, bool add) {
            KeptLock kept;
            return trainer.settle(add, std::ref(kept));
          },
          py::arg("add") = false)
      .def("gradients",
           [](Trainer& trainer, const Columns& columns) {
             std::vector<std::pair<VariablePtr, std::vector<Real>>> found;
             {
               py::gil_scoped_release release;
               found = trainer.gradients(columns.data(), pulse);
             }
             py::list result;
             for (const auto& [weight, gradient] : found)
               result.append(py::make_tuple(weight, copy_out(gradient.data(), weight->shape())));
             return result;
           })
      .def("plan", &Trainer::describe_plan, py::arg("batch_size"))
      .def("record", &record, py::arg("on"))
      .def("recorded", &recorded);
}

}  // namespace fastnn::bindings
