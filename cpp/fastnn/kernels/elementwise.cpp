// Each function is a small struct with its value and its derivatives for one register; a sweep chooses the struct once.
#include "fastnn/kernels/elementwise.hpp"

#include <cassert>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <type_traits>
#include <utility>

#include "fastnn/kernels/math.hpp"
#include "fastnn/kernels/precise.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

inline Packet inverse(const Packet& x) { return div(one(), x); }
inline Packet sign_of(const Packet& x) {
  const Packet side = select(less(zero(), x), one(), select(less(x, zero()), set1(-1.0_r), x));
  return select(equal(x, zero()), zero(), side);  // NaN stays
}

// A function of doubles, lane by lane.
template <class F>
inline Packet lanewise(F&& f, const Packet& x) {
  alignas(kAlignment) Real lanes[kWidth];
  ei::pstore(lanes, x);
  for (Index i = 0; i < kWidth; ++i) lanes[i] = static_cast<Real>(f(static_cast<double>(lanes[i])));
  return load_aligned(lanes);
}
template <class F>
inline Packet lanewise(F&& f, const Packet& a, const Packet& b) {
  alignas(kAlignment) Real left[kWidth], right[kWidth];
  ei::pstore(left, a);
  ei::pstore(right, b);
  for (Index i = 0; i < kWidth; ++i)
    left[i] = static_cast<Real>(f(static_cast<double>(left[i]), static_cast<double>(right[i])));
  return load_aligned(left);
}

// A function of doubles, a register of them at a time; where a register holds doubles, lane by lane by the C library.
template <class F>
inline Packet widely(F&& f, const Packet& x) {
#if defined(FASTNN_REAL_IS_DOUBLE)
  return lanewise(f, x);
#else
  alignas(kAlignment) Real lanes[kWidth];
  ei::pstore(lanes, x);
  for (Index i = 0; i < kWidth; i += precise::kDoubles) {
    precise::Floats part;
    std::memcpy(&part, lanes + i, sizeof part);
    part = __builtin_convertvector(f(__builtin_convertvector(part, precise::Doubles)), precise::Floats);
    std::memcpy(lanes + i, &part, sizeof part);
  }
  return load_aligned(lanes);
#endif
}
// To the nearest integer, ties to even: below 2^p, p the bits of a fraction, by adding and subtracting 2^p; above, x is an
// integer.
inline Packet rounded(const Packet& x) {
  const Packet big = set1(1.0_r / std::numeric_limits<Real>::epsilon()), a = abs(x);
  return select(less(a, big), copy_sign(sub(add(a, big), big), x), x);
}

// The correctly rounded root. (Eigen's is a step of Newton's method from an estimate, and NaN at infinity.)
inline Packet root(const Packet& x) {
#if defined(__AVX512F__)
  return FASTNN_OF_REALS(_mm512_sqrt)(x);
#elif defined(__AVX__)
  return FASTNN_OF_REALS(_mm256_sqrt)(x);
#elif defined(__SSE2__)
  return FASTNN_OF_REALS(_mm_sqrt)(x);
#else
  alignas(kAlignment) Real lanes[kWidth];
  ei::pstore(lanes, x);
  for (Index i = 0; i < kWidth; ++i) lanes[i] = std::sqrt(lanes[i]);
  return load_aligned(lanes);
#endif
}

#define FASTNN_UNARY(Name, value_of, slope_of)                                 \
  struct Name {                                                                \
    static Packet value([[maybe_unused]] const Packet& x) { return value_of; } \
    static Packet slope([[maybe_unused]] const Packet& v) { return slope_of; } \
  };
FASTNN_UNARY(Negative, negate(x), set1(-1.0_r))
FASTNN_UNARY(Abs, packet::abs(x), sign_of(v))
FASTNN_UNARY(Sign, sign_of(x), zero())
FASTNN_UNARY(Exp, packet::exp(x), v)
FASTNN_UNARY(Exp2, widely([](auto d) { return precise::exp(d * 0.6931471805599453); }, x),
             mul(v, set1(0.69314718055994531_r)))
