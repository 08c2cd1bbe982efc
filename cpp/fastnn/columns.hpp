// Columns: the user's arrays of a run, of any numeric type and strides, read in place and gathered row by row into a
// batch. A column owns no data: its array must outlive it. Both cores read the same columns.
#pragma once

#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "fastnn/tensor.hpp"

namespace fastnn_shared {

using Index = std::int64_t;

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
  /// True where the elements of a row are dense in memory and in order.
  bool dense_rows() const;
};

/// The data of a run: columns in the order of the graph's inputs, and sample weights of shape (rows,) or of the shape
/// of the losses, null where absent.
struct RunData {
  std::vector<Column> columns;
  std::vector<const Column*> weights;
};

}  // namespace fastnn_shared

namespace fastnn {

using fastnn_shared::Column;
using fastnn_shared::RunData;
using fastnn_shared::Source;
constexpr Source kSourceOfReal = std::is_same_v<Real, double> ? Source::float64 : Source::float32;

/// The address of `count` rows from `first` on, where they already have the layout of a batch of `dtype`; otherwise
/// null.
const void* in_place(const Column& column, Index first, Index count, DType dtype);

/// Copies `count` rows of the column, converted to `dtype`: order[first], order[first + 1], ... (order null: first,
/// first + 1, ...).
void gather(const Column& column, const Index* order, Index first, Index count, DType dtype, void* to);

/// The first row that holds a NaN or a value outside [low, high]; -1 if there is none.
Index first_beyond(const Column& column, double low, double high);

/// The first row that holds a value outside [low, high) or not an integer; -1 if there is none.
Index first_outside(const Column& column, Index low, Index high);

}  // namespace fastnn
