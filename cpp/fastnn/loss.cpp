// Losses as nodes: (y_true, y_pred) -> one loss for each sample, with Keras' definitions and its epsilon of 1e-7.
// Weighting and the mean over the batch belong to the trainer, which folds them into the gradient that comes from
// above.
//
// The elementwise losses are a small struct each: the value and the slope in y_pred of one packet. The crossentropies
// over classes take a whole row at once; on logits they never form a probability that could round to zero.
#include "fastnn/loss.hpp"

#include <algorithm>
#include <cmath>

#include "fastnn/kernels/math.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {

TargetView view_targets(const std::string& who, const std::vector<Spec>& inputs, bool sparse) {
  require(inputs.size() == 2, who, " expects (y_true, y_pred), got ", inputs.size(), " inputs");
  const Spec &truth = inputs[0], &guess = inputs[1];
  require(guess.dtype == DType::float32, who, " expects y_pred of float32, got ", name_of(guess.dtype));
  const DType wanted = sparse ? DType::int32 : DType::float32;
  require(truth.dtype == wanted, who, " expects y_true of ", name_of(wanted), ", got ", name_of(truth.dtype));

  // A y_pred of (batch,) is one value a sample.
  TargetView view;
  view.result.shape = guess.shape;
  if (guess.shape.size() > 1) {
    view.size = guess.shape.back();
    view.result.shape.pop_back();
  }
  require(view.size > 0, who, " expects at least one value per sample, got ", to_string(guess.shape));
  view.groups = volume(view.result.shape, 1);

  const auto fits = [&](Shape expected) {
    if (truth.shape == expected) return true;
    Shape longer = expected;
    longer.push_back(1);
    if (truth.shape == longer) return true;
    if (expected.size() < 2 || expected.back() != 1) return false;
    expected.pop_back();
    return truth.shape == expected;
  };
  if (sparse) {
    require(fits(view.result.shape), who, " expects y_true of ", to_string(view.result.shape), ", one label for each ",
            view.size, " scores of y_pred ", to_string(guess.shape), ", got ", to_string(truth.shape),
            truth.shape == guess.shape ? "; for one-hot labels use the categorical kind" : "");
  } else {
    const bool labels = view.size > 1 && fits(view.result.shape);
    require(fits(guess.shape), who, " expects y_true of the shape of y_pred, ", to_string(guess.shape), ", got ",
            to_string(truth.shape), labels ? "; for integer labels use the sparse kind or to_categorical()" : "");
  }
  return view;
}

namespace {

using namespace packet;

constexpr float kEpsilon = 1e-7f;
constexpr float kAlmostOne = 1.0f - kEpsilon;

inline Packet one() { return set1(1.0f); }
inline Packet sign(const Packet& a) { return select(less(zero(), a), one(), select(less(a, zero()), set1(-1.0f), a)); }
inline Packet inside(const Packet& a, float low, float high) {
  return both(ei::pcmp_le(set1(low), a), ei::pcmp_le(a, set1(high)));
}

// What all losses share: shapes, and the walk over the groups of a batch.
class Loss : public Layer {
 public:
  Loss(const std::string& kind, const std::string& name, bool sparse) : Layer(kind, name), sparse_(sparse) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    view_ = view_targets(who(), inputs, sparse_);
    return {{view_.result}, {}};
  }
  bool differentiable_input(std::size_t i) const override { return i == 1; }
  BackwardReads backward_reads() const override { return {true, false}; }

 protected:
  Index size() const { return view_.size; }
  Index groups() const { return view_.groups; }

  // Calls body(begin, end) for ranges of groups.
  template <class Body>
  void each_range(const Context& ctx, Body&& body) const {
    const Index count = ctx.rows() * groups();
    const Index chunk = std::max<Index>(kWidth, 8192 / size());
    parallel_ranges(count, chunk, 2.0 * static_cast<double>(count * size()),
                    [&](Index begin, Index end, int) { body(begin, end); });
  }

 private:
  bool sparse_;
  TargetView view_;
};

// The terms. value(t, p): the loss of one element; slope(t, p): its derivative in p.

