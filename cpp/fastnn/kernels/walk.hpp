// Nested loops over strided arrays, shared by broadcasting, reductions and rearranging. Loops are prepared while
// building; axes that can be merged are merged, so arrays of the same shape are a single long run.
//
// The outermost axis may be the batch, whose size only a step knows: then size[0] counts what one row of it holds.
#pragma once

#include <algorithm>
#include <array>

#include "fastnn/parallel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// Most axes that loops can have, each axis of an array of rank 8 cut in two.
constexpr int kMostAxes = 16;

/// Fewest elements of a task: enough to outweigh the cost of scheduling it.
constexpr Index kWalkChunk = 8192;

/// Loops over N operands that move in step. Elements are numbered in row-major order of the axes.
template <std::size_t N>
struct Loops {
  int rank = 0;
  bool batched = false;
  std::array<Index, kMostAxes> size{};
  std::array<std::array<Index, N>, kMostAxes> stride{};
  std::array<Index, N> start{};

  /// Adds an axis inside those that are there. Its size is kUnknown for the batch, which comes first.
  void inside(Index count, const std::array<Index, N>& step) {
    if (count == 1) return;
    const bool batch = count == kUnknown;
    bool merges = rank > 0 && !batch;
    for (std::size_t k = 0; merges && k < N; ++k) merges = stride[last()][k] == count * step[k];
    if (merges) {
      size[last()] *= count;
      stride[last()] = step;
      return;
    }
    batched = batched || batch;
    size[static_cast<std::size_t>(rank)] = batch ? 1 : count;
    stride[static_cast<std::size_t>(rank)] = step;
    ++rank;
  }

  /// All elements in a batch of `rows`.
  Index count(Index rows) const {
    Index total = batched ? rows : 1;
    for (int d = 0; d < rank; ++d) total *= size[static_cast<std::size_t>(d)];
    return total;
  }
  /// How far operand k moves from element to element of a run.
  Index step(std::size_t k) const { return rank == 0 ? 0 : stride[last()][k]; }

 private:
  std::size_t last() const { return static_cast<std::size_t>(rank) - 1; }
};

/// Loops over `output` in which operand k, of shape operands[k], is broadcast to it as NumPy does: aligned from the right,
/// sizes of 1 repeated. Used while building.
template <std::size_t N>
Loops<N> broadcast_loops(const Shape& output, const std::array<Shape, N>& operands) {
  const std::size_t rank = output.size();
  std::array<std::array<Index, N>, kMostAxes> strides{};
  for (std::size_t k = 0; k < N; ++k) {
    Index stride = 1;
    for (std::size_t d = rank; d-- > 0;) {
      if (rank - d > operands[k].size()) break;
      const Index size = operands[k][d + operands[k].size() - rank];
      strides[d][k] = size == 1 ? 0 : stride;
      stride *= size;
    }
  }
  Loops<N> loops;
  for (std::size_t d = 0; d < rank; ++d) loops.inside(output[d], strides[d]);
  return loops;
}

/// Calls body(offsets, first, count) for the runs that make up elements [begin, end): operand k begins at offsets[k] and
/// moves by loops.step(k), and the run is that of elements first, first + 1, ...
template <std::size_t N, class Body>
void walk(const Loops<N>& loops, Index begin, Index end, Body&& body) {
  if (begin >= end) return;
  std::array<Index, N> at = loops.start;
  if (loops.rank == 0) return body(at, begin, end - begin);
  const auto last = static_cast<std::size_t>(loops.rank) - 1;
  std::array<Index, kMostAxes> place{};
  Index rest = begin;
  for (std::size_t d = last + 1; d-- > 0;) {
    place[d] = d == 0 ? rest : rest % loops.size[d];
    rest /= loops.size[d];
    for (std::size_t k = 0; k < N; ++k) at[k] += place[d] * loops.stride[d][k];
  }
  for (Index first = begin; first < end;) {
    const Index run = last == 0 ? end - first : std::min(loops.size[last] - place[last], end - first);
    body(at, first, run);
    first += run;
    if (first >= end) return;
    for (std::size_t k = 0; k < N; ++k) at[k] -= place[last] * loops.stride[last][k];
    place[last] = 0;
    for (std::size_t d = last; d-- > 0;) {
      ++place[d];
      for (std::size_t k = 0; k < N; ++k) at[k] += loops.stride[d][k];
      if (d == 0 || place[d] < loops.size[d]) break;
      for (std::size_t k = 0; k < N; ++k) at[k] -= loops.size[d] * loops.stride[d][k];
      place[d] = 0;
    }
  }
}

/// walk() over all elements in a batch of `rows`, on all threads; every element may cost `each` nanoseconds.
template <std::size_t N, class Body>
void walk_all(const Loops<N>& loops, Index rows, double each, Body&& body) {
  const Index count = loops.count(rows);
  parallel_ranges(count, kWalkChunk, each * static_cast<double>(count),
                  [&](Index begin, Index end, int) { walk(loops, begin, end, body); });
}

}  // namespace fastnn::kernels
