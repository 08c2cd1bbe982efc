// The sweeps of the optimizers. Each is written once, over packets; a partial packet is padded.
#include "fastnn/kernels/update.hpp"

#include <algorithm>
#include <cmath>

#include "fastnn/kernels/math.hpp"
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

void add(const Real* from, Real* to, Index count) {
  constexpr Index kChunk = 1 << 14;
  parallel_ranges(count, kChunk, byte_work(12.0 * static_cast<double>(count)), [=](Index begin, Index end, int) {
    packet::for_each(end - begin, [=](Index i, Index n) {
      store_n(to + begin + i, packet::add(load_n(to + begin + i, n), load_n(from + begin + i, n)), n);
    });
  });
}

void add_up(const Real* const* parts, Index count, Index first, Index size, Real* to) {
  constexpr Index kChunk = 1 << 12;
  parallel_ranges(size, kChunk, byte_work(4.0 * static_cast<double>(count * size)), [=](Index begin, Index end, int) {
    packet::for_each(end - begin, [=](Index i, Index n) {
      const Index at = first + begin + i;
      Packet sum = load_n(parts[0] + at, n);
      for (Index part = 1; part < count; ++part) sum = packet::add(sum, load_n(parts[part] + at, n));
      store_n(to + begin + i, sum, n);
    });
  });
}

void update_sgd(const Moderation& moderation, Real learning_rate, Real momentum, bool nesterov, const Real* gradient,
                Real* w, Real* velocity, Index count) {
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

void update_adam(const Moderation& moderation, const Adam& adam, const Real* gradient, Real* w, Real* m, Real* v,
                 Real* largest, Index count) {
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

void update_rmsprop(const Moderation& moderation, const RmsProp& rule, const Real* gradient, Real* w, Real* square,
                    Real* velocity, Real* mean, Index count) {
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

void update_adagrad(const Moderation& moderation, Real learning_rate, Real epsilon, const Real* gradient, Real* w,
                    Real* sum, Index count) {
  const Moderated moderated(moderation);
  const Packet rate = set1(learning_rate), small = set1(epsilon);
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    const Packet total = packet::madd(g, g, load_n(sum + i, n));
    store_n(sum + i, total, n);
    const Packet step = packet::div(packet::mul(rate, g), packet::sqrt(packet::add(total, small)));
    store_n(w + i, packet::sub(weight, step), n);
  });
}

void update_adadelta(const Moderation& moderation, const Adadelta& rule, const Real* gradient, Real* w, Real* squares,
                     Real* steps, Index count) {
  const Moderated moderated(moderation);
  const Packet rho = set1(rule.rho), one_minus_rho = set1(1 - rule.rho), epsilon = set1(rule.epsilon);
  const Packet minus_rate = set1(-rule.learning_rate);
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    const Packet square = packet::madd(rho, load_n(squares + i, n), packet::mul(one_minus_rho, packet::mul(g, g)));
    store_n(squares + i, square, n);
    const Packet before = load_n(steps + i, n);
    const Packet step = packet::div(packet::mul(packet::sqrt(packet::add(before, epsilon)), g),
                                    packet::sqrt(packet::add(square, epsilon)));
    store_n(steps + i, packet::madd(rho, before, packet::mul(one_minus_rho, packet::mul(step, step))), n);
    store_n(w + i, packet::madd(minus_rate, step, weight), n);
  });
}

void update_adamax(const Moderation& moderation, const Adam& rule, const Real* gradient, Real* w, Real* m, Real* norm,
                   Index count) {
  const Moderated moderated(moderation);
  const Packet one_minus_beta_1 = set1(1 - rule.beta_1), beta_2 = set1(rule.beta_2);
  const Packet minus_alpha = set1(-rule.alpha), epsilon = set1(rule.epsilon);
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    Packet first = load_n(m + i, n);
    first = packet::madd(packet::sub(g, first), one_minus_beta_1, first);
    store_n(m + i, first, n);
    const Packet largest = packet::max(packet::abs(g), packet::mul(beta_2, load_n(norm + i, n)));
    store_n(norm + i, largest, n);
    const Packet step = packet::div(first, packet::add(largest, epsilon));
    store_n(w + i, packet::madd(step, minus_alpha, weight), n);
  });
}