struct SquaredError {
  explicit SquaredError(const Config&) {}
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = sub(p, t);
    return mul(e, e);
  }
  Packet slope(const Packet& t, const Packet& p) const { return mul(set1(2.0f), sub(p, t)); }
};

struct AbsoluteError {
  explicit AbsoluteError(const Config&) {}
  Packet value(const Packet& t, const Packet& p) const { return packet::abs(sub(p, t)); }
  Packet slope(const Packet& t, const Packet& p) const { return sign(sub(p, t)); }
};

struct AbsolutePercentageError {
  explicit AbsolutePercentageError(const Config&) {}
  static Packet scale(const Packet& t) { return div(set1(100.0f), max(packet::abs(t), set1(kEpsilon))); }
  Packet value(const Packet& t, const Packet& p) const { return mul(packet::abs(sub(p, t)), scale(t)); }
  Packet slope(const Packet& t, const Packet& p) const { return mul(sign(sub(p, t)), scale(t)); }
};

struct SquaredLogarithmicError {
  explicit SquaredLogarithmicError(const Config&) {}
  static Packet difference(const Packet& t, const Packet& p) {
    return sub(packet::log1p(max(p, set1(kEpsilon))), packet::log1p(max(t, set1(kEpsilon))));
  }
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = difference(t, p);
    return mul(e, e);
  }
  Packet slope(const Packet& t, const Packet& p) const {
    const Packet slope = div(mul(set1(2.0f), difference(t, p)), add(one(), p));
    return select(less(p, set1(kEpsilon)), zero(), slope);
  }
};

struct Huber {
  explicit Huber(const Config& config) : delta_(static_cast<float>(config.number("delta", 1.0))) {
    require(delta_ > 0, "delta expects a positive number, got ", delta_);
  }
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = packet::abs(sub(p, t)), delta = set1(delta_);
    const Packet far = mul(delta, sub(e, mul(set1(0.5f), delta)));
    return select(less(delta, e), far, mul(set1(0.5f), mul(e, e)));
  }
  Packet slope(const Packet& t, const Packet& p) const { return clamp(sub(p, t), -delta_, delta_); }
  float delta_;
};

struct LogCosh {
  explicit LogCosh(const Config&) {}
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = packet::abs(sub(p, t));
    return add(e, sub(packet::log1p(packet::exp(mul(set1(-2.0f), e))), set1(0.69314718055994531f)));
  }
  Packet slope(const Packet& t, const Packet& p) const { return packet::tanh(sub(p, t)); }
};

struct Poisson {
  explicit Poisson(const Config&) {}
  Packet value(const Packet& t, const Packet& p) const { return sub(p, mul(t, packet::log(add(p, set1(kEpsilon))))); }
  Packet slope(const Packet& t, const Packet& p) const { return sub(one(), div(t, add(p, set1(kEpsilon)))); }
};

struct KlDivergence {
  explicit KlDivergence(const Config&) {}
  Packet value(const Packet& t, const Packet& p) const {
    const Packet truth = clamp(t, kEpsilon, 1.0f), guess = clamp(p, kEpsilon, 1.0f);
    return mul(truth, packet::log(div(truth, guess)));
  }
  Packet slope(const Packet& t, const Packet& p) const {
    const Packet truth = clamp(t, kEpsilon, 1.0f), guess = clamp(p, kEpsilon, 1.0f);
    return select(inside(p, kEpsilon, 1.0f), negate(div(truth, guess)), sub(p, p));
  }
};

// Labels of 0 and 1 stand for -1 and 1. Keras decides that for a batch as a whole; here a 0 is always -1, so that the
// loss of a sample does not depend on its neighbours.
inline Packet hinge_label(const Packet& t) { return select(equal(t, zero()), set1(-1.0f), t); }

struct Hinge {
  explicit Hinge(const Config&) {}
  Packet value(const Packet& t, const Packet& p) const { return max(sub(one(), mul(hinge_label(t), p)), zero()); }
  Packet slope(const Packet& t, const Packet& p) const {
    return select(less(zero(), value(t, p)), negate(hinge_label(t)), zero());
  }
};

