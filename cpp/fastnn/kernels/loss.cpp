// Losses over groups. The elementwise ones are a small struct each: the value and the slope in the prediction of one
// packet. The crossentropies over classes take a whole row at once; on logits they never form a probability that could
// round to zero.
#include "fastnn/kernels/loss.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "fastnn/kernels/math.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;
using Parameters = ElementLossParameters;

constexpr Real kEpsilon = 1e-7_r;
constexpr Real kAlmostOne = 1.0_r - kEpsilon;

inline Packet sign(const Packet& a) { return select(less(zero(), a), one(), select(less(a, zero()), set1(-1.0_r), a)); }
inline Packet inside(const Packet& a, Real low, Real high) {
  return both(ei::pcmp_le(set1(low), a), ei::pcmp_le(a, set1(high)));
}

// Calls body(begin, end) for ranges of groups, on all threads.
template <class Body>
void each_range(Index groups, Index size, Body&& body) {
  const Index chunk = std::max<Index>(kWidth, 8192 / size);
  parallel_ranges(groups, chunk, 2.0 * static_cast<double>(groups * size),
                  [&](Index begin, Index end, int) { body(begin, end); });
}

// The terms. value(t, p): the loss of one element; slope(t, p): its derivative in p.

struct SquaredError {
  explicit SquaredError(const Parameters&) {}
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = sub(p, t);
    return mul(e, e);
  }
  Packet slope(const Packet& t, const Packet& p) const { return mul(set1(2.0_r), sub(p, t)); }
};

struct AbsoluteError {
  explicit AbsoluteError(const Parameters&) {}
  Packet value(const Packet& t, const Packet& p) const { return packet::abs(sub(p, t)); }
  Packet slope(const Packet& t, const Packet& p) const { return sign(sub(p, t)); }
};

struct AbsolutePercentageError {
  explicit AbsolutePercentageError(const Parameters&) {}
  static Packet scale(const Packet& t) { return div(set1(100.0_r), max(packet::abs(t), set1(kEpsilon))); }
  Packet value(const Packet& t, const Packet& p) const { return mul(packet::abs(sub(p, t)), scale(t)); }
  Packet slope(const Packet& t, const Packet& p) const { return mul(sign(sub(p, t)), scale(t)); }
};

struct SquaredLogarithmicError {
  explicit SquaredLogarithmicError(const Parameters&) {}
  static Packet difference(const Packet& t, const Packet& p) {
    return sub(packet::log1p(max(p, set1(kEpsilon))), packet::log1p(max(t, set1(kEpsilon))));
  }
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = difference(t, p);
    return mul(e, e);
  }
  Packet slope(const Packet& t, const Packet& p) const {
    const Packet slope = div(mul(set1(2.0_r), difference(t, p)), add(one(), p));
    return select(less(p, set1(kEpsilon)), zero(), slope);
  }
};

struct Huber {
  explicit Huber(const Parameters& parameters) : delta_(parameters.delta) {}
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = packet::abs(sub(p, t)), delta = set1(delta_);
    const Packet far = mul(delta, sub(e, mul(set1(0.5_r), delta)));
    return select(less(delta, e), far, mul(set1(0.5_r), mul(e, e)));
  }
  Packet slope(const Packet& t, const Packet& p) const { return clamp(sub(p, t), -delta_, delta_); }
  Real delta_;
};

struct LogCosh {
  explicit LogCosh(const Parameters&) {}
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = packet::abs(sub(p, t));
    return add(e, sub(packet::log1p(packet::exp(mul(set1(-2.0_r), e))), set1(0.69314718055994531_r)));
  }
  Packet slope(const Packet& t, const Packet& p) const { return packet::tanh(sub(p, t)); }
};

struct Poisson {
  explicit Poisson(const Parameters&) {}
  Packet value(const Packet& t, const Packet& p) const { return sub(p, mul(t, packet::log(add(p, set1(kEpsilon))))); }
  Packet slope(const Packet& t, const Packet& p) const { return sub(one(), div(t, add(p, set1(kEpsilon)))); }
};