void update_nadam(const Moderation& moderation, const Nadam& rule, const Real* gradient, Real* w, Real* m, Real* v,
                  Index count) {
  const Moderated moderated(moderation);
  const Packet one_minus_beta_1 = set1(1 - rule.beta_1), one_minus_beta_2 = set1(1 - rule.beta_2);
  const Packet minus_rate = set1(-rule.learning_rate), epsilon = set1(rule.epsilon);
  const Packet mean = set1(rule.mean), now = set1(rule.now), square = set1(rule.square);
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    Packet first = load_n(m + i, n), second = load_n(v + i, n);
    first = packet::madd(packet::sub(g, first), one_minus_beta_1, first);
    second = packet::madd(packet::sub(packet::mul(g, g), second), one_minus_beta_2, second);
    store_n(m + i, first, n);
    store_n(v + i, second, n);
    const Packet ahead = packet::madd(mean, first, packet::mul(now, g));
    const Packet step = packet::div(ahead, packet::add(packet::sqrt(packet::mul(square, second)), epsilon));
    store_n(w + i, packet::madd(step, minus_rate, weight), n);
  });
}

void update_ftrl(const Moderation& moderation, const Ftrl& rule, const Real* gradient, Real* w, Real* sum, Real* linear,
                 Index count) {
  const Moderated moderated(moderation);
  const Packet power = set1(rule.power), rate = set1(rule.learning_rate), l1 = set1(rule.l1), minus_l1 = set1(-rule.l1);
  const Packet two_l2 = set1(2 * rule.l2), two_shrinkage = set1(2 * rule.shrinkage);
  const auto raised = [&](const Packet& a) {
    if (rule.power == 0.5_r) return packet::sqrt(a);
    if (rule.power == 0.0_r) return packet::one();
    return packet::exp(packet::mul(power, packet::log(a)));
  };
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    const Packet before = load_n(sum + i, n), after = packet::madd(g, g, before);
    const Packet now = raised(after);
    const Packet sigma = packet::div(packet::sub(now, raised(before)), rate);
    const Packet shrunk = packet::madd(two_shrinkage, weight, g);
    const Packet line = packet::add(load_n(linear + i, n), packet::sub(shrunk, packet::mul(sigma, weight)));
    store_n(linear + i, line, n);
    store_n(sum + i, after, n);
    const Packet quadratic = packet::add(packet::div(now, rate), two_l2);
    const Packet clipped = packet::max(packet::min(line, l1), minus_l1);
    store_n(w + i, packet::div(packet::sub(clipped, line), quadratic), n);
  });
}

void update_lion(const Moderation& moderation, const Lion& rule, const Real* gradient, Real* w, Real* m, Index count) {
  const Moderated moderated(moderation);
  const Packet beta_1 = set1(rule.beta_1), one_minus_beta_1 = set1(1 - rule.beta_1);
  const Packet beta_2 = set1(rule.beta_2), one_minus_beta_2 = set1(1 - rule.beta_2);
  const Packet rate = set1(rule.learning_rate), minus_rate = set1(-rule.learning_rate), zero = packet::zero();
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    const Packet before = load_n(m + i, n);
    const Packet direction = packet::madd(before, beta_1, packet::mul(g, one_minus_beta_1));
    // A direction of zero moves nothing; one that is no number shows in the weight.
    Packet step = packet::select(packet::less(zero, direction), minus_rate, packet::mul(direction, zero));
    step = packet::select(packet::less(direction, zero), rate, step);
    store_n(w + i, packet::add(weight, step), n);
    store_n(m + i, packet::madd(before, beta_2, packet::mul(g, one_minus_beta_2)), n);
  });
}

void update_schedule_free(const Moderation& moderation, const ScheduleFree& rule, const Real* gradient, Real* w,
                          Real* z, Real* v, Index count) {
  const Moderated moderated(moderation);
  const Packet beta_1 = set1(rule.beta_1), one_minus_beta_1 = set1(1 - rule.beta_1);
  const Packet one_minus_beta_2 = set1(1 - rule.beta_2), epsilon = set1(rule.epsilon), square = set1(rule.square);
  const Packet rate = set1(rule.learning_rate), share = set1(rule.share), rest = set1(1 - rule.share);
  packet::for_each(count, [&](Index i, Index n) {
    Packet weight = load_n(w + i, n);
    const Packet g = moderated.gradient(load_n(gradient + i, n), weight);
    weight = moderated.decayed(weight);
    const Packet before = load_n(z + i, n);
    Packet second = load_n(v + i, n);
    second = packet::madd(packet::sub(packet::mul(g, g), second), one_minus_beta_2, second);
    store_n(v + i, second, n);
    const Packet size = packet::add(packet::sqrt(packet::div(second, square)), epsilon);
    const Packet after = packet::sub(before, packet::div(packet::mul(rate, g), size));
    store_n(z + i, after, n);
    Packet average = packet::div(packet::sub(weight, packet::mul(one_minus_beta_1, before)), beta_1);
    average = packet::madd(rest, average, packet::mul(share, after));
    store_n(w + i, packet::madd(one_minus_beta_1, after, packet::mul(beta_1, average)), n);
  });
}