struct SquaredHinge {
  explicit SquaredHinge(const Config& config) : hinge_(config) {}
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = hinge_.value(t, p);
    return mul(e, e);
  }
  Packet slope(const Packet& t, const Packet& p) const {
    return mul(set1(-2.0f), mul(hinge_label(t), hinge_.value(t, p)));
  }
  Hinge hinge_;
};

float read_label_smoothing(const Config& config) {
  const double value = config.number("label_smoothing", 0.0);
  require(value >= 0 && value <= 1, "label_smoothing expects a number in [0, 1], got ", value);
  return static_cast<float>(value);
}

struct BinaryCrossentropy {
  explicit BinaryCrossentropy(const Config& config) : smoothing_(read_label_smoothing(config)) {}
  Packet label(const Packet& t) const { return madd(t, set1(1.0f - smoothing_), set1(0.5f * smoothing_)); }
  Packet value(const Packet& t, const Packet& p) const {
    const Packet y = label(t), q = clamp(p, kEpsilon, kAlmostOne);
    return negate(add(mul(y, packet::log(q)), mul(sub(one(), y), packet::log(sub(one(), q)))));
  }
  Packet slope(const Packet& t, const Packet& p) const {
    const Packet q = clamp(p, kEpsilon, kAlmostOne);
    const Packet slope = div(sub(q, label(t)), mul(q, sub(one(), q)));
    return select(inside(p, kEpsilon, kAlmostOne), slope, sub(p, p));  // p - p: 0, or NaN where p is
  }
  float smoothing_;
};

struct BinaryCrossentropyOnLogits : BinaryCrossentropy {
  using BinaryCrossentropy::BinaryCrossentropy;
  Packet value(const Packet& t, const Packet& x) const {
    const Packet linear = sub(max(x, zero()), mul(x, label(t)));
    return add(linear, packet::log1p(packet::exp(negate(packet::abs(x)))));
  }
  Packet slope(const Packet& t, const Packet& x) const { return sub(sigmoid(x), label(t)); }
};

// The mean of a term over the last dimension; its sum for kMean = false.
template <class Term, bool kMean = true>
class ElementwiseLoss : public Loss {
 public:
  ElementwiseLoss(const std::string& kind, const std::string& name, const Config& config)
      : Loss(kind, name, false), term_(config) {}

  std::optional<Absorbed> absorbs() const override {
    if (std::is_same_v<Term, BinaryCrossentropy>) return Absorbed{"sigmoid", "from_logits"};
    return std::nullopt;
  }

  void forward(const Context& ctx) const override {
    const float *t = ctx.input(0), *p = ctx.input(1);
    float* loss = ctx.output();
    const Index n = size();
    each_range(ctx, [&](Index begin, Index end) {
      if (n == 1)
        return for_each(end - begin, [&](Index i, Index count) {
          const Packet truth = load_n(t + begin + i, count), guess = load_n(p + begin + i, count);
          store_n(loss + begin + i, term_.value(truth, guess), count);
        });
      for (Index g = begin; g < end; ++g) {
        const float *truth = t + g * n, *guess = p + g * n;
        const float sum = sum_over(
            n, [&](Index i, Index count) { return term_.value(load_n(truth + i, count), load_n(guess + i, count)); });
        loss[g] = kMean ? sum / static_cast<float>(n) : sum;
      }
    });
  }

  void backward(const Context& ctx) const override {
    float* dp = ctx.input_gradient(1);
    if (dp == nullptr) return;
    const float *t = ctx.input(0), *p = ctx.input(1), *dloss = ctx.output_gradient();
    const Index n = size();
    each_range(ctx, [&](Index begin, Index end) {
      if (n == 1)
        return for_each(end - begin, [&](Index i, Index count) {
          const Packet slope = term_.slope(load_n(t + begin + i, count), load_n(p + begin + i, count));
          store_n(dp + begin + i, mul(slope, load_n(dloss + begin + i, count)), count);
        });
      for (Index g = begin; g < end; ++g) {
        const float *truth = t + g * n, *guess = p + g * n;
        const Packet scale = set1(kMean ? dloss[g] / static_cast<float>(n) : dloss[g]);
        for_each(n, [&](Index i, Index count) {
          const Packet slope = term_.slope(load_n(truth + i, count), load_n(guess + i, count));
          store_n(dp + g * n + i, mul(slope, scale), count);
        });
      }
    });
  }