struct KlDivergence {
  explicit KlDivergence(const Parameters&) {}
  Packet value(const Packet& t, const Packet& p) const {
    const Packet truth = clamp(t, kEpsilon, 1.0_r), guess = clamp(p, kEpsilon, 1.0_r);
    return mul(truth, packet::log(div(truth, guess)));
  }
  Packet slope(const Packet& t, const Packet& p) const {
    const Packet truth = clamp(t, kEpsilon, 1.0_r), guess = clamp(p, kEpsilon, 1.0_r);
    return select(inside(p, kEpsilon, 1.0_r), negate(div(truth, guess)), sub(p, p));
  }
};

// Labels of 0 and 1 stand for -1 and 1. Keras decides that for a batch as a whole; here a 0 is always -1, so that the
// loss of a sample does not depend on its neighbours.
inline Packet hinge_label(const Packet& t) { return select(equal(t, zero()), set1(-1.0_r), t); }

struct Hinge {
  explicit Hinge(const Parameters&) {}
  Packet value(const Packet& t, const Packet& p) const { return max(sub(one(), mul(hinge_label(t), p)), zero()); }
  Packet slope(const Packet& t, const Packet& p) const {
    return select(less(zero(), value(t, p)), negate(hinge_label(t)), zero());
  }
};

struct SquaredHinge {
  explicit SquaredHinge(const Parameters& parameters) : hinge_(parameters) {}
  Packet value(const Packet& t, const Packet& p) const {
    const Packet e = hinge_.value(t, p);
    return mul(e, e);
  }
  Packet slope(const Packet& t, const Packet& p) const {
    return mul(set1(-2.0_r), mul(hinge_label(t), hinge_.value(t, p)));
  }
  Hinge hinge_;
};

struct BinaryCrossentropy {
  explicit BinaryCrossentropy(const Parameters& parameters) : smoothing_(parameters.smoothing) {}
  Packet label(const Packet& t) const { return madd(t, set1(1.0_r - smoothing_), set1(0.5_r * smoothing_)); }
  Packet value(const Packet& t, const Packet& p) const {
    const Packet y = label(t), q = clamp(p, kEpsilon, kAlmostOne);
    return negate(add(mul(y, packet::log(q)), mul(sub(one(), y), packet::log(sub(one(), q)))));
  }
  Packet slope(const Packet& t, const Packet& p) const {
    const Packet q = clamp(p, kEpsilon, kAlmostOne);
    const Packet slope = div(sub(q, label(t)), mul(q, sub(one(), q)));
    return select(inside(p, kEpsilon, kAlmostOne), slope, sub(p, p));  // p - p: 0, or NaN where p is
  }
  Real smoothing_;
};

struct BinaryCrossentropyOnLogits : BinaryCrossentropy {
  using BinaryCrossentropy::BinaryCrossentropy;
  Packet value(const Packet& t, const Packet& x) const {
    const Packet linear = sub(max(x, zero()), mul(x, label(t)));
    return add(linear, packet::log1p(packet::exp(negate(packet::abs(x)))));
  }
  Packet slope(const Packet& t, const Packet& x) const { return sub(sigmoid(x), label(t)); }
};

