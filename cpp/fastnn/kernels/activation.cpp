// Elementwise activations. Each is a small struct with its value and its derivative for one packet; activate() and
// activate_backward() choose the struct once and sweep the array. Single-threaded: the caller cuts the array.
#include "fastnn/kernels/activation.hpp"

#include <cassert>
#include <utility>

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;
using Parameters = ActivationParameters;

constexpr Real kSeluScale = 1.05070098735548049_r, kSeluAlpha = 1.67326324235437728_r;
constexpr Real kRootHalf = 0.70710678118654752_r, kRootTwoOverPi = 0.79788456080286536_r;
constexpr Real kInverseRootTwoPi = 0.39894228040143268_r, kGeluCubic = 0.044715_r;
constexpr Real kLowest = std::numeric_limits<Real>::lowest();

inline Packet positive(const Packet& x) { return less(zero(), x); }

// value(x): f(x). slope(v): f'(x), where v is the output if derivative_from_output(), else the input.
struct Linear {
  explicit Linear(const Parameters&) {}
  Packet value(const Packet& x) const { return x; }
  Packet slope(const Packet&) const { return one(); }
};

struct PlainRelu {
  explicit PlainRelu(const Parameters&) {}
  Packet value(const Packet& x) const { return max(x, zero()); }
  Packet slope(const Packet& y) const { return select(positive(y), one(), zero()); }
};

// Above the threshold x, capped; up to it a line through the threshold. With threshold >= 0 the sign of the output says
// which.
struct Relu {
  explicit Relu(const Parameters& p)
      : threshold_(set1(p.threshold)), negative_slope_(set1(p.negative_slope)), max_value_(set1(p.max_value)) {}
  Packet value(const Packet& x) const {
    const Packet below = mul(negative_slope_, sub(x, threshold_));
    const Packet flat = equal(negative_slope_, zero());
    const Packet low = select(both(flat, less(x, threshold_)), zero(), below);  // not 0 * -inf
    return select(less(threshold_, x), min(x, max_value_), low);
  }
  Packet slope(const Packet& y) const {
    const Packet above = select(less(y, max_value_), one(), zero());
    return select(positive(y), above, negative_slope_);
  }
  Packet threshold_, negative_slope_, max_value_;
};

struct LeakyRelu {
  explicit LeakyRelu(const Parameters& p) : negative_slope_(set1(p.negative_slope)) {}
  Packet value(const Packet& x) const { return select(positive(x), x, mul(negative_slope_, x)); }
  Packet slope(const Packet& y) const { return select(positive(y), one(), negative_slope_); }
  Packet negative_slope_;
};

struct Relu6 {
  explicit Relu6(const Parameters&) {}
  Packet value(const Packet& x) const { return clamp(x, 0.0_r, 6.0_r); }
  Packet slope(const Packet& y) const { return select(both(positive(y), less(y, set1(6.0_r))), one(), zero()); }
};

struct HardSigmoid {
  explicit HardSigmoid(const Parameters&) {}
  Packet value(const Packet& x) const { return mul(clamp(add(x, set1(3.0_r)), 0.0_r, 6.0_r), set1(1.0_r / 6.0_r)); }
  Packet slope(const Packet& y) const { return select(both(positive(y), less(y, one())), set1(1.0_r / 6.0_r), zero()); }
};

struct Sigmoid {
  explicit Sigmoid(const Parameters&) {}
  Packet value(const Packet& x) const { return sigmoid(x); }
  Packet slope(const Packet& y) const { return mul(y, sub(one(), y)); }
};

struct Tanh {
  explicit Tanh(const Parameters&) {}
  Packet value(const Packet& x) const { return packet::tanh(x); }
  Packet slope(const Packet& y) const { return sub(one(), mul(y, y)); }
};

struct Elu {
  explicit Elu(const Parameters& p) : alpha_(set1(p.alpha)) {}
  Packet value(const Packet& x) const { return select(positive(x), x, mul(alpha_, packet::expm1(min(x, zero())))); }
  Packet slope(const Packet& y) const { return select(positive(y), one(), add(y, alpha_)); }
  Packet alpha_;
};

