// Scaled rows, on all threads.
#include "fastnn/kernels/scaling.hpp"

#include <algorithm>

#include "fastnn/packet.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

// Calls body(begin, count) for the stretches of all rows; each row starts one.
template <class Body>
void each_stretch(const ScaledRows& s, Body&& body) {
  const Index rows_of_task = std::max<Index>(1, 16384 / std::max<Index>(1, s.row_size));
  parallel_ranges(s.rows, rows_of_task, 0.3 * static_cast<double>(s.rows * s.row_size),
                  [&](Index begin, Index end, int) {
                    for (Index row = begin; row < end; ++row)
                      for (Index at = 0; at < s.row_size; at += s.stretch)
                        body(row * s.row_size + at, std::min(s.stretch, s.row_size - at));
                  });
}

}  // namespace

void scale_shift(const ScaledRows& s, bool centred, const Real* x, const Real* scale, const Real* shift, Real* y) {
  each_stretch(s, [&](Index at, Index count) {
    for_each(count, [&](Index i, Index n) {
      const Packet by = load_n(scale + i, n), to = load_n(shift + i, n), value = load_n(x + at + i, n);
      store_n(y + at + i, centred ? mul(sub(value, to), by) : madd(value, by, to), n);
    });
  });
}

void scale_shift_gradient(const ScaledRows& s, const Real* dy, const Real* scale, Real* dx) {
  each_stretch(s, [&](Index at, Index count) {
    for_each(count,
             [&](Index i, Index n) { store_n(dx + at + i, mul(load_n(dy + at + i, n), load_n(scale + i, n)), n); });
  });
}

}  // namespace fastnn::kernels