FASTNN_UNARY(Expm1, packet::expm1(x), add(v, one()))
FASTNN_UNARY(Log, packet::log(x), inverse(v))
FASTNN_UNARY(Log1p, packet::log1p(x), inverse(add(v, one())))
FASTNN_UNARY(Log2, widely([](auto d) { return precise::log(d) * 1.4426950408889634; }, x),
             div(set1(1.44269504088896341_r), v))
FASTNN_UNARY(Log10, widely([](auto d) { return precise::log(d) * 0.4342944819032518; }, x),
             div(set1(0.434294481903251828_r), v))
FASTNN_UNARY(Sqrt, root(x), div(set1(0.5_r), v))
FASTNN_UNARY(Rsqrt, inverse(root(x)), mul(set1(-0.5_r), mul(v, mul(v, v))))
FASTNN_UNARY(Square, mul(x, x), add(v, v))
FASTNN_UNARY(Reciprocal, inverse(x), negate(mul(v, v)))
FASTNN_UNARY(Sin, widely([](auto d) { return precise::sin(d); }, x), widely([](auto d) { return precise::cos(d); }, v))
FASTNN_UNARY(Cos, widely([](auto d) { return precise::cos(d); }, x),
             negate(widely([](auto d) { return precise::sin(d); }, v)))
FASTNN_UNARY(Tan, widely([](auto d) { return precise::tan(d); }, x), madd(v, v, one()))
FASTNN_UNARY(Arcsin, lanewise(precise::arcsin, x), inverse(root(mul(sub(one(), v), add(one(), v)))))
FASTNN_UNARY(Arccos, lanewise(precise::arccos, x), negate(inverse(root(mul(sub(one(), v), add(one(), v))))))
FASTNN_UNARY(Arctan, lanewise(precise::arctan, x), inverse(madd(v, v, one())))
FASTNN_UNARY(Sinh, lanewise(precise::sinh, x), lanewise(precise::cosh, v))
FASTNN_UNARY(Cosh, lanewise(precise::cosh, x), lanewise(precise::sinh, v))
FASTNN_UNARY(Tanh, packet::tanh(x), sub(one(), mul(v, v)))
FASTNN_UNARY(Arcsinh, lanewise(precise::arcsinh, x), inverse(root(madd(v, v, one()))))
FASTNN_UNARY(Arccosh, lanewise(precise::arccosh, x), inverse(root(mul(sub(v, one()), add(v, one())))))
FASTNN_UNARY(Arctanh, lanewise(precise::arctanh, x), inverse(mul(sub(one(), v), add(one(), v))))
FASTNN_UNARY(Erf, packet::erf(x), mul(set1(1.12837916709551257_r), packet::exp(negate(mul(v, v)))))
FASTNN_UNARY(Erfinv, lanewise(precise::erfinv, x), mul(set1(0.886226925452758014_r), packet::exp(mul(v, v))))
FASTNN_UNARY(Floor, sub(rounded(x), select(less(x, rounded(x)), one(), zero())), zero())
FASTNN_UNARY(Ceil, copy_sign(packet::abs(add(rounded(x), select(less(rounded(x), x), one(), zero()))), x), zero())
FASTNN_UNARY(Round, rounded(x), zero())
FASTNN_UNARY(Trunc, copy_sign(Floor::value(packet::abs(x)), x), zero())
FASTNN_UNARY(Sigmoid, packet::sigmoid(x), mul(v, sub(one(), v)))
#undef FASTNN_UNARY

// Calls visit(function, reads) with the struct of a function and, as a constant, what its derivative reads.
template <Reads kReads>
using ReadsConstant = std::integral_constant<Reads, kReads>;

template <class Visit>
void visit_unary(Unary op, Visit&& visit) {
  switch (op) {
#define FASTNN_CASE(name, Struct, reads) \
  case Unary::name:                      \
    return visit(Struct{}, ReadsConstant<Reads::reads>{});
    FASTNN_UNARY_FUNCTIONS(FASTNN_CASE)
#undef FASTNN_CASE
    default:
      assert(false);  // the others have no float result and no gradient
  }
}

