// Gathering and checking rows of any numeric type and stride.
#include "fastnn/columns.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

// IEEE half precision, for which C++17 has no type.
struct Half {
  std::uint16_t bits;
  operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
    const std::uint32_t exponent = (bits >> 10) & 0x1Fu, fraction = bits & 0x3FFu;
    if (exponent == 0) {
      const float tiny = std::ldexp(static_cast<float>(fraction), -24);
      return sign ? -tiny : tiny;
    }
    const std::uint32_t wide = sign | ((exponent == 31 ? 255u : exponent + 112u) << 23) | (fraction << 13);
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
  }
};

template <class Function>
void with_type(Source source, Function&& function) {
  switch (source) {
    case Source::boolean:
      return function(std::uint8_t{});
    case Source::int8:
      return function(std::int8_t{});
    case Source::uint8:
      return function(std::uint8_t{});
    case Source::int16:
      return function(std::int16_t{});
    case Source::uint16:
      return function(std::uint16_t{});
    case Source::int32:
      return function(std::int32_t{});
    case Source::uint32:
      return function(std::uint32_t{});
    case Source::int64:
      return function(std::int64_t{});
    case Source::uint64:
      return function(std::uint64_t{});
    case Source::float16:
      return function(Half{});
    case Source::float32:
      return function(float{});
    case Source::float64:
      return function(double{});
  }
}

template <class T>
T read(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Calls visit(value, i) for the elements of a row, whose inner dimensions are [from, rank).
template <class T, class Visit>
void visit_row(const Column& column, const std::byte* row, std::size_t from, Index& i, Visit&& visit) {
  if (from == column.rank) {
    visit(read<T>(row), i++);
    return;
  }
  const Index count = column.dims[from], stride = column.strides[from];
  if (from + 1 == column.rank) {
    for (Index k = 0; k < count; ++k) visit(read<T>(row + k * stride), i + k);
    i += count;
    return;
  }
  for (Index k = 0; k < count; ++k) visit_row<T>(column, row + k * stride, from + 1, i, visit);
}

// The same for a whole row, faster where its elements are dense.
template <class T, class Visit>
void visit_whole_row(const Column& column, const std::byte* row, bool dense, Index size, Visit&& visit) {
  Index i = 0;
  if (dense)
    for (; i < size; ++i) visit(read<T>(row + i * static_cast<Index>(sizeof(T))), i);
  else
    visit_row<T>(column, row, 1, i, visit);
}

template <class From, class To>
To convert(From value) {
  if constexpr (std::is_same_v<From, Half>)
    return static_cast<To>(static_cast<float>(value));
  else
    return static_cast<To>(value);
}

template <class From, class To>
void convert_row(const Column& column, const std::byte* row, bool dense, Index size, To* to) {
  if (dense && std::is_same_v<From, To>)
    std::memcpy(to, row, static_cast<std::size_t>(size) * sizeof(To));
  else
    visit_whole_row<From>(column, row, dense, size, [&](From value, Index k) { to[k] = convert<From, To>(value); });
}

template <class To>
void gather_as(const Column& column, const Index* order, Index first, Index count, To* to) {
  const Index size = column.row_size();
  const bool dense = column.dense_rows();
  const Index chunk = std::max<Index>(1, (1 << 14) / std::max<Index>(1, size));
  with_type(column.source, [&](auto kind) {
    using From = decltype(kind);
    parallel_ranges(count, chunk, byte_work(8.0 * static_cast<double>(count) * static_cast<double>(size)),
                    [&](Index begin, Index end, int) {
                      for (Index i = begin; i < end; ++i) {
                        const Index row = order != nullptr ? order[first + i] : first + i;
                        convert_row<From, To>(column, column.data + row * column.strides[0], dense, size,
                                              to + i * size);
                      }
                    });
  });
}

// The first row with an element for which bad(value) is true, searched in parallel; -1 if there is none.
template <class Bad>
Index first_bad(const Column& column, Bad&& bad) {
  const Index size = std::max<Index>(1, column.row_size());
  const bool dense = column.dense_rows();
  std::atomic<Index> lowest{column.rows()};
  with_type(column.source, [&](auto kind) {
    using From = decltype(kind);
    const Index chunk = std::max<Index>(1, (1 << 15) / size);
    parallel_ranges(column.rows(), chunk, byte_work(4.0 * static_cast<double>(column.rows() * size)),
                    [&](Index begin, Index end, int) {
                      for (Index row = begin; row < end && row < lowest.load(std::memory_order_relaxed); ++row) {
                        int found = 0;
                        visit_whole_row<From>(column, column.data + row * column.strides[0], dense, size,
                                              [&](From value, Index) { found |= bad(value); });
                        if (found == 0) continue;
                        Index seen = lowest.load();
                        while (row < seen && !lowest.compare_exchange_weak(seen, row)) {
                        }
                      }
                    });
  });
  return lowest == column.rows() ? -1 : lowest.load();
}

}  // namespace

const void* in_place(const Column& column, Index first, Index count, DType dtype) {
  const bool same = (dtype == DType::real && column.source == kSourceOfReal) ||
                    (dtype == DType::int32 && column.source == Source::int32);
  const std::byte* at = column.data + first * column.strides[0];
  const auto row_bytes = column.row_size() * static_cast<Index>(size_of(dtype));
  const bool dense = column.dense_rows() && (count == 1 || column.strides[0] == row_bytes);
  return same && dense && reinterpret_cast<std::uintptr_t>(at) % size_of(dtype) == 0 ? at : nullptr;
}

void gather(const Column& column, const Index* order, Index first, Index count, DType dtype, void* to) {
  switch (dtype) {
    case DType::real:
      return gather_as(column, order, first, count, static_cast<Real*>(to));
    case DType::int32:
      return gather_as(column, order, first, count, static_cast<std::int32_t*>(to));
    case DType::boolean:
      return gather_as(column, order, first, count, static_cast<bool*>(to));
    case DType::int8:
    case DType::bfloat16:
      return;  // no edge has it
  }
}

Index first_beyond(const Column& column, double low, double high) {
  return first_bad(column, [low, high](auto value) {
    using T = decltype(value);
    using Number = std::conditional_t<std::is_same_v<T, double> || std::is_integral_v<T>, double, float>;
    const auto number = static_cast<Number>(value);
    return !(number >= static_cast<Number>(low) && number <= static_cast<Number>(high));  // True for NaN, too.
  });
}

Index first_outside(const Column& column, Index low, Index high) {
  return first_bad(column, [low, high](auto value) {
    using T = decltype(value);
    if constexpr (std::is_integral_v<T> && (std::is_signed_v<T> || sizeof(T) < sizeof(Index)))
      return static_cast<Index>(value) < low || static_cast<Index>(value) >= high;
    const auto number = static_cast<double>(value);
    return !(number >= static_cast<double>(low) && number < static_cast<double>(high) && number == std::floor(number));
  });
}

}  // namespace fastnn

namespace fastnn_shared {

Index Column::row_size() const {
  Index size = 1;
  for (std::size_t d = 1; d < rank; ++d) size *= dims[d];
  return size;
}

bool Column::dense_rows() const {
  Index expected = 1;
  fastnn::with_type(source, [&](auto kind) { expected = static_cast<Index>(sizeof kind); });
  for (std::size_t d = rank; d-- > 1;) {
    if (dims[d] != 1 && strides[d] != expected) return false;
    expected *= dims[d];
  }
  return true;
}

}  // namespace fastnn_shared
