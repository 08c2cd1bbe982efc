// One fold for all types and operations: a struct says how two values become one and how a run does.
#include "fastnn/kernels/fold.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

// Elements of the outermost axis' slices that make one part, and results from which no parts are made.
constexpr Index kPart = 32768, kWide = 4096;

struct FloatSum {
  static constexpr Real kStart = 0.0_r;
  static Packet join(const Packet& a, const Packet& b) { return add(a, b); }
  static Real run(const Real* x, Index size) {
    return sum_over(size, [&](Index i, Index n) { return load_n(x + i, n); });
  }
};
struct FloatProduct {
  static constexpr Real kStart = 1.0_r;
  static Packet join(const Packet& a, const Packet& b) { return mul(a, b); }
  static Real run(const Real* x, Index size) {
    Packet product = one();
    for_each(size, [&](Index i, Index n) { product = mul(product, load_n(x + i, n, 1.0_r)); });
    alignas(kAlignment) Real lanes[kWidth];
    ei::pstore(lanes, product);
    for (Index half = kWidth / 2; half > 0; half /= 2)
      for (Index i = 0; i < half; ++i) lanes[i] *= lanes[i + half];
    return lanes[0];
  }
  static Packet one() { return set1(1.0_r); }
};
// max() keeps its first argument where either is NaN; once the left is NaN it stays.
struct FloatMaximum {
  static constexpr Real kStart = -kInfinity;
  static Packet join(const Packet& a, const Packet& b) { return select(equal(a, a), max(b, a), a); }
  static Real run(const Real* x, Index size) {
    return max_over(size, [&](Index i, Index n) { return load_n(x + i, n, -kInfinity); });
  }
};
struct FloatMinimum {
  static constexpr Real kStart = kInfinity;
  static Packet join(const Packet& a, const Packet& b) { return select(equal(a, a), min(b, a), a); }
  static Real run(const Real* x, Index size) {
    return -max_over(size, [&](Index i, Index n) { return negate(load_n(x + i, n, kInfinity)); });
  }
};

// Integers and bools: any order gives the same result.
template <class T, T kFirst, class Join>
struct Whole {
  static constexpr T kStart = kFirst;
  static T join(T a, T b) { return Join{}(a, b); }
  static T run(const T* x, Index size) {
    T value = kStart;
    for (Index i = 0; i < size; ++i) value = join(value, x[i]);
    return value;
  }
};
struct Sum {
  std::int32_t operator()(std::int32_t a, std::int32_t b) const {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }
};
struct Product {
  std::int32_t operator()(std::int32_t a, std::int32_t b) const {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
  }
};
struct Larger {
  template <class T>
  T operator()(T a, T b) const {
    return a > b ? a : b;
  }
};
struct Smaller {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? a : b;
  }
};

// y = op(y, x), element by element.
template <class Op>
void join_into(const Real* x, Real* y, Index count) {
  for_each(count, [&](Index i, Index n) { store_n(y + i, Op::join(load_n(y + i, n), load_n(x + i, n)), n); });
}
template <class Op, class T>
void join_into(const T* x, T* y, Index count) {
  for (Index i = 0; i < count; ++i) y[i] = Op::join(y[i], x[i]);
}
template <class Op>
void join_one(Real value, Real* y) {
  alignas(kAlignment) Real lanes[kWidth];
  ei::pstore(lanes, Op::join(set1(*y), set1(value)));
  *y = lanes[0];
}
template <class Op, class T>
void join_one(T value, T* y) {
  *y = Op::join(*y, value);
}

// An array's axes with how far x and y move along each.
struct Steps {
  int rank = 0;
  std::array<Index, kMostAxes> size{}, x{}, y{};
  std::array<bool, kMostAxes> gone{};

  Steps(const Folded& axes, Index rows) : rank(axes.rank), size(axes.size), gone(axes.gone) {
    if (axes.batched) size[0] *= rows;
    Index in = 1, out = 1;
    for (auto d = static_cast<std::size_t>(rank); d-- > 0;) {
      x[d] = in;
      y[d] = gone[d] ? 0 : out;
      in *= size[d];
      if (!gone[d]) out *= size[d];
    }
  }
  // Elements of x and of y behind one step of axis 0.
  Index slice() const { return x[0]; }
  Index kept() const {
    Index total = 1;
    for (std::size_t d = 1; d < static_cast<std::size_t>(rank); ++d) total *= gone[d] ? 1 : size[d];
    return total;
  }
};

// Folds steps [begin, end) of axis d, from where x and y stand at its step 0, into what y holds.
// Not inlined into itself, which would copy the loops of its innermost axis many times over.
template <class Op, class T>
[[gnu::noinline]] void fold_axis(const Steps& s, std::size_t d, Index begin, Index end, const T* x, T* y) {
  if (d + 1 == static_cast<std::size_t>(s.rank)) {
    if (s.gone[d])
      join_one<Op>(Op::run(x + begin, end - begin), y);
    else
      join_into<Op>(x + begin, y + begin, end - begin);
    return;
  }
  for (Index i = begin; i < end; ++i) fold_axis<Op>(s, d + 1, 0, s.size[d + 1], x + i * s.x[d], y + i * s.y[d]);
}

