// The arrays of a run and the order of their rows, as trainers of both cores take them.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <mutex>
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
  // A random permutation, which needs no check. It is made when it is first read: by a run, which holds up nobody meanwhile.
  Order(const Stream& stream, Index count) : stream_(stream), count_(count), highest_(count - 1) {}
  explicit Order(const IndexArray& indices)
      : indices_(indices.data(), indices.data() + indices.size()), count_(indices.size()) {
    require(indices.ndim() == 1, "an order of rows expects one dimension, got ", indices.ndim());
    Index lowest = 0;
    for (const Index index : indices_) {
      lowest = std::min(lowest, index);
      highest_ = std::max(highest_, index);
    }
    require(lowest >= 0, "order contains row ", lowest);
  }
  // True for an order that a run has read.
  bool read() const { return read_; }
  const Index* rows_of(Index rows) const {
    require(count_ == rows, "order expects one index per row");
    require(highest_ < rows, "order contains row ", highest_, " of ", rows);
    const std::lock_guard<std::mutex> guard(making_);
    if (stream_) {
      indices_.resize(static_cast<std::size_t>(count_));
      fastnn::fill_permutation(*stream_, indices_.data(), count_);
      stream_.reset();
    }
    read_ = true;
    return indices_.data();
  }

 private:
  mutable std::mutex making_;
  mutable std::optional<Stream> stream_;
  mutable bool read_ = false;
  mutable std::vector<Index> indices_;
  Index count_, highest_ = -1;
};

}  // namespace fastnn_shared

namespace fastnn::bindings {

using fastnn_shared::Columns;
using fastnn_shared::Order;

}  // namespace fastnn::bindings