// Calls visit with the term of a loss.
template <class Visit>
void visit_term(ElementLoss loss, const Parameters& parameters, Visit&& visit) {
  switch (loss) {
    case ElementLoss::squared_error:
      return visit(SquaredError(parameters));
    case ElementLoss::absolute_error:
      return visit(AbsoluteError(parameters));
    case ElementLoss::absolute_percentage_error:
      return visit(AbsolutePercentageError(parameters));
    case ElementLoss::squared_logarithmic_error:
      return visit(SquaredLogarithmicError(parameters));
    case ElementLoss::huber:
      return visit(Huber(parameters));
    case ElementLoss::log_cosh:
      return visit(LogCosh(parameters));
    case ElementLoss::poisson:
      return visit(Poisson(parameters));
    case ElementLoss::kl_divergence:
      return visit(KlDivergence(parameters));
    case ElementLoss::hinge:
      return visit(Hinge(parameters));
    case ElementLoss::squared_hinge:
      return visit(SquaredHinge(parameters));
    case ElementLoss::binary_crossentropy:
      return visit(BinaryCrossentropy(parameters));
    case ElementLoss::binary_crossentropy_on_logits:
      return visit(BinaryCrossentropyOnLogits(parameters));
  }
  assert(false);
}

// True for a mean over a group, false for a sum.
constexpr bool averages(ElementLoss loss) { return loss != ElementLoss::kl_divergence; }

// The score of the best wrong class less that of the right one, plus 1, and which class that is.
Real find_margin(const Real* t, const Real* p, Index n, Index& rival) {
  const Real right = sum_over(n, [&](Index i, Index count) { return mul(load_n(t + i, count), load_n(p + i, count)); });
  rival = 0;
  Real largest = (1.0_r - t[0]) * p[0];
  for (Index i = 1; i < n; ++i) {
    const Real v = (1.0_r - t[i]) * p[i];
    if (v > largest || v != v) largest = v, rival = i;
  }
  return largest - right + 1.0_r;
}

Real dot_product(const Real* a, const Real* b, Index size) {
  return sum_over(size, [&](Index i, Index n) { return mul(load_n(a + i, n), load_n(b + i, n)); });
}
Real inverse_norm(const Real* a, Index size) {
  const Real norm = std::sqrt(dot_product(a, a, size));
  return norm < kEpsilon ? 1.0_r / kEpsilon : 1.0_r / norm;
}

// The passes of a crossentropy over one group.
template <bool kLogits>
class Crossentropy {
 public:
  Crossentropy(const ClassLoss& terms, Index size) : terms_(terms), size_(size) {}

  // Logits: the largest and sum exp(x - largest). Probabilities: nothing and their sum.
  struct Scales {
    Real shift, total;
  };

  Scales measure(const Real* x) const {
    if (!kLogits) return {0.0_r, sum_over(size_, [&](Index i, Index n) { return load_n(x + i, n); })};
    const Real top = max_over(size_, [&](Index i, Index n) { return load_n(x + i, n, -kInfinity); });
    const Packet shift = set1(top);
    const Real total =
        sum_over(size_, [&](Index i, Index n) { return packet::exp(sub(load_n(x + i, n, -kInfinity), shift)); });
    return {top, total};
  }

  static Real divisor(const Scales& scales) { return scales.total < kEpsilon ? kEpsilon : scales.total; }
  static Real scalar_log(Real x) {
    alignas(kAlignment) Real lanes[kWidth];
    ei::pstore(lanes, packet::log(set1(x)));
    return lanes[0];
  }

  Packet weights(const Real* t, Index i, Index n) const {
    return madd(load_n(t + i, n), set1(1.0_r - terms_.smoothing), set1(terms_.smoothing / static_cast<Real>(size_)));
  }

  Real dense_loss(const Real* t, const Real* x, const Scales& scales) const {
    if (kLogits) {
      const Packet shift = set1(scales.shift), level = set1(scalar_log(scales.total));
      return sum_over(
          size_, [&](Index i, Index n) { return mul(weights(t, i, n), sub(level, sub(load_n(x + i, n), shift))); });
    }
    const Packet scale = set1(divisor(scales));
    return -sum_over(size_, [&](Index i, Index n) {
      const Packet q = clamp(div(load_n(x + i, n), scale), kEpsilon, kAlmostOne);
      return mul(weights(t, i, n), packet::log(q));
    });
  }