 private:
  Term term_;
};

// Picks the form, on logits or on probabilities, when the loss is made.
std::unique_ptr<Layer> make_binary_crossentropy(const std::string& name, const Config& config) {
  const std::string kind = "binary_crossentropy";
  if (config.flag("from_logits", false))
    return std::make_unique<ElementwiseLoss<BinaryCrossentropyOnLogits>>(kind, name, config);
  return std::make_unique<ElementwiseLoss<BinaryCrossentropy>>(kind, name, config);
}

// max(largest of the wrong - the right + 1, 0).
class CategoricalHinge : public Loss {
 public:
  CategoricalHinge(const std::string& kind, const std::string& name, const Config&) : Loss(kind, name, false) {}

  void forward(const Context& ctx) const override {
    const float *t = ctx.input(0), *p = ctx.input(1);
    float* loss = ctx.output();
    each_range(ctx, [&](Index begin, Index end) {
      for (Index g = begin; g < end; ++g) {
        Index rival;
        const float margin = find_margin(t + g * size(), p + g * size(), rival);
        loss[g] = margin < 0.0f ? 0.0f : margin;
      }
    });
  }

  void backward(const Context& ctx) const override {
    float* dp = ctx.input_gradient(1);
    if (dp == nullptr) return;
    const float *t = ctx.input(0), *p = ctx.input(1), *dloss = ctx.output_gradient();
    const Index n = size();
    each_range(ctx, [&](Index begin, Index end) {
      for (Index g = begin; g < end; ++g) {
        const float* truth = t + g * n;
        Index rival;
        const bool open = !(find_margin(truth, p + g * n, rival) <= 0.0f);
        const float scale = open ? dloss[g] : 0.0f;
        for_each(n, [&](Index i, Index count) {
          store_n(dp + g * n + i, mul(negate(load_n(truth + i, count)), set1(scale)), count);
        });
        dp[g * n + rival] += (1.0f - truth[rival]) * scale;
      }
    });
  }

 private:
  float find_margin(const float* t, const float* p, Index& rival) const {
    const Index n = size();
    const float right =
        sum_over(n, [&](Index i, Index count) { return mul(load_n(t + i, count), load_n(p + i, count)); });
    rival = 0;
    float largest = (1.0f - t[0]) * p[0];
    for (Index i = 1; i < n; ++i) {
      const float v = (1.0f - t[i]) * p[i];
      if (v > largest || v != v) largest = v, rival = i;
    }
    return largest - right + 1.0f;
  }
};

// -sum(t p) over unit vectors; a vector shorter than 1e-7 is divided by that.
class CosineSimilarity : public Loss {
 public:
  CosineSimilarity(const std::string& kind, const std::string& name, const Config& config) : Loss(kind, name, false) {
    const std::vector<Index> axis = config.has("axis") ? config.integers("axis") : std::vector<Index>{-1};
    axis_ = axis.size() == 1 ? axis[0] : 0;
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    Signature signature = Loss::infer(inputs);
    const Index rank = static_cast<Index>(inputs[1].shape.size());
    require(axis_ == -1 || axis_ == rank - 1, who(), ": axis expects -1, the last axis, got ", axis_);
    return signature;
  }

  void forward(const Context& ctx) const override {
    const float *t = ctx.input(0), *p = ctx.input(1);
    float* loss = ctx.output();
    const Index n = size();
    each_range(ctx, [&](Index begin, Index end) {
      for (Index g = begin; g < end; ++g) {
        const float *truth = t + g * n, *guess = p + g * n;
        loss[g] = -dot(truth, guess) * inverse_norm(truth) * inverse_norm(guess);
      }
    });
  }

