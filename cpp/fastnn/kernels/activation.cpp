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

constexpr float kSeluScale = 1.05070098735548049f, kSeluAlpha = 1.67326324235437728f;
constexpr float kRootHalf = 0.70710678118654752f, kRootTwoOverPi = 0.79788456080286536f;
constexpr float kInverseRootTwoPi = 0.39894228040143268f, kGeluCubic = 0.044715f;
constexpr float kLowest = std::numeric_limits<float>::lowest();

inline Packet one() { return set1(1.0f); }
inline Packet positive(const Packet& x) { return less(zero(), x); }

// value(x): f(x). slope(v): f'(x), where v is the output if kFromOutput and the input if not.
struct Linear {
  static constexpr bool kFromOutput = true;
  explicit Linear(const Parameters&) {}
  Packet value(const Packet& x) const { return x; }
  Packet slope(const Packet&) const { return one(); }
};

struct PlainRelu {
  static constexpr bool kFromOutput = true;
  explicit PlainRelu(const Parameters&) {}
  Packet value(const Packet& x) const { return max(x, zero()); }
  Packet slope(const Packet& y) const { return select(positive(y), one(), zero()); }
};

// Above the threshold x, capped; up to it a line through the threshold. With threshold >= 0 the sign of the output says
// which.
struct Relu {
  static constexpr bool kFromOutput = true;
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
  static constexpr bool kFromOutput = true;
  explicit LeakyRelu(const Parameters& p) : negative_slope_(set1(p.negative_slope)) {}
  Packet value(const Packet& x) const { return select(positive(x), x, mul(negative_slope_, x)); }
  Packet slope(const Packet& y) const { return select(positive(y), one(), negative_slope_); }
  Packet negative_slope_;
};

struct Relu6 {
  static constexpr bool kFromOutput = true;
  explicit Relu6(const Parameters&) {}
  Packet value(const Packet& x) const { return clamp(x, 0.0f, 6.0f); }
  Packet slope(const Packet& y) const { return select(both(positive(y), less(y, set1(6.0f))), one(), zero()); }
};

struct HardSigmoid {
  static constexpr bool kFromOutput = true;
  explicit HardSigmoid(const Parameters&) {}
  Packet value(const Packet& x) const { return mul(clamp(add(x, set1(3.0f)), 0.0f, 6.0f), set1(1.0f / 6.0f)); }
  Packet slope(const Packet& y) const { return select(both(positive(y), less(y, one())), set1(1.0f / 6.0f), zero()); }
};

struct Sigmoid {
  static constexpr bool kFromOutput = true;
  explicit Sigmoid(const Parameters&) {}
  Packet value(const Packet& x) const { return sigmoid(x); }
  Packet slope(const Packet& y) const { return mul(y, sub(one(), y)); }
};

struct Tanh {
  static constexpr bool kFromOutput = true;
  explicit Tanh(const Parameters&) {}
  Packet value(const Packet& x) const { return packet::tanh(x); }
  Packet slope(const Packet& y) const { return sub(one(), mul(y, y)); }
};

struct Elu {
  static constexpr bool kFromOutput = true;
  explicit Elu(const Parameters& p) : alpha_(set1(p.alpha)) {}
  Packet value(const Packet& x) const { return select(positive(x), x, mul(alpha_, packet::expm1(min(x, zero())))); }
  Packet slope(const Packet& y) const { return select(positive(y), one(), add(y, alpha_)); }
  Packet alpha_;
};

struct Selu {
  static constexpr bool kFromOutput = true;
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
  static constexpr bool kFromOutput = true;
  explicit Softplus(const Parameters&) {}
  Packet value(const Packet& x) const { return softplus(x); }
  Packet slope(const Packet& y) const { return negate(packet::expm1(negate(y))); }  // sigmoid(x) = 1 - exp(-y)
};

struct Softsign {
  static constexpr bool kFromOutput = true;
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
  static constexpr bool kFromOutput = true;
  explicit Exponential(const Parameters&) {}
  Packet value(const Packet& x) const { return packet::exp(x); }
  Packet slope(const Packet& y) const { return y; }
};

// Below, infinities are brought back to where 0 * infinity cannot come of them.
struct Silu {
  static constexpr bool kFromOutput = false;
  explicit Silu(const Parameters&) {}
  Packet value(const Packet& x) const { return mul(max(x, set1(kLowest)), sigmoid(x)); }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -120.0f, 120.0f), s = sigmoid(a);
    return mul(s, madd(a, sub(one(), s), one()));
  }
};