  void dense_slope(const Real* t, const Real* x, const Scales& scales, Real dloss, Real* dx) const {
    const Packet up = set1(dloss);
    if (kLogits) {
      const Real weight = sum_over(size_, [&](Index i, Index n) { return weights(t, i, n); });
      const Packet shift = set1(scales.shift), scale = set1(weight / scales.total);
      return for_each(size_, [&](Index i, Index n) {
        const Packet share = mul(packet::exp(sub(load_n(x + i, n), shift)), scale);
        store_n(dx + i, mul(sub(share, weights(t, i, n)), up), n);
      });
    }
    const Packet scale = set1(divisor(scales));
    const auto slope = [&](Index i, Index n, Packet& q) {
      q = div(load_n(x + i, n), scale);
      return select(inside(q, kEpsilon, kAlmostOne), negate(div(weights(t, i, n), q)), sub(q, q));
    };
    Real along = 0.0_r;
    if (!(scales.total < kEpsilon)) {
      along = sum_over(size_, [&](Index i, Index n) {
        Packet q;
        const Packet g = slope(i, n, q);
        return mul(g, q);
      });
    }
    const Packet common = set1(along), down = div(up, scale);
    for_each(size_, [&](Index i, Index n) {
      Packet q;
      const Packet g = slope(i, n, q);
      store_n(dx + i, mul(sub(g, common), down), n);
    });
  }

  bool ignored(Index label) const { return terms_.ignores && label == terms_.ignored; }
  bool known(Index label) const { return label >= 0 && label < size_; }

  // A register of losses, log(x) - taken or without logits -log(x), so that one logarithm serves them all.
  struct Logarithms {
    alignas(kAlignment) Real x[kWidth], taken[kWidth];
    Logarithms() { std::fill_n(x, kWidth, 1.0_r), std::fill_n(taken, kWidth, 0.0_r); }

    void finish(Real* loss, Index count) const {
      const Packet value = sub(packet::log(packet::load_aligned(x)), packet::load_aligned(taken));
      store_n(loss, kLogits ? value : sub(zero(), value), count);
    }
  };

  // What the loss of a group with this label is the logarithm of, in place `at`.
  void take_label(Index label, const Real* x, const Scales& scales, Logarithms& to, Index at) const {
    to.x[at] = 1.0_r;
    to.taken[at] = 0.0_r;
    if (ignored(label)) return;
    if (!known(label)) {
      to.x[at] = std::numeric_limits<Real>::quiet_NaN();
    } else if (kLogits) {
      to.x[at] = scales.total;
      to.taken[at] = x[label] - scales.shift;
    } else {
      const Real q = x[label] / divisor(scales);
      to.x[at] = q < kEpsilon ? kEpsilon : kAlmostOne < q ? kAlmostOne : q;
    }
  }

  void sparse_slope(Index label, const Real* x, const Scales& scales, Real dloss, Real* dx) const {
    if (ignored(label) || !known(label)) {
      const Packet fill = set1(ignored(label) ? 0.0_r : std::numeric_limits<Real>::quiet_NaN());
      return for_each(size_, [&](Index i, Index n) { store_n(dx + i, fill, n); });
    }
    if (kLogits) {
      const Packet shift = set1(scales.shift), scale = set1(1.0_r / scales.total), up = set1(dloss);
      for_each(size_, [&](Index i, Index n) {
        store_n(dx + i, mul(mul(packet::exp(sub(load_n(x + i, n), shift)), scale), up), n);
      });
      alignas(kAlignment) Real lanes[kWidth];
      ei::pstore(lanes, mul(sub(mul(packet::exp(sub(set1(x[label]), shift)), scale), one()), up));
      dx[label] = lanes[0];
      return;
    }
    const Real q = x[label] / divisor(scales);
    const bool clipped = q < kEpsilon || kAlmostOne < q;
    const Real g = clipped ? 0.0_r : -1.0_r / q;
    const Real common = scales.total < kEpsilon ? 0.0_r : g * q;
    const Real down = dloss / divisor(scales);
    const Packet rest = set1(-common * down);
    for_each(size_, [&](Index i, Index n) { store_n(dx + i, rest, n); });
    dx[label] = (g - common) * down;
  }