// Floor division and its remainder, which has the sign of the divisor, as in NumPy.
inline Real left_over(Real a, Real b) {
  const Real r = std::fmod(a, b);
  if (r == 0.0_r) return std::copysign(0.0_r, b);
  return (r < 0.0_r) != (b < 0.0_r) ? r + b : r;
}
inline Real divided_down(Real a, Real b) {
  if (b == 0.0_r) return a / b;
  const Real r = std::fmod(a, b);
  Real quotient = (a - r) / b;
  if (r != 0.0_r && (r < 0.0_r) != (b < 0.0_r)) quotient -= 1.0_r;
  if (quotient == 0.0_r) return std::copysign(0.0_r, a / b);
  const Real down = std::floor(quotient);
  return quotient - down > 0.5_r ? down + 1.0_r : down;
}
inline double floored(double a, double b) { return std::floor(a / b); }

inline Packet either_nan(const Packet& value, const Packet& b) { return select(equal(b, b), value, b); }
inline Packet share(const Packet& wins, const Packet& ties) {
  return select(wins, one(), select(ties, set1(0.5_r), zero()));
}
// exp(b log a) for positive finite numbers; special cases are computed lane by lane.
inline Packet power(const Packet& a, const Packet& b) {
#if defined(FASTNN_REAL_IS_DOUBLE)
  return lanewise([](double x, double y) { return precise::power(x, y); }, a, b);
#else
  alignas(kAlignment) Real x[kWidth], y[kWidth];
  ei::pstore(x, a);
  ei::pstore(y, b);
  for (Index i = 0; i < kWidth; i += precise::kDoubles) {
    precise::Floats base, exponent;
    std::memcpy(&base, x + i, sizeof base);
    std::memcpy(&exponent, y + i, sizeof exponent);
    const auto wide = __builtin_convertvector(base, precise::Doubles);
    const auto size = precise::detail::choose(wide < 0.0, -wide, wide);
    precise::Doubles power = precise::exp(__builtin_convertvector(exponent, precise::Doubles) * precise::log(size));
    for (int k = 0; k < precise::kDoubles; ++k)
      if (!(base[k] > 0.0_r && base[k] < kInfinity && std::fabs(exponent[k]) < kInfinity))
        power[k] = precise::power(static_cast<double>(base[k]), static_cast<double>(exponent[k]), power[k]);
    base = __builtin_convertvector(power, precise::Floats);
    std::memcpy(x + i, &base, sizeof base);
  }
  return load_aligned(x);
#endif
}

#define FASTNN_BINARY(Name, value_of, slope_of_a, slope_of_b)                                                        \
  struct Name {                                                                                                      \
    static Packet value([[maybe_unused]] const Packet& a, [[maybe_unused]] const Packet& b) { return value_of; }     \
    static Packet slope_a([[maybe_unused]] const Packet& a, [[maybe_unused]] const Packet& b) { return slope_of_a; } \
    static Packet slope_b([[maybe_unused]] const Packet& a, [[maybe_unused]] const Packet& b) { return slope_of_b; } \
  };
FASTNN_BINARY(Add, add(a, b), one(), one())
FASTNN_BINARY(Subtract, sub(a, b), one(), set1(-1.0_r))
FASTNN_BINARY(Multiply, mul(a, b), b, a)
FASTNN_BINARY(Divide, div(a, b), inverse(b), negate(div(div(a, b), b)))
FASTNN_BINARY(FloorDivide, lanewise(divided_down, a, b), zero(), zero())
FASTNN_BINARY(Mod, lanewise(left_over, a, b), one(), negate(lanewise(floored, a, b)))
FASTNN_BINARY(Maximum, either_nan(max(a, b), b), share(less(b, a), equal(a, b)), share(less(a, b), equal(a, b)))
FASTNN_BINARY(Minimum, either_nan(min(a, b), b), share(less(a, b), equal(a, b)), share(less(b, a), equal(a, b)))
FASTNN_BINARY(Arctan2, lanewise(precise::arctan2, a, b), div(b, madd(a, a, mul(b, b))),
              negate(div(a, madd(a, a, mul(b, b)))))
