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

}  // namespace fastnn::kernels
