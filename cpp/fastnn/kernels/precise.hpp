// Elementary functions of one number in double precision, for functions that are rarely computed and must be accurate: rounded to float32
// they are correct to the last place except for rare ties. Series of a few terms after a reduction of the argument, with no
// call of libm, whose last place differs between machines. sin, cos and tan hold this up to |x| = 1e6 and slowly lose
// digits beyond. The most frequent ones are templates, for one double or for a register of them.
//
// Where a Real is a double that is not accurate enough: there the functions are those of the C library.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#if defined(FASTNN_REAL_IS_DOUBLE)
#include "fastnn/kernels/precise_double.hpp"
#endif

namespace fastnn::precise {

constexpr double kPi = 3.14159265358979323846;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

#if !defined(FASTNN_REAL_IS_DOUBLE)

/// A register of doubles; comparisons give integer masks of the same size.
#if defined(__AVX512F__)
#define FASTNN_REGISTER 64
#elif defined(__AVX__)
#define FASTNN_REGISTER 32
#else
#define FASTNN_REGISTER 16
#endif
typedef double Doubles __attribute__((vector_size(FASTNN_REGISTER)));
typedef std::int64_t Words __attribute__((vector_size(FASTNN_REGISTER)));
typedef std::uint64_t Naturals __attribute__((vector_size(FASTNN_REGISTER)));
typedef float Floats __attribute__((vector_size(FASTNN_REGISTER / 2)));
#undef FASTNN_REGISTER
constexpr int kDoubles = sizeof(Doubles) / sizeof(double);

namespace detail {

constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer, left in the low bits
constexpr std::int64_t kMagicBits = 0x4338000000000000;

inline std::int64_t bits(double x) {
  std::int64_t word;
  std::memcpy(&word, &x, sizeof word);
  return word;
}
inline double from_bits(std::int64_t word) {
  double x;
  std::memcpy(&x, &word, sizeof x);
  return x;
}
inline Words bits(const Doubles& x) { return (Words)x; }
inline Doubles from_bits(const Words& word) { return (Doubles)word; }

// The upper bits of a double: its sign and its exponent.
inline std::int64_t exponent_of(std::int64_t word) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(word) >> 52);
}
inline Words exponent_of(const Words& word) { return (Words)((Naturals)word >> 52); }

// Differences and shifts of words, which wrap around; of a vector they are the instructions of these names.
inline std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t to_exponent(std::int64_t word) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(word) << 52);
}
inline Words minus(const Words& a, const Words& b) { return (Words)((Naturals)a - (Naturals)b); }
inline Words minus(const Words& a, std::int64_t b) { return minus(a, Words{} + b); }
inline Words to_exponent(const Words& word) { return (Words)((Naturals)word << 52); }

inline double choose(bool mask, double yes, double no) { return mask ? yes : no; }
inline Doubles choose(const Words& mask, const Doubles& yes, const Doubles& no) {
  return (Doubles)(((Words)yes & mask) | ((Words)no & ~mask));
}
template <class D>
inline D all(double value) {
  return D{} + value;
}

template <class D, int N>
inline D polynomial(D x, const double (&c)[N]) {
  D sum = all<D>(c[N - 1]);
  for (int i = N - 2; i >= 0; --i) sum = sum * x + c[i];
  return sum;
}

// The remainder of x by pi / 2, in [-pi / 4, pi / 4], and (in the low bits) how often that was taken away.
template <class D>
struct Quadrant {
  explicit Quadrant(D x) {
    const D shifted = x * (2.0 / kPi) + kMagic, times = shifted - kMagic;
    rest = x - times * 1.5707963267341256;  // 33 bits of pi / 2, then the others
    rest -= times * 6.077100506506192e-11;
    rest = choose(rest < -1.0, all<D>(-1.0), rest);
    rest = choose(rest > 1.0, all<D>(1.0), rest);
    turns = bits(shifted);
    constexpr double s[] = {1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800};
    constexpr double c[] = {1.0,         -1.0 / 2,       1.0 / 24,        -1.0 / 720,
                            1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200};
    sin = rest * polynomial(rest * rest, s);
    cos = polynomial(rest * rest, c);
  }
  D rest, sin, cos;
  decltype(bits(D{})) turns;
};

}  // namespace detail

