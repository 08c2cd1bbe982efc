// Elementary functions of one number in double precision, for what is computed seldom and is wanted exact: rounded to float32
// they are right to the last place but for rare ties. Series of a few terms after a reduction of the argument, with no
// call of libm, whose last place differs between machines. sin, cos and tan hold this up to |x| = 1e6 and slowly lose
// digits beyond.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace fastnn::precise {

constexpr double kPi = 3.14159265358979323846;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

namespace detail {

constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer, left in the low bits

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

template <int N>
inline double polynomial(double x, const double (&c)[N]) {
  double sum = c[N - 1];
  for (int i = N - 2; i >= 0; --i) sum = sum * x + c[i];
  return sum;
}

// The remainder of x by pi / 2, in [-pi / 4, pi / 4], and how often it was taken away, modulo 4.
struct Quadrant {
  double rest;
  int turns;
};
inline Quadrant quadrant(double x) {
  const double shifted = x * (2.0 / kPi) + kMagic, turns = shifted - kMagic;
  double rest = x - turns * 1.5707963267341256;  // 33 bits of pi / 2, then the others
  rest -= turns * 6.077100506506192e-11;
  rest = rest < -1.0 ? -1.0 : rest > 1.0 ? 1.0 : rest;
  return {rest, static_cast<int>(bits(shifted) & 3)};
}
inline double sin_reduced(double r) {
  constexpr double c[] = {1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800};
  return r * polynomial(r * r, c);
}
inline double cos_reduced(double r) {
  constexpr double c[] = {1.0,         -1.0 / 2,       1.0 / 24,        -1.0 / 720,
                          1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200};
  return polynomial(r * r, c);
}

}  // namespace detail

inline double exp(double x) {
  using namespace detail;
  const double bounded = x < -200.0 ? -200.0 : x > 200.0 ? 200.0 : x;
  const double shifted = bounded * 1.4426950408889634 + kMagic, n = shifted - kMagic;
  const double r = (bounded - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
  constexpr double c[] = {1.0,       1.0,        1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,
                          1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800};
  return polynomial(r, c) * from_bits((bits(shifted) - bits(kMagic) + 1023) << 52);
}

/// Of a double that is no subnormal number (every float32 is none).
inline double log(double x) {
  using namespace detail;
  const std::int64_t offset = bits(x) - 0x3fe6a09e667f3bcd;  // sqrt(1/2)
  const std::int64_t e = offset >> 52;
  const double m = from_bits(bits(x) - static_cast<std::int64_t>(static_cast<std::uint64_t>(e) << 52));
  const double s = (m - 1.0) / (m + 1.0);
  constexpr double c[] = {2.0, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17};
  const double y = static_cast<double>(e) * 0.6931471805599453 + s * polynomial(s * s, c);
  if (x > 0.0 && x < kInfinity) return y;
  return x == 0.0 ? -kInfinity : x > 0.0 ? x : kNaN;
}

inline double sin(double x) {
  const auto [r, turns] = detail::quadrant(x);
  const double y = (turns & 1) != 0 ? detail::cos_reduced(r) : detail::sin_reduced(r);
  return (turns & 2) != 0 ? -y : y;
}

inline double cos(double x) {
  const auto [r, turns] = detail::quadrant(x);
  const double y = (turns & 1) != 0 ? detail::sin_reduced(r) : detail::cos_reduced(r);
  return ((turns + 1) & 2) != 0 ? -y : y;
}

inline double tan(double x) {
  const auto [r, turns] = detail::quadrant(x);
  const double s = detail::sin_reduced(r), c = detail::cos_reduced(r);
  return (turns & 1) != 0 ? -c / s : s / c;
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

/// The x at which erf is y. Fits made for the middle (in y^2) and for the tails (in sqrt(-log(1 - |y|))), within 1e-8 of it.
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
  if (a * a <= 0.5) return y * detail::polynomial(y * y, middle);
  if (!(a < 1.0)) return a == 1.0 ? std::copysign(kInfinity, y) : kNaN;
  return std::copysign(detail::polynomial(std::sqrt(-log(1.0 - a)) - 2.6, tail), y);
}

/// x to the power of y, with NumPy's meaning at zeros, infinities and negative x.
inline double power(double x, double y) {
  if (y == 0.0 || x == 1.0) return 1.0;
  if (x != x) return x;
  const double a = std::fabs(x), whole = std::floor(y);
  const bool odd = whole == y && std::fabs(y) < 9007199254740992.0 && std::fmod(y, 2.0) != 0.0;
  if (a == 0.0 || a == kInfinity) {
    if (y != y) return y;
    const double size = (a == 0.0) == (y > 0.0) ? 0.0 : kInfinity;
    return odd && std::signbit(x) ? -size : size;
  }
  if (y == kInfinity || y == -kInfinity) return a == 1.0 ? 1.0 : (a > 1.0) == (y > 0.0) ? kInfinity : 0.0;
  if (x < 0.0 && whole != y) return kNaN;
  // A whole power that is small is a few products: the square of a number is exact to the last place.
  if (y == 2.0) return x * x;
  const double size = exp(y * log(a));
  return odd && x < 0.0 ? -size : size;
}

}  // namespace fastnn::precise