struct Gelu {
  static constexpr bool kFromOutput = false;
  explicit Gelu(const Parameters&) {}
  static Packet cumulative(const Packet& x) {
    return mul(set1(0.5f), add(one(), packet::erf(mul(x, set1(kRootHalf)))));
  }
  Packet value(const Packet& x) const { return mul(max(x, set1(kLowest)), cumulative(x)); }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -20.0f, 20.0f);
    const Packet density = mul(set1(kInverseRootTwoPi), packet::exp(mul(set1(-0.5f), mul(a, a))));
    return madd(a, density, cumulative(a));
  }
};

struct GeluTanh {
  static constexpr bool kFromOutput = false;
  explicit GeluTanh(const Parameters&) {}
  static Packet bend(const Packet& a) {  // a is clamped: its square is finite
    const Packet inner = madd(mul(set1(kGeluCubic), mul(a, a)), a, a);
    return packet::tanh(mul(set1(kRootTwoOverPi), inner));
  }
  Packet value(const Packet& x) const {
    const Packet half = mul(set1(0.5f), add(one(), bend(clamp(x, -20.0f, 20.0f))));
    return mul(max(x, set1(kLowest)), half);
  }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -20.0f, 20.0f), t = bend(a);
    const Packet inner = mul(set1(kRootTwoOverPi), madd(set1(3.0f * kGeluCubic), mul(a, a), one()));
    const Packet bent = mul(mul(set1(0.5f), a), mul(sub(one(), mul(t, t)), inner));
    return madd(set1(0.5f), add(one(), t), bent);
  }
};

// tanh(log(1 + e)) = (e^2 + 2e) / (e^2 + 2e + 2) with e = exp(x): no logarithm is needed.
struct Mish {
  static constexpr bool kFromOutput = false;
  explicit Mish(const Parameters&) {}
  static Packet gate(const Packet& e) {
    const Packet top = mul(e, add(e, set1(2.0f)));
    return div(top, add(top, set1(2.0f)));
  }
  Packet value(const Packet& x) const { return mul(max(x, set1(kLowest)), gate(packet::exp(min(x, set1(30.0f))))); }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -120.0f, 30.0f), e = packet::exp(a), t = gate(e);
    const Packet s = div(e, add(one(), e));
    return madd(mul(a, s), sub(one(), mul(t, t)), t);
  }
};

struct Celu {
  static constexpr bool kFromOutput = true;
  explicit Celu(const Parameters& p) : alpha_(set1(p.alpha)) {}
  Packet value(const Packet& x) const {
    return select(positive(x), x, mul(alpha_, packet::expm1(div(min(x, zero()), alpha_))));
  }
  Packet slope(const Packet& y) const { return select(positive(y), one(), add(div(y, alpha_), one())); }
  Packet alpha_;
};

struct HardSilu {
  static constexpr bool kFromOutput = false;
  explicit HardSilu(const Parameters&) {}
  Packet value(const Packet& x) const {
    const Packet gate = mul(clamp(add(x, set1(3.0f)), 0.0f, 6.0f), set1(1.0f / 6.0f));
    return mul(max(x, set1(kLowest)), gate);
  }
  Packet slope(const Packet& x) const {
    const Packet bent = madd(x, set1(1.0f / 3.0f), set1(0.5f));
    return select(less(x, set1(-3.0f)), zero(), select(less(set1(3.0f), x), one(), bent));
  }
};

struct HardTanh {
  static constexpr bool kFromOutput = true;
  explicit HardTanh(const Parameters&) {}
  Packet value(const Packet& x) const { return clamp(x, -1.0f, 1.0f); }
  Packet slope(const Packet& y) const { return select(less(abs(y), one()), one(), zero()); }
};

struct HardShrink {
  static constexpr bool kFromOutput = false;
  explicit HardShrink(const Parameters& p) : threshold_(set1(p.threshold)) {}
  Packet value(const Packet& x) const { return select(within(x), zero(), x); }
  Packet slope(const Packet& x) const { return select(within(x), zero(), one()); }
  // |x| <= threshold, which NaN is not.
  Packet within(const Packet& x) const { return either(less(abs(x), threshold_), equal(abs(x), threshold_)); }
  Packet threshold_;
};

struct SoftShrink {
  static constexpr bool kFromOutput = false;
  explicit SoftShrink(const Parameters& p) : threshold_(set1(p.threshold)) {}
  Packet value(const Packet& x) const { return sub(x, min(max(x, negate(threshold_)), threshold_)); }
  Packet slope(const Packet& x) const { return select(less(threshold_, abs(x)), one(), zero()); }
  Packet threshold_;
};

