// Sums over samples in chunks: the cuts follow from static shapes alone, and the partial sums are added in order.
// The caller computes the sum of a chunk; this file is the only place that combines chunks.
#pragma once

#include <algorithm>

#include "fastnn/parallel.hpp"

namespace fastnn::kernels {

/// Most partial sums of `size` floats that are kept at once.
inline Index most_chunk_sums(Index size) { return std::clamp<Index>((Index{1} << 20) / size, 2, 16); }

/// Floats of partial sums for `chunks` chunks.
inline Index chunk_sums_size(Index chunks, Index size) { return std::min(most_chunk_sums(size), chunks - 1) * size; }

/// Calls wave(first, count, place) until all chunks are done: it writes the sums of each chunk i in [first, first + count)
/// to place(i), in parallel if it wants. The first chunk is written to `total`, the others are added to it in order.
template <class Wave>
void sum_chunks(Index chunks, Index size, Real* total, Real* partials, Wave&& wave) {
  for (Index done = 0; done < chunks;) {
    const Index direct = done == 0 ? 1 : 0, count = std::min(chunks - done, most_chunk_sums(size) + direct);
    wave(done, count, [&](Index i) { return i == 0 ? total : partials + (i - done - direct) * size; });
    const Index sums = count - direct;
    parallel_ranges(size, 4096, byte_work(4.0 * static_cast<double>(sums * size)), [&](Index begin, Index end, int) {
      for (Index i = 0; i < sums; ++i)
        for (Index j = begin; j < end; ++j) total[j] += partials[i * size + j];
    });
    done += count;
  }
}

}  // namespace fastnn::kernels