namespace {

constexpr Index kChunk = 1 << 13;

// body(begin, count) for packets of [0, count), `bytes` of traffic for each element, on all threads.
template <class Body>
void sweep(Index count, double bytes, Body&& body) {
  parallel_ranges(count, kChunk, byte_work(bytes * static_cast<double>(count)), [&](Index begin, Index end, int) {
    packet::for_each(end - begin, [&](Index i, Index n) { body(begin + i, n); });
  });
}

}  // namespace

void lamb_direction(const Lamb& rule, Real* gradient, Real* m, Real* v, Index count) {
  const Packet one_minus_beta_1 = set1(1 - rule.beta_1), one_minus_beta_2 = set1(1 - rule.beta_2);
  const Packet mean = set1(rule.mean), square = set1(rule.square), epsilon = set1(rule.epsilon);
  sweep(count, 24, [&](Index i, Index n) {
    const Packet g = load_n(gradient + i, n);
    Packet first = load_n(m + i, n), second = load_n(v + i, n);
    first = packet::madd(packet::sub(g, first), one_minus_beta_1, first);
    second = packet::madd(packet::sub(packet::mul(g, g), second), one_minus_beta_2, second);
    store_n(m + i, first, n);
    store_n(v + i, second, n);
    const Packet size = packet::add(packet::sqrt(packet::div(second, square)), epsilon);
    store_n(gradient + i, packet::div(packet::div(first, mean), size), n);
  });
}

void move_factored_moments(const Factoring& f, const Real* gradient, Real* row, Real* column) {
  const auto total = static_cast<double>(f.matrices * f.rows * f.columns);
  const Real fresh = 1 - f.beta_2;
  const Packet epsilon = set1(f.epsilon), beta = set1(f.beta_2), one_minus_beta = set1(fresh);
  parallel_for(f.matrices * f.rows, byte_work(4 * total), [&](Index i, int) {
    const Real* g = gradient + i * f.columns;
    Packet sum = packet::zero();
    packet::for_each(f.columns, [&](Index j, Index n) {
      const Packet value = load_n(g + j, n);
      sum = packet::madd(value, value, sum);
    });
    row[i] = f.beta_2 * row[i] + fresh * (packet::sum_lanes(sum) / static_cast<Real>(f.columns) + f.epsilon);
  });
  constexpr Index kWide = 4 * packet::kWidth;
  const Index strips = (f.columns + kWide - 1) / kWide;
  const Packet rows = set1(static_cast<Real>(f.rows));
  parallel_for(f.matrices * strips, byte_work(4 * total), [&](Index task, int) {
    const Index matrix = task / strips, begin = task % strips * kWide;
    packet::for_each(std::min(kWide, f.columns - begin), [&](Index j, Index n) {
      const Real* g = gradient + matrix * f.rows * f.columns + begin + j;
      Real* to = column + matrix * f.columns + begin + j;
      Packet sum = packet::zero();
      for (Index i = 0; i < f.rows; ++i) {
        const Packet value = load_n(g + i * f.columns, n);
        sum = packet::madd(value, value, sum);
      }
      const Packet mean = packet::add(packet::div(sum, rows), epsilon);
      store_n(to, packet::madd(beta, load_n(to, n), packet::mul(one_minus_beta, mean)), n);
    });
  });
}

void divide_by_factored(const Factoring& f, const Real* row, const Real* column, Real* v, Real* gradient) {
  const auto total = static_cast<double>(f.matrices * f.rows * f.columns);
  // One task a matrix computes its mean again rather than sharing memory.
  const auto mean_of = [&](Index matrix) {
    double sum = 0;
    for (Index i = 0; i < f.rows; ++i) sum += static_cast<double>(row[matrix * f.rows + i]);
    return static_cast<Real>(sum / static_cast<double>(f.rows));
  };
  const Index block = std::max<Index>(1, std::min<Index>(f.rows, kChunk / std::max<Index>(1, f.columns)));
  const Index blocks = (f.rows + block - 1) / block;
  parallel_for(f.matrices * blocks, byte_work(16 * total), [&](Index task, int) {
    const Index matrix = task / blocks, begin = task % blocks * block, end = std::min(f.rows, begin + block);
    const Real mean = mean_of(matrix);
    for (Index i = begin; i < end; ++i) {
      const Index at = (matrix * f.rows + i) * f.columns;
      const Packet share = set1(row[matrix * f.rows + i] / mean);
      packet::for_each(f.columns, [&](Index j, Index n) {
        const Packet moment = packet::mul(share, load_n(column + matrix * f.columns + j, n));
        store_n(v + at + j, moment, n);
        store_n(gradient + at + j, packet::div(load_n(gradient + at + j, n), packet::sqrt(moment)), n);
      });
    }
  });
}