  void backward(const Context& ctx) const override {
    float* dp = ctx.input_gradient(1);
    if (dp == nullptr) return;
    const float *t = ctx.input(0), *p = ctx.input(1), *dloss = ctx.output_gradient();
    const Index n = size();
    each_range(ctx, [&](Index begin, Index end) {
      for (Index g = begin; g < end; ++g) {
        const float *truth = t + g * n, *guess = p + g * n;
        const float it = inverse_norm(truth), ip = inverse_norm(guess);
        const float along = ip < 1.0f / kEpsilon ? dot(truth, guess) * it * ip * ip : 0.0f;
        const Packet to_truth = set1(-it * ip * dloss[g]), to_guess = set1(along * ip * dloss[g]);
        for_each(n, [&](Index i, Index count) {
          const Packet pull = mul(load_n(truth + i, count), to_truth);
          store_n(dp + g * n + i, madd(load_n(guess + i, count), to_guess, pull), count);
        });
      }
    });
  }

 private:
  float dot(const float* a, const float* b) const {
    return sum_over(size(), [&](Index i, Index n) { return mul(load_n(a + i, n), load_n(b + i, n)); });
  }
  float inverse_norm(const float* a) const {
    const float norm = std::sqrt(dot(a, a));
    return norm < kEpsilon ? 1.0f / kEpsilon : 1.0f / norm;
  }

  Index axis_;
};

// Crossentropy over classes. Labels are one-hot or soft (categorical) or a class number (sparse); both are seen as
// weights w that sum to `weight`. On logits:
//   loss = sum w (log sum exp(x - max) - (x - max)),    slope = weight softmax(x) - w.
// On probabilities, with q = p / max(sum p, 1e-7):
//   loss = -sum w log clip(q),    slope = (g - sum g q) / sum p, where g = -w/q, and 0 where q is clipped.
// A label outside the classes makes its sample NaN: whoever hands out labels checks them.
template <bool kSparse, bool kLogits>
class ClassCrossentropy : public Loss {
 public:
  ClassCrossentropy(const std::string& kind, const std::string& name, const Config& config)
      : Loss(kind, name, kSparse) {
    if (!kSparse) smoothing_ = read_label_smoothing(config);
    if (kSparse && config.has("ignore_class")) ignored_ = config.integer("ignore_class");
  }

  std::optional<Absorbed> absorbs() const override {
    if (kLogits) return std::nullopt;
    return Absorbed{"softmax", "from_logits"};
  }

  // Of each group the passes keep the number to shift by and the number to scale by.
  void book(Booking& booking) const override {
    if (booking.backward()) booking.book(kScales, Life::step, 2 * booking.capacity() * groups());
  }

  void forward(const Context& ctx) const override {
    const float* scores = ctx.input(1);
    float* loss = ctx.output();
    float* kept = ctx.buffer(kScales);
    const Index n = size();
    each_range(ctx, [&](Index begin, Index end) {
      Logarithms pending;
      for (Index g = begin; g < end; ++g) {
        const float* x = scores + g * n;
        const Scales scales = measure(x);
        if (kSparse) {
          const Index at = (g - begin) % kWidth;
          take_label(ctx.input<std::int32_t>(0)[g], x, scales, pending, at);
          if (at + 1 == kWidth || g + 1 == end) pending.finish(loss + g - at, at + 1);
        } else {
          loss[g] = dense_loss(ctx.input(0) + g * n, x, scales);
        }
        if (kept == nullptr) continue;
        kept[2 * g] = scales.shift;
        kept[2 * g + 1] = scales.total;
      }
    });
  }

  void backward(const Context& ctx) const override {
    float* dx = ctx.input_gradient(1);
    if (dx == nullptr) return;
    const float *scores = ctx.input(1), *dloss = ctx.output_gradient(), *kept = ctx.buffer(kScales);
    const Index n = size();
    each_range(ctx, [&](Index begin, Index end) {
      for (Index g = begin; g < end; ++g) {
        const Scales scales{kept[2 * g], kept[2 * g + 1]};
        if (kSparse)
          sparse_slope(ctx.input<std::int32_t>(0)[g], scores + g * n, scales, dloss[g], dx + g * n);
        else
          dense_slope(ctx.input(0) + g * n, scores + g * n, scales, dloss[g], dx + g * n);
      }
    });
  }