 private:
  const ClassLoss& terms_;
  Index size_;
};

// Calls visit(Crossentropy) for logits or for probabilities.
template <class Visit>
void visit_crossentropy(const ClassLoss& terms, Index size, Visit&& visit) {
  if (terms.logits)
    visit(Crossentropy<true>(terms, size));
  else
    visit(Crossentropy<false>(terms, size));
}

}  // namespace

void element_loss(ElementLoss kind, const ElementLossParameters& parameters, const Real* truth, const Real* guess,
                  Index groups, Index size, Real* loss) {
  visit_term(kind, parameters, [&](const auto& term) {
    each_range(groups, size, [&](Index begin, Index end) {
      if (size == 1)
        return for_each(end - begin, [&](Index i, Index count) {
          const Packet t = load_n(truth + begin + i, count), p = load_n(guess + begin + i, count);
          store_n(loss + begin + i, term.value(t, p), count);
        });
      for (Index g = begin; g < end; ++g) {
        const Real *t = truth + g * size, *p = guess + g * size;
        const Real sum = sum_over(
            size, [&](Index i, Index count) { return term.value(load_n(t + i, count), load_n(p + i, count)); });
        loss[g] = averages(kind) ? sum / static_cast<Real>(size) : sum;
      }
    });
  });
}

void element_loss_gradient(ElementLoss kind, const ElementLossParameters& parameters, const Real* truth,
                           const Real* guess, const Real* dloss, Index groups, Index size, Real* dguess) {
  visit_term(kind, parameters, [&](const auto& term) {
    each_range(groups, size, [&](Index begin, Index end) {
      if (size == 1)
        return for_each(end - begin, [&](Index i, Index count) {
          const Packet slope = term.slope(load_n(truth + begin + i, count), load_n(guess + begin + i, count));
          store_n(dguess + begin + i, mul(slope, load_n(dloss + begin + i, count)), count);
        });
      for (Index g = begin; g < end; ++g) {
        const Real *t = truth + g * size, *p = guess + g * size;
        const Packet scale = set1(averages(kind) ? dloss[g] / static_cast<Real>(size) : dloss[g]);
        for_each(size, [&](Index i, Index count) {
          const Packet slope = term.slope(load_n(t + i, count), load_n(p + i, count));
          store_n(dguess + g * size + i, mul(slope, scale), count);
        });
      }
    });
  });
}

void categorical_hinge(const Real* truth, const Real* guess, Index groups, Index size, Real* loss) {
  each_range(groups, size, [&](Index begin, Index end) {
    for (Index g = begin; g < end; ++g) {
      Index rival;
      const Real margin = find_margin(truth + g * size, guess + g * size, size, rival);
      loss[g] = margin < 0.0_r ? 0.0_r : margin;
    }
  });
}

void categorical_hinge_gradient(const Real* truth, const Real* guess, const Real* dloss, Index groups, Index size,
                                Real* dguess) {
  each_range(groups, size, [&](Index begin, Index end) {
    for (Index g = begin; g < end; ++g) {
      const Real* t = truth + g * size;
      Index rival;
      const bool open = !(find_margin(t, guess + g * size, size, rival) <= 0.0_r);
      const Real scale = open ? dloss[g] : 0.0_r;
      for_each(size, [&](Index i, Index count) {
        store_n(dguess + g * size + i, mul(negate(load_n(t + i, count)), set1(scale)), count);
      });
      dguess[g * size + rival] += (1.0_r - t[rival]) * scale;
    }
  });
}