void divide_by_moment(Real beta_2, Real epsilon, Real* v, Real* gradient, Index count) {
  const Packet beta = set1(beta_2), one_minus_beta = set1(1 - beta_2), small = set1(epsilon);
  sweep(count, 16, [&](Index i, Index n) {
    const Packet g = load_n(gradient + i, n);
    const Packet moment = packet::madd(beta, load_n(v + i, n), packet::mul(one_minus_beta, packet::madd(g, g, small)));
    store_n(v + i, moment, n);
    store_n(gradient + i, packet::div(g, packet::sqrt(moment)), n);
  });
}

void accumulate_momentum(Real momentum, bool nesterov, Real* m, Real* gradient, Index count) {
  const Packet mu = set1(momentum);
  sweep(count, 16, [&](Index i, Index n) {
    const Packet g = load_n(gradient + i, n), moved = packet::madd(mu, load_n(m + i, n), g);
    store_n(m + i, moved, n);
    store_n(gradient + i, nesterov ? packet::madd(mu, moved, g) : moved, n);
  });
}

void add_scaled(const Real* from, Real factor, Real scale, Real* to, Index count) {
  const Packet a = set1(factor), b = set1(scale);
  sweep(count, 12, [&](Index i, Index n) {
    store_n(to + i, packet::madd(a, load_n(from + i, n), packet::mul(b, load_n(to + i, n))), n);
  });
}

void moderate(const Moderation& moderation, const Real* gradient, Real* w, Real* to, Index count) {
  const Moderated moderated(moderation);
  packet::for_each(count, [&](Index i, Index n) {
    const Packet weight = load_n(w + i, n);
    store_n(to + i, moderated.gradient(load_n(gradient + i, n), weight), n);
    if (moderation.decay != 0) store_n(w + i, moderated.decayed(weight), n);
  });
}

void accumulate_gradient(const Moderation& moderation, const Real* gradient, const Real* w, Real divisor, Real* sum,
                         Index count) {
  const Moderated moderated(moderation);
  const Packet by = set1(divisor);
  packet::for_each(count, [&](Index i, Index n) {
    const Packet g = moderated.penalised(load_n(gradient + i, n), load_n(w + i, n));
    const Packet total = packet::add(g, load_n(sum + i, n));
    store_n(sum + i, divisor == 1 ? total : packet::div(total, by), n);
  });
}

void move_average(Real momentum, const Real* w, Real* average, Index count) {
  const Packet mu = set1(momentum), rest = set1(1 - momentum);
  packet::for_each(count, [&](Index i, Index n) {
    const Packet now = packet::mul(rest, load_n(w + i, n));
    // At momentum 0 the average begins: nothing of what it held before may show.
    store_n(average + i, momentum == 0 ? now : packet::madd(mu, load_n(average + i, n), now), n);
  });
}

bool all_finite(const Real* values, Real scale, Index count) {
  // A number minus itself is zero, unless it is infinite or none.
  const Packet by = set1(scale);
  Packet sum = packet::zero();
  packet::for_each(count, [&](Index i, Index n) {
    const Packet scaled = packet::mul(load_n(values + i, n), by);
    sum = packet::add(sum, packet::sub(scaled, scaled));
  });
  return packet::sum_lanes(sum) == 0.0_r;
}

Index inner_product_scratch(Index count) { return (count + kChunk - 1) / kChunk; }

double inner_product(const Real* a, const Real* b, Index count, double* parts) {
  const Index chunks = inner_product_scratch(count);
  parallel_for(chunks, byte_work(8.0 * static_cast<double>(count)), [&](Index chunk, int) {
    // Packets are added in float over short stretches, the stretches in double.
    constexpr Index kStretch = 64 * packet::kWidth;
    const Index end = std::min(count, (chunk + 1) * kChunk);
    double total = 0;
    for (Index begin = chunk * kChunk; begin < end; begin += kStretch) {
      Packet sum = packet::zero();
      packet::for_each(std::min(kStretch, end - begin), [&](Index i, Index n) {
        sum = packet::madd(load_n(a + begin + i, n), load_n(b + begin + i, n), sum);
      });
      total += static_cast<double>(packet::sum_lanes(sum));
    }
    parts[chunk] = total;
  });
  double total = 0;
  for (Index i = 0; i < chunks; ++i) total += parts[i];
  return total;
}

double squared_norm(const Moderation& moderation, const Real* gradient, const Real* w, Index count) {
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

double penalty(Real l1, Real l2, const Real* w, Index count) {
  double absolute = 0, square = 0;
  for (Index i = 0; i < count; ++i) {
    absolute += std::fabs(static_cast<double>(w[i]));
    square += static_cast<double>(w[i]) * static_cast<double>(w[i]);
  }
  return static_cast<double>(l1) * absolute + static_cast<double>(l2) * square;
}

}  // namespace fastnn::kernels