#undef FASTNN_BINARY

// At a power of 0, and at a base of 0 for the exponent, the derivative is 0 rather than 0 times infinity.
struct Power {
  static Packet value(const Packet& a, const Packet& b) { return power(a, b); }
  static Packet slope_a(const Packet& a, const Packet& b) {
    return select(equal(b, zero()), zero(), mul(b, power(a, sub(b, one()))));
  }
  static Packet slope_b(const Packet& a, const Packet& b) {
    return mul(power(a, b), packet::log(select(equal(a, zero()), one(), a)));
  }
};

template <class Visit>
void visit_binary(Binary op, Visit&& visit) {
  switch (op) {
#define FASTNN_CASE(name, Struct, reads) \
  case Binary::name:                     \
    return visit(Struct{}, ReadsConstant<Reads::reads>{});
    FASTNN_BINARY_FUNCTIONS(FASTNN_CASE)
#undef FASTNN_CASE
    default:
      assert(false);  // the others have no float result and no gradient
  }
}

// Approximate nanoseconds for an element.
double cost(Binary op) {
  switch (op) {
    case Binary::power:
      return 15.0;
    case Binary::arctan2:
    case Binary::mod:
    case Binary::floor_divide:
      return 10.0;
    default:
      return 0.8;
  }
}

// Computes a run: y[i] = f(a[i * step_a], b[i * step_b]), where a step is 1, or 0 for an operand that stays the same.
// Loops are walked once for each type and not once for each function, which would multiply the code.
template <class T, class R>
using Run = void (*)(const T* a, Index step_a, const T* b, Index step_b, R* y, Index count);

template <class T, class R>
void each_run(const Loops<2>& loops, Index rows, double each, const T* a, const T* b, R* y, Run<T, R> run) {
  const Index step_a = loops.step(0), step_b = loops.step(1);
  walk_all(loops, rows, each, [&](const std::array<Index, 2>& at, Index first, Index count) {
    run(a + at[0], step_a, b + at[1], step_b, y + first, count);
  });
}

// An operand of a run: registers of it in turn, or the same one again, which holds its only number in all lanes.
class Operand {
 public:
  Operand(const Real* x, Index step) : from_(x), step_(step) {
    if (step != 0) return;
    ei::pstore(held_, set1(*x));
    from_ = held_;
  }
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;
  Packet at(Index i, Index n) const { return load_n(from_ + i * step_, n); }

 private:
  alignas(kAlignment) Real held_[kWidth];
  const Real* from_;
  Index step_;
};

template <class F>
void run_of_floats(const Real* a, Index step_a, const Real* b, Index step_b, Real* y, Index count) {
  const Operand left(a, step_a), right(b, step_b);
  for_each(count, [&](Index i, Index n) { store_n(y + i, F::value(left.at(i, n), right.at(i, n)), n); });
}

// One element at a time: integers and bools, where the compiler's own registers give the same.
template <class F, class T, class R>
void run_of_elements(const T* a, Index step_a, const T* b, Index step_b, R* y, Index count) {
  const F f;
  if (step_a != 0 && step_b != 0) {
    for (Index i = 0; i < count; ++i) y[i] = f(a[i], b[i]);
  } else if (step_b == 0) {
    const T right = *b;
    for (Index i = 0; i < count; ++i) y[i] = f(a[i * step_a], right);
  } else {
    const T left = *a;
    for (Index i = 0; i < count; ++i) y[i] = f(left, b[i]);
  }
}
template <class F, class T, class R>
void each_element(const Loops<2>& loops, Index rows, const T* a, const T* b, R* y) {
  each_run<T, R>(loops, rows, 1.0, a, b, y, run_of_elements<F, T, R>);
}