void cosine_similarity(const Real* truth, const Real* guess, Index groups, Index size, Real* loss) {
  each_range(groups, size, [&](Index begin, Index end) {
    for (Index g = begin; g < end; ++g) {
      const Real *t = truth + g * size, *p = guess + g * size;
      loss[g] = -dot_product(t, p, size) * inverse_norm(t, size) * inverse_norm(p, size);
    }
  });
}

void cosine_similarity_gradient(const Real* truth, const Real* guess, const Real* dloss, Index groups, Index size,
                                Real* dguess) {
  each_range(groups, size, [&](Index begin, Index end) {
    for (Index g = begin; g < end; ++g) {
      const Real *t = truth + g * size, *p = guess + g * size;
      const Real it = inverse_norm(t, size), ip = inverse_norm(p, size);
      const Real along = ip < 1.0_r / kEpsilon ? dot_product(t, p, size) * it * ip * ip : 0.0_r;
      const Packet to_truth = set1(-it * ip * dloss[g]), to_guess = set1(along * ip * dloss[g]);
      for_each(size, [&](Index i, Index count) {
        const Packet pull = mul(load_n(t + i, count), to_truth);
        store_n(dguess + g * size + i, madd(load_n(p + i, count), to_guess, pull), count);
      });
    }
  });
}

void crossentropy_of_weights(const ClassLoss& terms, const Real* labels, const Real* scores, Index groups, Index size,
                             Real* loss, Real* kept) {
  visit_crossentropy(terms, size, [&](const auto& loss_of) {
    each_range(groups, size, [&](Index begin, Index end) {
      for (Index g = begin; g < end; ++g) {
        const auto scales = loss_of.measure(scores + g * size);
        loss[g] = loss_of.dense_loss(labels + g * size, scores + g * size, scales);
        if (kept == nullptr) continue;
        kept[2 * g] = scales.shift;
        kept[2 * g + 1] = scales.total;
      }
    });
  });
}

void crossentropy_of_classes(const ClassLoss& terms, const std::int32_t* labels, const Real* scores, Index groups,
                             Index size, Real* loss, Real* kept) {
  visit_crossentropy(terms, size, [&](const auto& loss_of) {
    each_range(groups, size, [&](Index begin, Index end) {
      typename std::decay_t<decltype(loss_of)>::Logarithms pending;
      for (Index g = begin; g < end; ++g) {
        const auto scales = loss_of.measure(scores + g * size);
        const Index at = (g - begin) % kWidth;
        loss_of.take_label(labels[g], scores + g * size, scales, pending, at);
        if (at + 1 == kWidth || g + 1 == end) pending.finish(loss + g - at, at + 1);
        if (kept == nullptr) continue;
        kept[2 * g] = scales.shift;
        kept[2 * g + 1] = scales.total;
      }
    });
  });
}

void crossentropy_of_weights_gradient(const ClassLoss& terms, const Real* labels, const Real* scores, const Real* kept,
                                      const Real* dloss, Index groups, Index size, Real* dscores) {
  visit_crossentropy(terms, size, [&](const auto& loss_of) {
    each_range(groups, size, [&](Index begin, Index end) {
      for (Index g = begin; g < end; ++g)
        loss_of.dense_slope(labels + g * size, scores + g * size, {kept[2 * g], kept[2 * g + 1]}, dloss[g],
                            dscores + g * size);
    });
  });
}

void crossentropy_of_classes_gradient(const ClassLoss& terms, const std::int32_t* labels, const Real* scores,
                                      const Real* kept, const Real* dloss, Index groups, Index size, Real* dscores) {
  visit_crossentropy(terms, size, [&](const auto& loss_of) {
    each_range(groups, size, [&](Index begin, Index end) {
      for (Index g = begin; g < end; ++g)
        loss_of.sparse_slope(labels[g], scores + g * size, {kept[2 * g], kept[2 * g + 1]}, dloss[g],
                             dscores + g * size);
    });
  });
}

}  // namespace fastnn::kernels
