// Reductions over axes of an array: sums, products, maxima and minima over any of them, the batch included.
//
// The order is fixed by the shape. Runs along the last axis go by registers with lanes counted from the run's start; all
// else is a chain in row-major order. Where the outermost axis is reduced it is cut at indices that follow from the rest of
// the shape, and the parts are combined in order; a wide result is not cut but split over the threads.
#pragma once

#include <array>
#include <cstdint>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/kernels/walk.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

enum class FoldOp : std::uint8_t { sum, product, maximum, minimum };

/// The axes of a dense array from the outermost to the innermost, and which of them are reduced; adjacent axes of the same
/// kind are merged.
struct Folded {
  int rank = 0;
  bool batched = false;  ///< then size[0] counts what one row of it holds
  std::array<Index, kMostAxes> size{};
  std::array<bool, kMostAxes> gone{};

  /// Adds an axis inside those that are there: kUnknown for the batch, which comes first.
  void inside(Index count, bool folded) {
    if (count == 1) return;
    if (rank > 0 && gone[static_cast<std::size_t>(rank) - 1] == folded) {
      size[static_cast<std::size_t>(rank) - 1] *= count;
      return;
    }
    batched = batched || count == kUnknown;
    size[static_cast<std::size_t>(rank)] = count == kUnknown ? 1 : count;
    gone[static_cast<std::size_t>(rank)] = folded;
    ++rank;
  }

  /// True where no axis is reduced: the result is the array itself.
  bool keeps_all() const { return rank == 0 || (rank == 1 && !gone[0]); }
};

/// The axes of `output` along which an operand of shape `operand` was broadcast to it are those to reduce. Used while
/// building.
inline Folded broadcast_axes(const Shape& output, const Shape& operand) {
  Folded axes;
  for (std::size_t d = 0; d < output.size(); ++d) {
    const bool there = output.size() - d <= operand.size();
    axes.inside(output[d], !there || operand[d + operand.size() - output.size()] != output[d]);
  }
  return axes;
}

/// Elements of scratch that fold() needs for up to `most_rows` rows.
KERNEL(Index, fold_scratch)(const Folded& axes, Index most_rows);

/// y = x reduced over the marked axes. NaN takes precedence over all other floats; a reduction of nothing is 0, 1, or an
/// infinity (for integers the largest or smallest value).
KERNEL(void, fold_float)(FoldOp op, const Folded& axes, Index rows, const Real* x, Real* y, Real* scratch);
KERNEL(void, fold_int)(FoldOp op, const Folded& axes, Index rows, const std::int32_t* x, std::int32_t* y,
                       std::int32_t* scratch);
/// maximum: any; minimum: all.
KERNEL(void, fold_bool)(FoldOp op, const Folded& axes, Index rows, const bool* x, bool* y, bool* scratch);
inline constexpr Overloaded<&fold_float, &fold_int, &fold_bool> fold{};

/// The index of the first maximum (or minimum) over the middle of (outer, size, inner); of the first NaN if there is one.
KERNEL(void, fold_places_float)(bool largest, const Real* x, std::int32_t* y, Index outer, Index size, Index inner);
KERNEL(void, fold_places_int)(bool largest, const std::int32_t* x, std::int32_t* y, Index outer, Index size,
                              Index inner);
inline constexpr Overloaded<&fold_places_float, &fold_places_int> fold_places{};

}  // namespace fastnn::kernels
