// The arrays of a run and the order of their rows, as trainers of both cores take them.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "fastnn/phase.hpp"
#include "fastnn/random.hpp"

namespace fastnn_shared {

namespace py = pybind11;
using fastnn::require;
using fastnn::bindings::IndexArray;

// The arrays of a run, kept alive for as long as the core reads them.
class Columns {
 public:
  Columns(const std::vector<py::array>& arrays, const std::vector<std::optional<py::array>>& weights)
      : arrays_(arrays), weights_(weights) {
    require(!arrays.empty(), "expected at least one array");
    for (const py::array& array : arrays_) data_.columns.push_back(fastnn::bindings::to_column(array));
    weight_columns_.reserve(weights.size());
    for (const auto& array : weights_) {
      if (array) weight_columns_.push_back(fastnn::bindings::to_column(*array));
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
  // A random permutation, which needs no check.
  Order(const Stream& stream, Index count) : indices_(count), highest_(count - 1) {
    fastnn::fill_permutation(stream, indices_.mutable_data(), count);
  }
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

}  // namespace fastnn_shared

namespace fastnn::bindings {

using fastnn_shared::Columns;
using fastnn_shared::Order;

}  // namespace fastnn::bindings