struct Selu {
  explicit Selu(const Parameters&) {}
  Packet value(const Packet& x) const {
    const Packet low = mul(set1(kSeluScale * kSeluAlpha), packet::expm1(min(x, zero())));
    return select(positive(x), mul(set1(kSeluScale), x), low);
  }
  Packet slope(const Packet& y) const {
    return select(positive(y), set1(kSeluScale), add(y, set1(kSeluScale * kSeluAlpha)));
  }
};

struct Softplus {
  explicit Softplus(const Parameters&) {}
  Packet value(const Packet& x) const { return softplus(x); }
  Packet slope(const Packet& y) const { return negate(packet::expm1(negate(y))); }  // sigmoid(x) = 1 - exp(-y)
};

struct Softsign {
  explicit Softsign(const Parameters&) {}
  Packet value(const Packet& x) const {
    const Packet a = clamp(x, kLowest, -kLowest);
    return div(a, add(one(), abs(a)));
  }
  Packet slope(const Packet& y) const {  // 1 - |y| = 1 / (1 + |x|)
    const Packet rest = sub(one(), abs(y));
    return mul(rest, rest);
  }
};

struct Exponential {
  explicit Exponential(const Parameters&) {}
  Packet value(const Packet& x) const { return packet::exp(x); }
  Packet slope(const Packet& y) const { return y; }
};

// Below, infinities are brought back to where 0 * infinity cannot come of them.
struct Silu {
  explicit Silu(const Parameters&) {}
  Packet value(const Packet& x) const { return mul(max(x, set1(kLowest)), sigmoid(x)); }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -120.0_r, 120.0_r), s = sigmoid(a);
    return mul(s, madd(a, sub(one(), s), one()));
  }
};

struct Gelu {
  explicit Gelu(const Parameters&) {}
  static Packet cumulative(const Packet& x) {
    return mul(set1(0.5_r), add(one(), packet::erf(mul(x, set1(kRootHalf)))));
  }
  Packet value(const Packet& x) const { return mul(max(x, set1(kLowest)), cumulative(x)); }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -20.0_r, 20.0_r);
    const Packet density = mul(set1(kInverseRootTwoPi), packet::exp(mul(set1(-0.5_r), mul(a, a))));
    return madd(a, density, cumulative(a));
  }
};

struct GeluTanh {
  explicit GeluTanh(const Parameters&) {}
  static Packet bend(const Packet& a) {  // a is clamped: its square is finite
    const Packet inner = madd(mul(set1(kGeluCubic), mul(a, a)), a, a);
    return packet::tanh(mul(set1(kRootTwoOverPi), inner));
  }
  Packet value(const Packet& x) const {
    const Packet half = mul(set1(0.5_r), add(one(), bend(clamp(x, -20.0_r, 20.0_r))));
    return mul(max(x, set1(kLowest)), half);
  }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -20.0_r, 20.0_r), t = bend(a);
    const Packet inner = mul(set1(kRootTwoOverPi), madd(set1(3.0_r * kGeluCubic), mul(a, a), one()));
    const Packet bent = mul(mul(set1(0.5_r), a), mul(sub(one(), mul(t, t)), inner));
    return madd(set1(0.5_r), add(one(), t), bent);
  }
};

// tanh(log(1 + e)) = (e^2 + 2e) / (e^2 + 2e + 2) with e = exp(x): no logarithm is needed.
struct Mish {
  explicit Mish(const Parameters&) {}
  static Packet gate(const Packet& e) {
    const Packet top = mul(e, add(e, set1(2.0_r)));
    return div(top, add(top, set1(2.0_r)));
  }
  Packet value(const Packet& x) const { return mul(max(x, set1(kLowest)), gate(packet::exp(min(x, set1(30.0_r))))); }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -120.0_r, 30.0_r), e = packet::exp(a), t = gate(e);
    const Packet s = div(e, add(one(), e));
    return madd(mul(a, s), sub(one(), mul(t, t)), t);
  }
};

struct Celu {
  explicit Celu(const Parameters& p) : alpha_(set1(p.alpha)) {}
  Packet value(const Packet& x) const {
    return select(positive(x), x, mul(alpha_, packet::expm1(div(min(x, zero()), alpha_))));
  }
  Packet slope(const Packet& y) const { return select(positive(y), one(), add(div(y, alpha_), one())); }
  Packet alpha_;
};