struct TanhShrink {
  static constexpr bool kFromOutput = false;
  explicit TanhShrink(const Parameters&) {}
  // Up to 1/2 from the series of x - tanh(x), whose difference would lose its digits.
  Packet value(const Packet& x) const {
    constexpr float c[] = {1.0f / 3.0f,         -2.0f / 15.0f,          17.0f / 315.0f,          -62.0f / 2835.0f,
                           1382.0f / 155925.0f, -21844.0f / 6081075.0f, 929569.0f / 638512875.0f};
    const Packet square = mul(x, x);
    const Packet series = mul(mul(x, square), polynomial(square, c));
    return select(less(abs(x), set1(0.5f)), series, sub(x, packet::tanh(x)));
  }
  Packet slope(const Packet& x) const {
    const Packet t = packet::tanh(x);
    return mul(t, t);
  }
};

struct Threshold {
  static constexpr bool kFromOutput = false;
  explicit Threshold(const Parameters& p) : threshold_(set1(p.threshold)), value_(set1(p.value)) {}
  Packet low(const Packet& x) const { return either(less(x, threshold_), equal(x, threshold_)); }
  Packet value(const Packet& x) const { return select(low(x), value_, x); }
  Packet slope(const Packet& x) const { return select(low(x), zero(), one()); }
  Packet threshold_, value_;
};

// (x + sqrt(x^2 + b)) / 2; far below zero the sum loses its digits, so it is b / 2 over the difference.
struct Squareplus {
  static constexpr bool kFromOutput = false;
  explicit Squareplus(const Parameters& p) : b_(set1(p.b)) {}
  Packet root(const Packet& a) const { return packet::sqrt(madd(a, a, b_)); }
  Packet value(const Packet& x) const {
    const Packet sum = add(abs(x), root(clamp(x, -kFar, kFar)));
    const Packet below = div(mul(set1(0.5f), b_), sum), above = mul(set1(0.5f), sum);
    const Packet y = select(less(x, zero()), below, above);
    return select(less(set1(kFar), x), x, y);
  }
  Packet slope(const Packet& x) const {
    const Packet a = clamp(x, -kFar, kFar), r = root(a);
    const Packet bent = div(mul(set1(0.5f), add(r, a)), r);
    return select(equal(r, zero()), set1(0.5f), bent);
  }
  static constexpr float kFar = 1e18f;  // whose square is finite
  Packet b_;
};

struct SparsePlus {
  static constexpr bool kFromOutput = false;
  explicit SparsePlus(const Parameters&) {}
  Packet value(const Packet& x) const {
    const Packet a = clamp(x, -1.0f, 1.0f), up = add(a, one());
    return select(less(one(), x), x, mul(set1(0.25f), mul(up, up)));
  }
  Packet slope(const Packet& x) const { return mul(set1(0.5f), add(clamp(x, -1.0f, 1.0f), one())); }
};

struct SparseSigmoid {
  static constexpr bool kFromOutput = true;
  explicit SparseSigmoid(const Parameters&) {}
  Packet value(const Packet& x) const { return mul(set1(0.5f), add(clamp(x, -1.0f, 1.0f), one())); }
  Packet slope(const Packet& y) const { return select(both(positive(y), less(y, one())), set1(0.5f), zero()); }
};

struct LogSigmoid {
  static constexpr bool kFromOutput = true;
  explicit LogSigmoid(const Parameters&) {}
  Packet value(const Packet& x) const { return negate(softplus(negate(x))); }
  Packet slope(const Packet& y) const { return negate(packet::expm1(y)); }  // 1 - sigmoid(x)
};

// Calls visit with the struct of the activation.
template <class Visit>
void dispatch(Activation activation, const Parameters& p, Visit&& visit) {
  switch (activation) {
    case Activation::linear:
      return visit(Linear(p));
    case Activation::relu:
      if (p.threshold == 0.0f && p.negative_slope == 0.0f && p.max_value == kInfinity) return visit(PlainRelu(p));
      return visit(Relu(p));
    case Activation::sigmoid:
      return visit(Sigmoid(p));
    case Activation::tanh:
      return visit(Tanh(p));
    case Activation::elu:
      return visit(Elu(p));
    case Activation::selu:
      return visit(Selu(p));
    case Activation::softplus:
      return visit(Softplus(p));
    case Activation::softsign:
      return visit(Softsign(p));
    case Activation::exponential:
      return visit(Exponential(p));
    case Activation::leaky_relu:
      return visit(LeakyRelu(p));
    case Activation::relu6:
      return visit(Relu6(p));
    case Activation::hard_sigmoid:
      return visit(HardSigmoid(p));
    case Activation::silu:
      return visit(Silu(p));
    case Activation::gelu:
      return visit(Gelu(p));
    case Activation::gelu_tanh:
      return visit(GeluTanh(p));
    case Activation::mish:
      return visit(Mish(p));
    case Activation::celu:
      return visit(Celu(p));
    case Activation::hard_silu:
      return visit(HardSilu(p));
    case Activation::hard_tanh:
      return visit(HardTanh(p));
    case Activation::hard_shrink:
      return visit(HardShrink(p));
    case Activation::soft_shrink:
      return visit(SoftShrink(p));
    case Activation::tanh_shrink:
      return visit(TanhShrink(p));
    case Activation::threshold:
      return visit(Threshold(p));
    case Activation::squareplus:
      return visit(Squareplus(p));
    case Activation::sparse_plus:
      return visit(SparsePlus(p));
    case Activation::sparse_sigmoid:
      return visit(SparseSigmoid(p));
    case Activation::log_sigmoid:
      return visit(LogSigmoid(p));
  }
  assert(false);
}

