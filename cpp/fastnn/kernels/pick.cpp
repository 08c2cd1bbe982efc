// Gathers run over outputs; scatters are dealt to the threads so that each place of dx has one owner.
#include "fastnn/kernels/pick.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "fastnn/packet.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

inline Index settled(std::int32_t index, Index size) {
  const Index place = index < 0 ? index + size : index;
  return std::clamp<Index>(place, 0, size - 1);
}

double work_of(const Picked& s) {
  return 1.0 * static_cast<double>(s.outer) * static_cast<double>(std::max(s.picks, s.size)) *
         static_cast<double>(s.inner);
}

inline void add_run(const Real* from, Real* to, Index count) {
  packet::for_each(count, [&](Index i, Index n) {
    packet::store_n(to + i, packet::add(packet::load_n(to + i, n), packet::load_n(from + i, n)), n);
  });
}

// Blocks of the outer axis, each written by one task.
template <class Body>
void each_outer(const Picked& s, Body&& body) {
  const Index block = std::max<Index>(1, std::max(s.picks, s.size) * s.inner);
  parallel_ranges(s.outer, std::max<Index>(1, 4096 / block), work_of(s), [&](Index begin, Index end, int) {
    for (Index o = begin; o < end; ++o) body(o);
  });
}

template <class T>
void along(const Picked& s, const T* x, const std::int32_t* indices, T* y) {
  each_outer(s, [&](Index o) {
    const T* from = x + o * s.size * s.inner;
    Index at = o * s.picks * s.inner;
    for (Index p = 0; p < s.picks; ++p)
      for (Index i = 0; i < s.inner; ++i, ++at) y[at] = from[settled(indices[at], s.size) * s.inner + i];
  });
}

template <class T>
void ordered(const T* x, Index size, Index step, bool descending, Index first, std::int32_t* order) {
  for (Index i = 0; i < size; ++i) order[i] = static_cast<std::int32_t>(i);
  const auto before = [=](std::int32_t i, std::int32_t j) {
    const T a = x[i * step], b = x[j * step];
    const bool less = a < b || (a == a && b != b), more = b < a || (b == b && a != a);
    if (less || more) return descending ? more : less;
    return i < j;
  };
  if (first < size)
    std::partial_sort(order, order + first, order + size, before);
  else
    std::sort(order, order + size, before);
}

}  // namespace

void take(const Picked& s, std::size_t bytes, const void* x, const std::int32_t* indices, void* y) {
  const auto run = static_cast<std::size_t>(s.inner) * bytes;
  const auto* from = static_cast<const std::byte*>(x);
  auto* to = static_cast<std::byte*>(y);
  const Index chunk = std::max<Index>(1, 4096 / std::max<Index>(1, s.inner));
  parallel_ranges(s.outer * s.picks, chunk, work_of(s), [&](Index begin, Index end, int) {
    for (Index p = begin; p < end; ++p) {
      const Index block = p / s.picks * s.size + settled(indices[p % s.picks], s.size);
      if (run == sizeof(Real))  // one element: a copy of constant size
        std::memcpy(to + p * static_cast<Index>(sizeof(Real)), from + block * static_cast<Index>(sizeof(Real)),
                    sizeof(Real));
      else
        std::memcpy(to + static_cast<std::size_t>(p) * run, from + static_cast<std::size_t>(block) * run, run);
    }
  });
}

void take_gradient(const Picked& s, const std::int32_t* indices, const Real* dy, Real* dx) {
  // Each task owns the places of one block, or where blocks are few a part of them, and looks through all indices for
  // those that fall into it.
  const double work = work_of(s);
  const Index threads = usable_threads();
  const Index parts = work < kGrain || s.outer >= 4 * threads ? 1 : std::min(threads, s.size);
  parallel_for(s.outer * parts, work, [&](Index task, int) {
    const Index o = task / parts, part = task % parts;
    const Index first = s.size * part / parts, last = s.size * (part + 1) / parts;
    Real* to = dx + o * s.size * s.inner;
    std::fill(to + first * s.inner, to + last * s.inner, 0.0_r);
    for (Index p = 0; p < s.picks; ++p) {
      const Index place = settled(indices[p], s.size);
      if (place >= first && place < last) add_run(dy + (o * s.picks + p) * s.inner, to + place * s.inner, s.inner);
    }
  });
}

void take_along(const Picked& s, std::size_t bytes, const void* x, const std::int32_t* indices, void* y) {
  with_element(bytes, [&](auto element) {
    using T = decltype(element);
    along(s, static_cast<const T*>(x), indices, static_cast<T*>(y));
  });
}

void take_along_gradient(const Picked& s, const std::int32_t* indices, const Real* dy, Real* dx) {
  each_outer(s, [&](Index o) {
    Real* to = dx + o * s.size * s.inner;
    std::fill_n(to, s.size * s.inner, 0.0_r);
    Index at = o * s.picks * s.inner;
    for (Index p = 0; p < s.picks; ++p)
      for (Index i = 0; i < s.inner; ++i, ++at) to[settled(indices[at], s.size) * s.inner + i] += dy[at];
  });
}

void one_hot(const std::int32_t* indices, Index count, Index classes, Real* y) {
  const Index chunk = std::max<Index>(1, 8192 / std::max<Index>(1, classes));
  parallel_ranges(count, chunk, 0.4 * static_cast<double>(count * classes), [&](Index begin, Index end, int) {
    std::fill(y + begin * classes, y + end * classes, 0.0_r);
    for (Index i = begin; i < end; ++i)
      if (indices[i] >= 0 && indices[i] < classes) y[i * classes + indices[i]] = 1.0_r;
  });
}

void order_of_float(const Real* x, Index size, Index step, bool descending, Index first, std::int32_t* order) {
  ordered(x, size, step, descending, first, order);
}
void order_of_int(const std::int32_t* x, Index size, Index step, bool descending, Index first, std::int32_t* order) {
  ordered(x, size, step, descending, first, order);
}

}  // namespace fastnn::kernels