template <class D>
inline D exp(D x) {
  using namespace detail;
  const D low = choose(x < -200.0, all<D>(-200.0), x), bounded = choose(low > 200.0, all<D>(200.0), low);
  const D shifted = bounded * 1.4426950408889634 + kMagic, n = shifted - kMagic;
  const D r = (bounded - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
  constexpr double c[] = {1.0,       1.0,        1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,
                          1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800};
  return polynomial(r, c) * from_bits(to_exponent(minus(bits(shifted), kMagicBits - 1023)));
}

/// Of a double that is no subnormal number (every float32 is none).
template <class D>
inline D log(D x) {
  using namespace detail;
  // x = m 2^e with m in [sqrt(1/2), sqrt(2)). The exponent, moved up so that it is positive, becomes a double by its bits.
  constexpr std::int64_t kRootHalf = 0x3fe6a09e667f3bcd, kMoved = 1023, kTwoTo52 = 0x4330000000000000;
  const auto word = bits(x);
  const auto exponent = exponent_of(minus(word, kRootHalf - (kMoved << 52)));
  const D e = from_bits(exponent | kTwoTo52) - (4503599627370496.0 + 1023.0);
  const D m = from_bits(minus(word, to_exponent(minus(exponent, kMoved))));
  const D s = (m - 1.0) / (m + 1.0);
  constexpr double c[] = {2.0, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17};
  const D y = e * 0.6931471805599453 + s * polynomial(s * s, c);
  const D above = choose(x < kInfinity, y, x);  // infinity and NaN
  const D below = choose(x < 0.0, all<D>(kNaN), above);
  return choose(x == 0.0, all<D>(-kInfinity), below);
}

template <class D>
inline D sin(D x) {
  const detail::Quadrant<D> q(x);
  const D y = detail::choose((q.turns & 1) != 0, q.cos, q.sin);
  const D signed_y = detail::choose((q.turns & 2) != 0, -y, y);
  return detail::choose(x == 0.0, x, signed_y);
}

template <class D>
inline D cos(D x) {
  const detail::Quadrant<D> q(x);
  const D y = detail::choose((q.turns & 1) != 0, q.sin, q.cos);
  return detail::choose(((q.turns + 1) & 2) != 0, -y, y);
}

template <class D>
inline D tan(D x) {
  const detail::Quadrant<D> q(x);
  const auto odd = (q.turns & 1) != 0;
  const D y = detail::choose(odd, -q.cos, q.sin) / detail::choose(odd, q.sin, q.cos);
  return detail::choose(x == 0.0, x, y);
}

/// Of 0 <= x; beyond tan(pi / 8) the angle is counted from pi / 4.
inline double arctan_positive(double x) {
  const bool steep = x > 1.0;
  double t = steep ? 1.0 / x : x;
  const bool far = t > 0.41421356237309503;
  if (far) t = (t - 1.0) / (t + 1.0);
  constexpr double c[] = {1.0,       -1.0 / 3, 1.0 / 5,   -1.0 / 7, 1.0 / 9,   -1.0 / 11, 1.0 / 13,
                          -1.0 / 15, 1.0 / 17, -1.0 / 19, 1.0 / 21, -1.0 / 23, 1.0 / 25};
  double y = t * detail::polynomial(t * t, c);
  if (far) y += kPi / 4;
  return steep ? kPi / 2 - y : y;
}

inline double arctan(double x) { return std::copysign(arctan_positive(std::fabs(x)), x); }

/// The angle of the point (x, y); of infinite points as of their directions.
inline double arctan2(double y, double x) {
  const double a = std::fabs(y), b = std::fabs(x);
  double angle = a == b ? kPi / 4 : arctan_positive(a / b);
  if (a == 0.0) angle = b == b ? 0.0 : kNaN;
  if (std::signbit(x)) angle = kPi - angle;
  return std::copysign(angle, y);
}

inline double arcsin(double x) { return arctan2(x, std::sqrt((1.0 - x) * (1.0 + x))); }
inline double arccos(double x) { return arctan2(std::sqrt((1.0 - x) * (1.0 + x)), x); }

inline double sinh(double x) {
  constexpr double c[] = {1.0, 1.0 / 6, 1.0 / 120, 1.0 / 5040};
  if (std::fabs(x) < 0.01) return x * detail::polynomial(x * x, c);
  const double e = exp(x);
  return 0.5 * (e - 1.0 / e);
}
inline double cosh(double x) {
  const double e = exp(x);
  return 0.5 * (e + 1.0 / e);
}

inline double arcsinh(double x) {
  constexpr double c[] = {1.0, -1.0 / 6, 3.0 / 40, -15.0 / 336};
  if (std::fabs(x) < 0.01) return x * detail::polynomial(x * x, c);
  const double a = std::fabs(x);
  return std::copysign(log(a + std::sqrt(a * a + 1.0)), x);
}
inline double arccosh(double x) { return x < 1.0 ? kNaN : log(x + std::sqrt((x - 1.0) * (x + 1.0))); }
inline double arctanh(double x) {
  constexpr double c[] = {1.0, 1.0 / 3, 1.0 / 5, 1.0 / 7};
  if (std::fabs(x) < 0.01) return x * detail::polynomial(x * x, c);
  return 0.5 * log((1.0 + x) / (1.0 - x));
}

#endif

/// c[0] + c[1] x + c[2] x^2 + ...
template <int N>
inline double series(double x, const double (&c)[N]) {
  double sum = c[N - 1];
  for (int i = N - 2; i >= 0; --i) sum = sum * x + c[i];
  return sum;
}

/// The x at which erf is y. Fits made for the middle (in y^2) and for the tails (in sqrt(-log(1 - |y|))), within 1e-8 of it;
/// for doubles steps of Newton's method follow, on the side of erfc where erf is near 1.
inline double erfinv(double y) {
  constexpr double middle[] = {0.8862269255977329,  0.2320135981453444,   0.1275614839484668,  0.08639235179619792,
                               0.06740663242174723, 0.030103946539122118, 0.16015131450879927, -0.36247769731730156,
                               0.8684541064089549,  -0.9784799603832216,  0.580858899790432};
  constexpr double tail[] = {2.297196467538711,       1.0460153156099625,     -0.005009921634329621,
                             -0.0009722886360169665,  0.001056965566611201,   -0.000555414829479794,
                             0.00023973924014133319,  -9.214255702692182e-05, 3.109412236184917e-05,
                             -1.0321056128566101e-05, 4.219552823795066e-06,  -1.3211928803169775e-06,
                             7.089394771993948e-08,   4.4478096045258486e-08};
  const double a = std::fabs(y);
  if (!(a < 1.0)) return a == 1.0 ? std::copysign(kInfinity, y) : kNaN;
  const bool near = a * a <= 0.5;
  double x = near ? a * series(a * a, middle) : series(std::sqrt(-log(1.0 - a)) - 2.6, tail);
#if defined(FASTNN_REAL_IS_DOUBLE)
  for (int step = 0; step < 3; ++step) x -= step_of_erfinv(x, a, near);
#endif
  return std::copysign(x, y);
}

#if !defined(FASTNN_REAL_IS_DOUBLE)
/// x to the power of y, with NumPy's meaning at zeros, infinities and negative x; `size` is exp(y * log(|x|)).
inline double power(double x, double y, double size) {
  if (y == 0.0 || x == 1.0) return 1.0;
  if (x != x) return x;
  const double a = std::fabs(x);
  const bool whole = std::floor(y) == y, odd = whole && std::fabs(y) < 9007199254740992.0 && std::fmod(y, 2.0) != 0.0;
  if (a == 0.0 || a == kInfinity) {
    if (y != y) return y;
    size = (a == 0.0) == (y > 0.0) ? 0.0 : kInfinity;
    return odd && std::signbit(x) ? -size : size;
  }
  if (y == kInfinity || y == -kInfinity) return a == 1.0 ? 1.0 : (a > 1.0) == (y > 0.0) ? kInfinity : 0.0;
  if (x < 0.0 && !whole) return kNaN;
  return odd && x < 0.0 ? -size : size;
}
#endif

}  // namespace fastnn::precise