 private:
  enum : std::size_t { kScales };

  // Logits: the largest and sum exp(x - largest). Probabilities: nothing and their sum.
  struct Scales {
    float shift, total;
  };

  Scales measure(const float* x) const {
    if (!kLogits) return {0.0f, sum_over(size(), [&](Index i, Index n) { return load_n(x + i, n); })};
    const float top = max_over(size(), [&](Index i, Index n) { return load_n(x + i, n, -kInfinity); });
    const Packet shift = set1(top);
    const float total =
        sum_over(size(), [&](Index i, Index n) { return packet::exp(sub(load_n(x + i, n, -kInfinity), shift)); });
    return {top, total};
  }

  static float divisor(const Scales& scales) { return scales.total < kEpsilon ? kEpsilon : scales.total; }
  static float scalar_log(float x) {
    alignas(kAlignment) float lanes[kWidth];
    ei::pstore(lanes, packet::log(set1(x)));
    return lanes[0];
  }

  Packet weights(const float* t, Index i, Index n) const {
    return madd(load_n(t + i, n), set1(1.0f - smoothing_), set1(smoothing_ / static_cast<float>(size())));
  }

  float dense_loss(const float* t, const float* x, const Scales& scales) const {
    if (kLogits) {
      const Packet shift = set1(scales.shift), level = set1(scalar_log(scales.total));
      return sum_over(
          size(), [&](Index i, Index n) { return mul(weights(t, i, n), sub(level, sub(load_n(x + i, n), shift))); });
    }
    const Packet scale = set1(divisor(scales));
    return -sum_over(size(), [&](Index i, Index n) {
      const Packet q = clamp(div(load_n(x + i, n), scale), kEpsilon, kAlmostOne);
      return mul(weights(t, i, n), packet::log(q));
    });
  }

  void dense_slope(const float* t, const float* x, const Scales& scales, float dloss, float* dx) const {
    const Packet up = set1(dloss);
    if (kLogits) {
      const float weight = sum_over(size(), [&](Index i, Index n) { return weights(t, i, n); });
      const Packet shift = set1(scales.shift), scale = set1(weight / scales.total);
      return for_each(size(), [&](Index i, Index n) {
        const Packet share = mul(packet::exp(sub(load_n(x + i, n), shift)), scale);
        store_n(dx + i, mul(sub(share, weights(t, i, n)), up), n);
      });
    }
    const Packet scale = set1(divisor(scales));
    const auto slope = [&](Index i, Index n, Packet& q) {
      q = div(load_n(x + i, n), scale);
      return select(inside(q, kEpsilon, kAlmostOne), negate(div(weights(t, i, n), q)), sub(q, q));
    };
    float along = 0.0f;
    if (!(scales.total < kEpsilon)) {
      along = sum_over(size(), [&](Index i, Index n) {
        Packet q;
        const Packet g = slope(i, n, q);
        return mul(g, q);
      });
    }
    const Packet common = set1(along), down = div(up, scale);
    for_each(size(), [&](Index i, Index n) {
      Packet q;
      const Packet g = slope(i, n, q);
      store_n(dx + i, mul(sub(g, common), down), n);
    });
  }

  bool ignored(Index label) const { return ignored_ && label == *ignored_; }
  bool known(Index label) const { return label >= 0 && label < size(); }

  // A register of losses, log(x) - taken or without logits -log(x), so that one logarithm serves them all.
  struct Logarithms {
    alignas(kAlignment) float x[kWidth], taken[kWidth];
    Logarithms() { std::fill_n(x, kWidth, 1.0f), std::fill_n(taken, kWidth, 0.0f); }

    void finish(float* loss, Index count) const {
      const Packet value = sub(packet::log(packet::load_aligned(x)), packet::load_aligned(taken));
      store_n(loss, kLogits ? value : sub(zero(), value), count);
    }
  };