constexpr std::pair<const char*, Activation> kNames[] = {
    {"linear", Activation::linear},
    {"relu", Activation::relu},
    {"sigmoid", Activation::sigmoid},
    {"tanh", Activation::tanh},
    {"elu", Activation::elu},
    {"selu", Activation::selu},
    {"softplus", Activation::softplus},
    {"softsign", Activation::softsign},
    {"exponential", Activation::exponential},
    {"leaky_relu", Activation::leaky_relu},
    {"relu6", Activation::relu6},
    {"hard_sigmoid", Activation::hard_sigmoid},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"gelu", Activation::gelu},
    {"gelu_tanh", Activation::gelu_tanh},
    {"mish", Activation::mish},
    {"celu", Activation::celu},
    {"hard_silu", Activation::hard_silu},
    {"hard_swish", Activation::hard_silu},
    {"hard_tanh", Activation::hard_tanh},
    {"hard_shrink", Activation::hard_shrink},
    {"soft_shrink", Activation::soft_shrink},
    {"tanh_shrink", Activation::tanh_shrink},
    {"threshold", Activation::threshold},
    {"squareplus", Activation::squareplus},
    {"sparse_plus", Activation::sparse_plus},
    {"sparse_sigmoid", Activation::sparse_sigmoid},
    {"log_sigmoid", Activation::log_sigmoid},
};

}  // namespace

bool find_activation(const std::string& name, Activation& found) {
  for (const auto& [known, activation] : kNames) {
    if (name != known) continue;
    found = activation;
    return true;
  }
  return false;
}

bool derivative_from_output(Activation activation) {
  switch (activation) {
    case Activation::silu:
    case Activation::gelu:
    case Activation::gelu_tanh:
    case Activation::mish:
    case Activation::hard_silu:
    case Activation::hard_shrink:
    case Activation::soft_shrink:
    case Activation::tanh_shrink:
    case Activation::threshold:
    case Activation::squareplus:
    case Activation::sparse_plus:
      return false;
    default:
      return true;
  }
}

void activate(Activation activation, const ActivationParameters& parameters, const float* x, float* y, Index count) {
  if (activation == Activation::linear && x == y) return;
  dispatch(activation, parameters, [&](const auto& f) {
    for_each(count, [&](Index i, Index n) { store_n(y + i, f.value(load_n(x + i, n)), n); });
  });
}

void activate_backward(Activation activation, const ActivationParameters& parameters, const float* x, const float* y,
                       const float* dy, float* dx, Index count) {
  if (activation == Activation::linear && dx == dy) return;
  dispatch(activation, parameters, [&](const auto& f) {
    const float* source = f.kFromOutput ? y : x;
    for_each(count,
             [&](Index i, Index n) { store_n(dx + i, mul(load_n(dy + i, n), f.slope(load_n(source + i, n))), n); });
  });
}

void glu(const float* a, const float* b, float* y, Index count) {
  for_each(count, [&](Index i, Index n) { store_n(y + i, mul(load_n(a + i, n), sigmoid(load_n(b + i, n))), n); });
}

void glu_backward(const float* a, const float* b, const float* dy, float* da, float* db, Index count) {
  for_each(count, [&](Index i, Index n) {
    const Packet gate = sigmoid(load_n(b + i, n)), up = mul(load_n(dy + i, n), gate);
    if (db != nullptr) store_n(db + i, mul(mul(up, load_n(a + i, n)), sub(one(), gate)), n);
    if (da != nullptr) store_n(da + i, up, n);
  });
}

void prelu(const float* x, const float* alpha, Index step, float* y, Index count) {
  for_each(count, [&](Index i, Index n) {
    const Packet value = load_n(x + i, n), slope = step == 0 ? set1(*alpha) : load_n(alpha + i, n);
    store_n(y + i, select(positive(value), value, mul(slope, value)), n);
  });
}

void prelu_backward(const float* x, const float* alpha, Index step, const float* dy, float* dx, float* dalpha,
                    Index count) {
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
