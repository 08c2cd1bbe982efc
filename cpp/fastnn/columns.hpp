// Columns: the arrays of a run as the user holds them, read in place whatever their numeric type and strides, and gathered
// row by row into a batch. Owns no data: the arrays must outlive it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fastnn/tensor.hpp"

namespace fastnn {

enum class Source : std::uint8_t {
  boolean,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  float16,
  float32,
  float64
};

struct Column {
  static constexpr std::size_t kMaxRank = 8;

  const std::byte* data = nullptr;
  Source source = Source::float32;
  std::size_t rank = 1;
  std::array<Index, kMaxRank> dims{};     ///< dims[0]: rows
  std::array<Index, kMaxRank> strides{};  ///< in bytes

  Index rows() const { return dims[0]; }
  Index row_size() const;
  /// True where a row lies densely in memory, in the order of its elements.
  bool dense_rows() const;
};

/// Where `count` rows from `first` on already lie as a batch of `dtype` would; null where they must be gathered.
const void* in_place(const Column& column, Index first, Index count, DType dtype);

/// Rows order[0..count) of the column (order null: first..first+count) converted to `to` of type `dtype`.
void gather(const Column& column, const Index* order, Index first, Index count, DType dtype, void* to);

/// The first row that holds a NaN, or -1.
Index first_nan(const Column& column);

/// The first row that holds a value below low, not below high, or not whole; -1 if there is none.
Index first_outside(const Column& column, Index low, Index high);

}  // namespace fastnn