  // What the loss of a group with this label is the logarithm of, in place `at`.
  void take_label(Index label, const float* x, const Scales& scales, Logarithms& to, Index at) const {
    to.x[at] = 1.0f;
    to.taken[at] = 0.0f;
    if (ignored(label)) return;
    if (!known(label)) {
      to.x[at] = std::numeric_limits<float>::quiet_NaN();
    } else if (kLogits) {
      to.x[at] = scales.total;
      to.taken[at] = x[label] - scales.shift;
    } else {
      const float q = x[label] / divisor(scales);
      to.x[at] = q < kEpsilon ? kEpsilon : kAlmostOne < q ? kAlmostOne : q;
    }
  }

  void sparse_slope(Index label, const float* x, const Scales& scales, float dloss, float* dx) const {
    if (ignored(label) || !known(label)) {
      const Packet fill = set1(ignored(label) ? 0.0f : std::numeric_limits<float>::quiet_NaN());
      return for_each(size(), [&](Index i, Index n) { store_n(dx + i, fill, n); });
    }
    if (kLogits) {
      const Packet shift = set1(scales.shift), scale = set1(1.0f / scales.total), up = set1(dloss);
      for_each(size(), [&](Index i, Index n) {
        store_n(dx + i, mul(mul(packet::exp(sub(load_n(x + i, n), shift)), scale), up), n);
      });
      alignas(kAlignment) float lanes[kWidth];
      ei::pstore(lanes, mul(sub(mul(packet::exp(sub(set1(x[label]), shift)), scale), one()), up));
      dx[label] = lanes[0];
      return;
    }
    const float q = x[label] / divisor(scales);
    const bool clipped = q < kEpsilon || kAlmostOne < q;
    const float g = clipped ? 0.0f : -1.0f / q;
    const float common = scales.total < kEpsilon ? 0.0f : g * q;
    const float down = dloss / divisor(scales);
    const Packet rest = set1(-common * down);
    for_each(size(), [&](Index i, Index n) { store_n(dx + i, rest, n); });
    dx[label] = (g - common) * down;
  }

  float smoothing_ = 0.0f;
  std::optional<Index> ignored_;
};

template <bool kSparse>
std::unique_ptr<Layer> make_class_crossentropy(const std::string& name, const Config& config) {
  const std::string kind = kSparse ? "sparse_categorical_crossentropy" : "categorical_crossentropy";
  if (config.flag("from_logits", false)) return std::make_unique<ClassCrossentropy<kSparse, true>>(kind, name, config);
  return std::make_unique<ClassCrossentropy<kSparse, false>>(kind, name, config);
}

const bool registered =
    register_layer_class<ElementwiseLoss<SquaredError>>("mean_squared_error") &&
    register_layer_class<ElementwiseLoss<AbsoluteError>>("mean_absolute_error") &&
    register_layer_class<ElementwiseLoss<AbsolutePercentageError>>("mean_absolute_percentage_error") &&
    register_layer_class<ElementwiseLoss<SquaredLogarithmicError>>("mean_squared_logarithmic_error") &&
    register_layer_class<ElementwiseLoss<Huber>>("huber") &&
    register_layer_class<ElementwiseLoss<LogCosh>>("log_cosh") &&
    register_layer_class<ElementwiseLoss<Poisson>>("poisson") &&
    register_layer_class<ElementwiseLoss<KlDivergence, false>>("kl_divergence") &&
    register_layer_class<ElementwiseLoss<Hinge>>("hinge") &&
    register_layer_class<ElementwiseLoss<SquaredHinge>>("squared_hinge") &&
    register_layer_class<CategoricalHinge>("categorical_hinge") &&
    register_layer_class<CosineSimilarity>("cosine_similarity") &&
    register_layer("binary_crossentropy", make_binary_crossentropy) &&
    register_layer("categorical_crossentropy", make_class_crossentropy<false>) &&
    register_layer("sparse_categorical_crossentropy", make_class_crossentropy<true>);

}  // namespace
}  // namespace fastnn