template <class T>
void compare(Binary op, const Loops<2>& loops, Index rows, const T* a, const T* b, bool* y) {
  switch (op) {
    case Binary::equal:
      return each_element<std::equal_to<T>>(loops, rows, a, b, y);
    case Binary::not_equal:
      return each_element<std::not_equal_to<T>>(loops, rows, a, b, y);
    case Binary::less:
      return each_element<std::less<T>>(loops, rows, a, b, y);
    case Binary::less_equal:
      return each_element<std::less_equal<T>>(loops, rows, a, b, y);
    case Binary::greater:
      return each_element<std::greater<T>>(loops, rows, a, b, y);
    case Binary::greater_equal:
      return each_element<std::greater_equal<T>>(loops, rows, a, b, y);
    default:
      assert(false);
  }
}

// Integers wrap around where they overflow.
using Word = std::uint32_t;
inline std::int32_t wrapped(std::int64_t value) { return static_cast<std::int32_t>(static_cast<Word>(value)); }
inline std::int32_t quotient_down(std::int32_t a, std::int32_t b) {
  if (b == 0) return 0;
  const std::int64_t q = std::int64_t{a} / b;
  return wrapped(q * b != a && (a < 0) != (b < 0) ? q - 1 : q);
}
inline std::int32_t whole_power(std::int32_t a, std::int32_t b) {
  if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 != 0 ? -1 : 1) : 0;
  Word result = 1, base = static_cast<Word>(a);
  for (; b > 0; b /= 2, base *= base)
    if (b % 2 != 0) result *= base;
  return static_cast<std::int32_t>(result);
}

#define FASTNN_INTEGERS(Name, value_of)                                                \
  struct Name {                                                                        \
    std::int32_t operator()(std::int32_t a, std::int32_t b) const { return value_of; } \
  };
FASTNN_INTEGERS(Added, wrapped(std::int64_t{a} + b))
FASTNN_INTEGERS(Subtracted, wrapped(std::int64_t{a} - b))
FASTNN_INTEGERS(Multiplied, wrapped(std::int64_t{a} * b))
FASTNN_INTEGERS(DividedDown, quotient_down(a, b))
FASTNN_INTEGERS(LeftOver, b == 0 ? 0 : wrapped(a - std::int64_t{quotient_down(a, b)} * b))
FASTNN_INTEGERS(Raised, whole_power(a, b))
FASTNN_INTEGERS(Larger, a > b ? a : b)
FASTNN_INTEGERS(Smaller, a < b ? a : b)
#undef FASTNN_INTEGERS

// d = dy * (derivative with respect to a or to b).
template <class F>
void run_of_gradient(const Operand& a, const Operand& b, bool of_a, const Real* dy, Real* d, Index count) {
  for_each(count, [&](Index i, Index n) {
    const Packet left = a.at(i, n), right = b.at(i, n);
    store_n(d + i, mul(load_n(dy + i, n), of_a ? F::slope_a(left, right) : F::slope_b(left, right)), n);
  });
}

template <class T>
void choose(const Loops<3>& loops, Index rows, const bool* condition, const T* a, const T* b, T* y) {
  const Index sc = loops.step(0), sa = loops.step(1), sb = loops.step(2);
  walk_all(loops, rows, 1.0, [&](const std::array<Index, 3>& at, Index first, Index count) {
    const bool* c = condition + at[0];
    const T *left = a + at[1], *right = b + at[2];
    T* to = y + first;
    if (sc == 1 && sa == 1 && sb == 1)
      for (Index i = 0; i < count; ++i) to[i] = c[i] ? left[i] : right[i];
    else
      for (Index i = 0; i < count; ++i) to[i] = c[i * sc] ? left[i * sa] : right[i * sb];
  });
}