struct HardSilu {
  explicit HardSilu(const Parameters&) {}
  Packet value(const Packet& x) const {
    const Packet gate = mul(clamp(add(x, set1(3.0_r)), 0.0_r, 6.0_r), set1(1.0_r / 6.0_r));
    return mul(max(x, set1(kLowest)), gate);
  }
  Packet slope(const Packet& x) const {
    const Packet bent = madd(x, set1(1.0_r / 3.0_r), set1(0.5_r));
    return select(less(x, set1(-3.0_r)), zero(), select(less(set1(3.0_r), x), one(), bent));
  }
};

struct HardTanh {
  explicit HardTanh(const Parameters&) {}
  Packet value(const Packet& x) const { return clamp(x, -1.0_r, 1.0_r); }
  Packet slope(const Packet& y) const { return select(less(abs(y), one()), one(), zero()); }
};

struct HardShrink {
  explicit HardShrink(const Parameters& p) : threshold_(set1(p.threshold)) {}
  Packet value(const Packet& x) const { return select(within(x), zero(), x); }
  Packet slope(const Packet& x) const { return select(within(x), zero(), one()); }
  // |x| <= threshold, which NaN is not.
  Packet within(const Packet& x) const { return either(less(abs(x), threshold_), equal(abs(x), threshold_)); }
  Packet threshold_;
};

struct SoftShrink {
  explicit SoftShrink(const Parameters& p) : threshold_(set1(p.threshold)) {}
  Packet value(const Packet& x) const { return sub(x, min(max(x, negate(threshold_)), threshold_)); }
  Packet slope(const Packet& x) const { return select(less(threshold_, abs(x)), one(), zero()); }
  Packet threshold_;
};

struct TanhShrink {
  explicit TanhShrink(const Parameters&) {}
  // Near 0 from the series of x - tanh(x), whose difference would lose its digits.
  Packet value(const Packet& x) const {
    constexpr Real c[] = {
        1.0_r / 3.0_r,         -2.0_r / 15.0_r,          17.0_r / 315.0_r,          -62.0_r / 2835.0_r,
        1382.0_r / 155925.0_r, -21844.0_r / 6081075.0_r, 929569.0_r / 638512875.0_r};
    constexpr Real kNear = sizeof(Real) == sizeof(float) ? 0.5_r : 0.125_r;
    const Packet square = mul(x, x);
    const Packet series = mul(mul(x, square), polynomial(square, c));
    return select(less(abs(x), set1(kNear)), series, sub(x, packet::tanh(x)));
  }
  Packet slope(const Packet& x) const {
    const Packet t = packet::tanh(x);
    return mul(t, t);
  }
};

struct Threshold {
  explicit Threshold(const Parameters& p) : threshold_(set1(p.threshold)), value_(set1(p.value)) {}
  Packet low(const Packet& x) const { return either(less(x, threshold_), equal(x, threshold_)); }
  Packet value(const Packet& x) const { return select(low(x), value_, x); }
  Packet slope(const Packet& x) const { return select(low(x), zero(), one()); }
  Packet threshold_, value_;
};

// (x + sqrt(x^2 + b)) / 2; far below zero the sum loses its digits, so it is b / 2 over the difference.
struct Squareplus {
  explicit Squareplus(const Parameters& p) : b_(set1(p.b)) {}
  Packet root(const Packet& a) const { return packet::sqrt(madd(a, a, b_)); }
  Packet value(const Packet& x) const {
    const Packet sum = add(abs(x), root(clamp(x, -kFar, kFar)));
    const Packet below = div(mul(set1(0.5_r), b_), sum), above = mul(set1(0.5_r), sum);
    const Packet y = select(less(x, zero()), below, above);
    return select(less(set1(kFar), x), x, y);
  }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -kFar, kFar), r = root(a);
    const Packet bent = div(mul(set1(0.5_r), add(r, a)), r);
    return select(equal(r, zero()), set1(0.5_r), bent);
  }
  static constexpr Real kFar = 1e18_r;  // whose square is finite
  Packet b_;
};

struct SparsePlus {
  explicit SparsePlus(const Parameters&) {}
  Packet value(const Packet& x) const {
    const Packet a = clamp(x, -1.0_r, 1.0_r), up = add(a, one());
    return select(less(one(), x), x, mul(set1(0.25_r), mul(up, up)));
  }
  Packet slope(const Packet& x) const { return mul(set1(0.5_r), add(clamp(x, -1.0_r, 1.0_r), one())); }
};

