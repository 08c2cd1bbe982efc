// The sweeps of the optimizers. Each is written once, over packets; a partial packet is padded.
#include "fastnn/kernels/update.hpp"

#include <algorithm>
#include <cmath>

#include "fastnn/packet.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

using packet::load_n;
using packet::Packet;
using packet::set1;
using packet::store_n;

// The gradient as the rule sees it.
class Moderated {
 public:
  explicit Moderated(const Moderation& m)
      : l1_(set1(m.l1)),
        minus_l1_(set1(-m.l1)),
        two_l2_(set1(2 * m.l2)),
        scale_(set1(m.scale)),
        clip_(set1(m.clip)),
        minus_clip_(set1(-m.clip)),
        minus_decay_(set1(-m.decay)),
        penalised_(m.l1 != 0 || m.l2 != 0),
        scaled_(m.scale != 1),
        clipped_(m.clip != 0),
        decayed_(m.decay != 0) {}

  Packet penalised(Packet g, const Packet& w) const {
    if (!penalised_) return g;
    const Packet zero = packet::zero();
    g = packet::madd(two_l2_, w, g);
    g = packet::add(g, packet::select(packet::less(zero, w), l1_, zero));
    return packet::add(g, packet::select(packet::less(w, zero), minus_l1_, zero));
  }
  Packet gradient(Packet g, const Packet& w) const {
    g = penalised(g, w);
    if (scaled_) g = packet::mul(g, scale_);
    if (clipped_) g = packet::max(packet::min(g, clip_), minus_clip_);
    return g;
  }
  Packet decayed(const Packet& w) const { return decayed_ ? packet::madd(w, minus_decay_, w) : w; }

 private:
  Packet l1_, minus_l1_, two_l2_, scale_, clip_, minus_clip_, minus_decay_;
  bool penalised_, scaled_, clipped_, decayed_;
};

}  // namespace

void add(const float* from, float* to, Index count) {
  constexpr Index kChunk = 1 << 14;
  parallel_ranges(count, kChunk, byte_work(12.0 * static_cast<double>(count)), [=](Index begin, Index end, int) {
    packet::for_each(end - begin, [=](Index i, Index n) {
      store_n(to + begin + i, packet::add(load_n(to + begin + i, n), load_n(from + begin + i, n)), n);
    });
  });
}

void add_up(const float* parts, Index count, Index size, float* to) {
  constexpr Index kChunk = 1 << 12;
  parallel_ranges(size, kChunk, byte_work(4.0 * static_cast<double>(count * size)), [=](Index begin, Index end, int) {
    packet::for_each(end - begin, [=](Index i, Index n) {
      Packet sum = load_n(parts + begin + i, n);
      for (Index part = 1; part < count; ++part) sum = packet::add(sum, load_n(parts + part * size + begin + i, n));
      store_n(to + begin + i, sum, n);
    });
  });
}

void update_sgd(const Moderation& moderation, float learning_rate, float momentum, bool nesterov, const float* gradient,
                float* w, float* velocity, Index count) {
  const Moderated moderated(moderation);
  const Packet minus_rate = set1(-learning_rate), mu = set1(momentum);
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    if (velocity == nullptr) {
      weight = packet::madd(g, minus_rate, weight);
    } else {
      const Packet step = packet::mul(g, minus_rate);
      const Packet v = packet::madd(load_n(velocity + i, n), mu, step);
      store_n(velocity + i, v, n);
      weight = packet::add(weight, nesterov ? packet::madd(v, mu, step) : v);
    }
    store_n(w + i, weight, n);
  });
}

void update_adam(const Moderation& moderation, const Adam& adam, const float* gradient, float* w, float* m, float* v,
                 float* largest, Index count) {
  const Moderated moderated(moderation);
  const Packet one_minus_beta_1 = set1(1 - adam.beta_1), one_minus_beta_2 = set1(1 - adam.beta_2);
  const Packet minus_alpha = set1(-adam.alpha), epsilon = set1(adam.epsilon);
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    Packet first = load_n(m + i, n), second = load_n(v + i, n);
    first = packet::madd(packet::sub(g, first), one_minus_beta_1, first);
    second = packet::madd(packet::sub(packet::mul(g, g), second), one_minus_beta_2, second);
    store_n(m + i, first, n);
    store_n(v + i, second, n);
    if (largest != nullptr) {
      second = packet::max(second, load_n(largest + i, n));
      store_n(largest + i, second, n);
    }
    const Packet step = packet::div(first, packet::add(packet::sqrt(second), epsilon));
    store_n(w + i, packet::madd(step, minus_alpha, weight), n);
  });
}

void update_rmsprop(const Moderation& moderation, const RmsProp& rule, const float* gradient, float* w, float* square,
                    float* velocity, float* mean, Index count) {
  const Moderated moderated(moderation);
  const Packet rho = set1(rule.rho), one_minus_rho = set1(1 - rule.rho), epsilon = set1(rule.epsilon);
  const Packet rate = set1(rule.learning_rate), mu = set1(rule.momentum);
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    Packet second = packet::madd(rho, load_n(square + i, n), packet::mul(one_minus_rho, packet::mul(g, g)));
    store_n(square + i, second, n);
    if (mean != nullptr) {
      const Packet average = packet::madd(rho, load_n(mean + i, n), packet::mul(one_minus_rho, g));
      store_n(mean + i, average, n);
      second = packet::sub(second, packet::mul(average, average));
    }
    // The root of a padding lane's epsilon may be zero; nothing of that lane is stored.
    Packet step = packet::div(packet::mul(rate, g), packet::sqrt(packet::add(second, epsilon)));
    if (velocity != nullptr) {
      step = packet::madd(mu, load_n(velocity + i, n), step);
      store_n(velocity + i, step, n);
    }
    store_n(w + i, packet::sub(weight, step), n);
  });
}

double squared_norm(const Moderation& moderation, const float* gradient, const float* w, Index count) {
  const Moderated moderated(moderation);
  double total = 0;
  // Packets of squares are added in float over short stretches, the stretches in double.
  constexpr Index kStretch = 64 * packet::kWidth;
  for (Index begin = 0; begin < count; begin += kStretch) {
    Packet sum = packet::zero();
    packet::for_each(std::min(kStretch, count - begin), [&](Index i, Index n) {
      const Packet g = moderated.penalised(load_n(gradient + begin + i, n), load_n(w + begin + i, n));
      sum = packet::madd(g, g, sum);
    });
    total += static_cast<double>(packet::sum_lanes(sum));
  }
  return total;
}

double penalty(float l1, float l2, const float* w, Index count) {
  double absolute = 0, square = 0;
  for (Index i = 0; i < count; ++i) {
    absolute += std::fabs(static_cast<double>(w[i]));
    square += static_cast<double>(w[i]) * static_cast<double>(w[i]);
  }
  return static_cast<double>(l1) * absolute + static_cast<double>(l2) * square;
}

}  // namespace fastnn::kernels