template <class From, class To>
To converted(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_same_v<From, Real> && std::is_same_v<To, std::int32_t>) {
    if (!(x > -2147483648.0_r)) return x == x ? std::numeric_limits<std::int32_t>::min() : 0;
    return x < 2147483648.0_r ? static_cast<std::int32_t>(x) : std::numeric_limits<std::int32_t>::max();
  } else {
    return static_cast<To>(x);
  }
}

template <class Visit>
void visit_type(DType dtype, Visit&& visit) {
  switch (dtype) {
    case DType::real:
      return visit(Real{});
    case DType::int32:
      return visit(std::int32_t{});
    case DType::boolean:
      return visit(bool{});
    case DType::int8:
    case DType::bfloat16:
      return;  // no edge has it
  }
}

}  // namespace

void unary_float(Unary op, const Real* x, Real* y, Index count) {
  visit_unary(op, [&](auto f, auto) {
    for_each(count, [&](Index i, Index n) { store_n(y + i, f.value(load_n(x + i, n)), n); });
  });
}

void unary_int(Unary op, const std::int32_t* x, std::int32_t* y, Index count) {
  for (Index i = 0; i < count; ++i) {
    const std::int64_t v = x[i];
    y[i] = wrapped(op == Unary::negative ? -v
                   : op == Unary::abs    ? (v < 0 ? -v : v)
                   : op == Unary::square ? v * v
                                         : (v > 0) - (v < 0));
  }
}

void unary_test(Unary op, const Real* x, bool* y, Index count) {
  for (Index i = 0; i < count; ++i) {
    const Real size = std::fabs(x[i]);
    y[i] = op == Unary::isnan ? size != size : op == Unary::isinf ? size == kInfinity : size < kInfinity;
  }
}

void logical_not(const bool* x, bool* y, Index count) {
  for (Index i = 0; i < count; ++i) y[i] = !x[i];
}

void unary_gradient(Unary op, const Real* x, const Real* y, const Real* dy, Real* dx, Index count) {
  visit_unary(op, [&](auto f, auto reads) {
    constexpr Reads kReads = decltype(reads)::value;
    const Real* from = kReads == Reads::input ? x : kReads == Reads::output ? y : dy;
    for_each(count,
             [&](Index i, Index n) { store_n(dx + i, mul(load_n(dy + i, n), f.slope(load_n(from + i, n))), n); });
  });
}

void binary_float(Binary op, const Loops<2>& loops, Index rows, const Real* a, const Real* b, Real* y) {
  visit_binary(op,
               [&](auto f, auto) { each_run<Real, Real>(loops, rows, cost(op), a, b, y, run_of_floats<decltype(f)>); });
}

void binary_gradient(Binary op, int which, const Loops<2>& loops, Index rows, const Real* a, const Real* b,
                     const Real* dy, Real* d) {
  const Index step_a = loops.step(0), step_b = loops.step(1);
  void (*run)(const Operand&, const Operand&, bool, const Real*, Real*, Index) = nullptr;
  bool constant = false;
  visit_binary(op, [&](auto f, auto reads) {
    run = run_of_gradient<decltype(f)>;
    constant = decltype(reads)::value != Reads::input;
  });
  // Where the derivative reads no operand, a zero stands for both.
  const Real zero = 0.0_r;
  walk_all(loops, rows, cost(op), [&](const std::array<Index, 2>& at, Index first, Index count) {
    const Operand left(constant ? &zero : a + at[0], constant ? 0 : step_a);
    const Operand right(constant ? &zero : b + at[1], constant ? 0 : step_b);
    run(left, right, which == 0, dy + first, d + first, count);
  });
}

void binary_int(Binary op, const Loops<2>& loops, Index rows, const std::int32_t* a, const std::int32_t* b,
                std::int32_t* y) {
  using T = std::int32_t;
  Run<T, T> run = nullptr;
  const auto choose = [&](auto f) { run = run_of_elements<decltype(f), T, T>; };
  switch (op) {
    case Binary::add:
      choose(Added{});
      break;
    case Binary::subtract:
      choose(Subtracted{});
      break;
    case Binary::multiply:
      choose(Multiplied{});
      break;
    case Binary::floor_divide:
      choose(DividedDown{});
      break;
    case Binary::mod:
      choose(LeftOver{});
      break;
    case Binary::power:
      choose(Raised{});
      break;
    case Binary::maximum:
      choose(Larger{});
      break;
    case Binary::minimum:
      choose(Smaller{});
      break;
    default:
      assert(false);
      return;
  }
  each_run<T, T>(loops, rows, 1.0, a, b, y, run);
}