struct SparseSigmoid {
  explicit SparseSigmoid(const Parameters&) {}
  Packet value(const Packet& x) const { return mul(set1(0.5_r), add(clamp(x, -1.0_r, 1.0_r), one())); }
  Packet slope(const Packet& y) const { return select(both(positive(y), less(y, one())), set1(0.5_r), zero()); }
};

struct LogSigmoid {
  explicit LogSigmoid(const Parameters&) {}
  Packet value(const Packet& x) const { return negate(softplus(negate(x))); }
  Packet slope(const Packet& y) const { return negate(packet::expm1(y)); }  // 1 - sigmoid(x)
};

// Calls visit with the struct of the activation.
template <class Visit>
void dispatch(Activation activation, const Parameters& p, Visit&& visit) {
  if (activation == Activation::relu && p.threshold == 0.0_r && p.negative_slope == 0.0_r && p.max_value == kInfinity)
    return visit(PlainRelu(p));
  switch (activation) {
#define FASTNN_CASE(name, Struct, source) \
  case Activation::name:                  \
    return visit(Struct(p));
    FASTNN_ACTIVATIONS(FASTNN_CASE)
#undef FASTNN_CASE
  }
  assert(false);
}

}  // namespace

void activate(Activation activation, const ActivationParameters& parameters, const Real* x, Real* y, Index count) {
  if (activation == Activation::linear && x == y) return;
  dispatch(activation, parameters, [&](const auto& f) {
    for_each(count, [&](Index i, Index n) { store_n(y + i, f.value(load_n(x + i, n)), n); });
  });
}

void activate_backward(Activation activation, const ActivationParameters& parameters, const Real* x, const Real* y,
                       const Real* dy, Real* dx, Index count) {
  if (activation == Activation::linear && dx == dy) return;
  const Real* source = derivative_from_output(activation) ? y : x;
  dispatch(activation, parameters, [&](const auto& f) {
    for_each(count,
             [&](Index i, Index n) { store_n(dx + i, mul(load_n(dy + i, n), f.slope(load_n(source + i, n))), n); });
  });
}

void glu(const Real* a, const Real* b, Real* y, Index count) {
  for_each(count, [&](Index i, Index n) { store_n(y + i, mul(load_n(a + i, n), sigmoid(load_n(b + i, n))), n); });
}

void glu_backward(const Real* a, const Real* b, const Real* dy, Real* da, Real* db, Index count) {
  for_each(count, [&](Index i, Index n) {
    const Packet gate = sigmoid(load_n(b + i, n)), up = mul(load_n(dy + i, n), gate);
    if (db != nullptr) store_n(db + i, mul(mul(up, load_n(a + i, n)), sub(one(), gate)), n);
    if (da != nullptr) store_n(da + i, up, n);
  });
}

void prelu(const Real* x, const Real* alpha, Index step, Real* y, Index count) {
  for_each(count, [&](Index i, Index n) {
    const Packet value = load_n(x + i, n), slope = step == 0 ? set1(*alpha) : load_n(alpha + i, n);
    store_n(y + i, select(positive(value), value, mul(slope, value)), n);
  });
}

void prelu_backward(const Real* x, const Real* alpha, Index step, const Real* dy, Real* dx, Real* dalpha, Index count) {
  if (dalpha != nullptr && step == 0)
    *dalpha += sum_over(count, [&](Index i, Index n) { return mul(load_n(dy + i, n), min(load_n(x + i, n), zero())); });
  for_each(count, [&](Index i, Index n) {
    const Packet value = load_n(x + i, n), up = load_n(dy + i, n);
    if (dalpha != nullptr && step == 1) store_n(dalpha + i, madd(up, min(value, zero()), load_n(dalpha + i, n)), n);
    if (dx == nullptr) return;
    const Packet slope = step == 0 ? set1(*alpha) : load_n(alpha + i, n);
    const Packet below = select(less(value, zero()), mul(up, slope), zero());
    store_n(dx + i, select(positive(value), up, below), n);
  });
}

}  // namespace fastnn::kernels
