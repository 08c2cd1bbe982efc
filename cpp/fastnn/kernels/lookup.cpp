// Rows of a table looked up by id.
#include "fastnn/kernels/lookup.hpp"

#include <algorithm>
#include <limits>

#include "fastnn/packet.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

// Rows lie anywhere in the table: the beginning of one is prefetched this many ids before it is copied.
constexpr Index kAhead = 8, kMostAsked = 64;

// A row is shorter than what a call of the library's copy takes.
inline void copy_row(const Real* from, Index width, Real* to) {
  for_each(width, [=](Index j, Index n) { store_n(to + j, load_n(from + j, n), n); });
}

template <class Id>
void copy_rows(const Id* ids, Index count, const Real* table, Index rows, Index width, Real* y) {
  for (Index i = 0; i < count; ++i, y += width) {
    if (i + kAhead < count)
      if (const Index row = row_of(ids[i + kAhead], rows); row >= 0)
        for (Index j = 0; j < std::min(width, kMostAsked); j += 16) prefetch(table + row * width + j);
    const Index row = row_of(ids[i], rows);
    if (row < 0)
      std::fill(y, y + width, std::numeric_limits<Real>::quiet_NaN());
    else
      copy_row(table + row * width, width, y);
  }
}

template <class Id>
void add_rows(const Id* ids, Index count, const Real* dy, Index rows, Index width, Index first, Index last,
              Real* dtable) {
  for (Index i = 0; i < count; ++i) {
    const Index row = row_of(ids[i], rows);
    if (row < 0) continue;
    const Real* from = dy + i * width + first;
    Real* to = dtable + row * width + first;
    for_each(last - first, [&](Index j, Index n) { store_n(to + j, add(load_n(to + j, n), load_n(from + j, n)), n); });
  }
}

}  // namespace

void look_up_float(const Real* ids, Index count, const Real* table, Index rows, Index width, Real* y) {
  copy_rows(ids, count, table, rows, width, y);
}
void look_up_int(const std::int32_t* ids, Index count, const Real* table, Index rows, Index width, Real* y) {
  copy_rows(ids, count, table, rows, width, y);
}
void look_up_backward_float(const Real* ids, Index count, const Real* dy, Index rows, Index width, Index first,
                            Index last, Real* dtable) {
  add_rows(ids, count, dy, rows, width, first, last, dtable);
}
void look_up_backward_int(const std::int32_t* ids, Index count, const Real* dy, Index rows, Index width, Index first,
                          Index last, Real* dtable) {
  add_rows(ids, count, dy, rows, width, first, last, dtable);
}

}  // namespace fastnn::kernels