void compare_float(Binary op, const Loops<2>& loops, Index rows, const Real* a, const Real* b, bool* y) {
  compare(op, loops, rows, a, b, y);
}
void compare_int(Binary op, const Loops<2>& loops, Index rows, const std::int32_t* a, const std::int32_t* b, bool* y) {
  compare(op, loops, rows, a, b, y);
}
void binary_bool(Binary op, const Loops<2>& loops, Index rows, const bool* a, const bool* b, bool* y) {
  switch (op) {
    case Binary::logical_and:
      return each_element<std::logical_and<bool>>(loops, rows, a, b, y);
    case Binary::logical_or:
      return each_element<std::logical_or<bool>>(loops, rows, a, b, y);
    case Binary::logical_xor:
      return each_element<std::not_equal_to<bool>>(loops, rows, a, b, y);
    default:
      return compare(op, loops, rows, a, b, y);
  }
}

void where_float(const Loops<3>& loops, Index rows, const bool* condition, const Real* a, const Real* b, Real* y) {
  choose(loops, rows, condition, a, b, y);
}
void where_int(const Loops<3>& loops, Index rows, const bool* condition, const std::int32_t* a, const std::int32_t* b,
               std::int32_t* y) {
  choose(loops, rows, condition, a, b, y);
}
void where_bool(const Loops<3>& loops, Index rows, const bool* condition, const bool* a, const bool* b, bool* y) {
  choose(loops, rows, condition, a, b, y);
}

void where_gradient(const Loops<3>& loops, Index rows, bool wanted, const bool* condition, const Real* dy, Real* d) {
  const Index step = loops.step(0);
  walk_all(loops, rows, 1.0, [&](const std::array<Index, 3>& at, Index first, Index count) {
    const bool* c = condition + at[0];
    for (Index i = 0; i < count; ++i) d[first + i] = c[i * step] == wanted ? dy[first + i] : 0.0_r;
  });
}

void clip_float(Real low, Real high, const Real* x, Real* y, Index count) {
  const Packet bottom = set1(low), top = set1(high);
  for_each(count, [&](Index i, Index n) { store_n(y + i, min(max(load_n(x + i, n), bottom), top), n); });
}
void clip_int(Real low, Real high, const std::int32_t* x, std::int32_t* y, Index count) {
  const auto bottom = converted<Real, std::int32_t>(low), top = converted<Real, std::int32_t>(high);
  for (Index i = 0; i < count; ++i) y[i] = std::min(std::max(x[i], bottom), top);
}
void clip_gradient(Real low, Real high, const Real* x, const Real* dy, Real* dx, Index count) {
  const Packet bottom = set1(low), top = set1(high);
  for_each(count, [&](Index i, Index n) {
    const Packet v = load_n(x + i, n);
    store_n(dx + i, select(either(less(v, bottom), less(top, v)), zero(), load_n(dy + i, n)), n);
  });
}

void cast(DType from, const void* x, DType to, void* y, Index count) {
  visit_type(from, [&](auto source) {
    visit_type(to, [&](auto target) {
      using From = decltype(source);
      using To = decltype(target);
      const auto* in = static_cast<const From*>(x);
      auto* out = static_cast<To*>(y);
      for (Index i = 0; i < count; ++i) out[i] = converted<From, To>(in[i]);
    });
  });
}

void scale(Real factor, Real* x, Index count) {
  const Packet by = set1(factor);
  for_each(count, [&](Index i, Index n) { store_n(x + i, mul(load_n(x + i, n), by), n); });
}

}  // namespace fastnn::kernels