Index steps_of_part(Index slice) { return std::max<Index>(1, kPart / std::max<Index>(1, slice)); }

template <class Op, class T>
void fold_all(const Folded& axes, Index rows, const T* x, T* y, T* scratch) {
  const Steps s(axes, rows);
  if (s.rank == 0) {
    *y = Op::kStart;
    return join_one<Op>(*x, y);
  }
  const Index steps = s.size[0], slice = s.slice(), kept = s.kept();
  const double work = 0.4 * static_cast<double>(steps) * static_cast<double>(slice);
  if (!s.gone[0]) {
    const Index chunk = std::max<Index>(1, kWalkChunk / std::max<Index>(1, slice));
    parallel_ranges(steps, chunk, work, [&](Index begin, Index end, int) {
      std::fill(y + begin * s.y[0], y + end * s.y[0], Op::kStart);
      fold_axis<Op>(s, 0, begin, end, x, y);
    });
    return;
  }
  if (kept >= kWide) {  // then axis 1 stays
    const Index chunk = std::max<Index>(1, 1024 / std::max<Index>(1, s.y[1]));
    parallel_ranges(s.size[1], chunk, work, [&](Index begin, Index end, int) {
      std::fill(y + begin * s.y[1], y + end * s.y[1], Op::kStart);
      for (Index i = 0; i < steps; ++i) fold_axis<Op>(s, 1, begin, end, x + i * slice, y);
    });
    return;
  }
  std::fill_n(y, kept, Op::kStart);
  const Index part = steps_of_part(slice);
  parallel_ranges(steps, part, work, [&](Index begin, Index end, int) {
    T* to = begin == 0 ? y : scratch + (begin / part - 1) * kept;
    if (begin > 0) std::fill_n(to, kept, Op::kStart);
    fold_axis<Op>(s, 0, begin, end, x, to);
  });
  for (Index begin = part; begin < steps; begin += part) join_into<Op>(scratch + (begin / part - 1) * kept, y, kept);
}

template <class T>
void places(bool largest, const T* x, std::int32_t* y, Index outer, Index size, Index inner) {
  const double work = static_cast<double>(outer) * static_cast<double>(size) * static_cast<double>(inner);
  const Index chunk = std::max<Index>(1, kWalkChunk / std::max<Index>(1, size));
  parallel_ranges(outer * inner, chunk, work, [&](Index begin, Index end, int) {
    for (Index i = begin; i < end; ++i) {
      const T* from = x + i / inner * size * inner + i % inner;
      Index best = 0;
      for (Index k = 1; k < size; ++k) {
        const T held = from[best * inner], next = from[k * inner];
        if (held != held) break;
        if (next != next || (largest ? next > held : next < held)) best = k;
      }
      y[i] = static_cast<std::int32_t>(best);
    }
  });
}

}  // namespace

Index fold_scratch(const Folded& axes, Index most_rows) {
  const Steps s(axes, most_rows);
  if (s.rank == 0 || !s.gone[0] || s.kept() >= kWide) return 0;
  const Index part = steps_of_part(s.slice());
  return std::max<Index>(0, (s.size[0] + part - 1) / part - 1) * s.kept();
}

void fold_float(FoldOp op, const Folded& axes, Index rows, const Real* x, Real* y, Real* scratch) {
  switch (op) {
    case FoldOp::sum:
      return fold_all<FloatSum>(axes, rows, x, y, scratch);
    case FoldOp::product:
      return fold_all<FloatProduct>(axes, rows, x, y, scratch);
    case FoldOp::maximum:
      return fold_all<FloatMaximum>(axes, rows, x, y, scratch);
    case FoldOp::minimum:
      return fold_all<FloatMinimum>(axes, rows, x, y, scratch);
  }
}

void fold_int(FoldOp op, const Folded& axes, Index rows, const std::int32_t* x, std::int32_t* y,
              std::int32_t* scratch) {
  using T = std::int32_t;
  using Limits = std::numeric_limits<T>;
  switch (op) {
    case FoldOp::sum:
      return fold_all<Whole<T, 0, Sum>>(axes, rows, x, y, scratch);
    case FoldOp::product:
      return fold_all<Whole<T, 1, Product>>(axes, rows, x, y, scratch);
    case FoldOp::maximum:
      return fold_all<Whole<T, Limits::min(), Larger>>(axes, rows, x, y, scratch);
    case FoldOp::minimum:
      return fold_all<Whole<T, Limits::max(), Smaller>>(axes, rows, x, y, scratch);
  }
}

void fold_bool(FoldOp op, const Folded& axes, Index rows, const bool* x, bool* y, bool* scratch) {
  assert(op == FoldOp::maximum || op == FoldOp::minimum);
  if (op == FoldOp::maximum) return fold_all<Whole<bool, false, Larger>>(axes, rows, x, y, scratch);
  fold_all<Whole<bool, true, Smaller>>(axes, rows, x, y, scratch);
}

void fold_places_float(bool largest, const Real* x, std::int32_t* y, Index outer, Index size, Index inner) {
  places(largest, x, y, outer, size, inner);
}
void fold_places_int(bool largest, const std::int32_t* x, std::int32_t* y, Index outer, Index size, Index inner) {
  places(largest, x, y, outer, size, inner);
}

}  // namespace fastnn::kernels
