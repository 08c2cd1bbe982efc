// Normalisation. Of channels: with inner == 1 a row holds all channels and the lanes are channels; several rows go by for each
// load of a running sum, in order, and the channels that fill no register are worked on one by one. Otherwise the lanes
// run along inner.
#include "fastnn/kernels/norm.hpp"

#include <algorithm>
#include <cmath>

#include "fastnn/kernels/math.hpp"

namespace fastnn::kernels {
namespace {

using namespace packet;

constexpr Index kRowsTogether = 8;

// sum[c] = the sum of term(lanes, row, c) over rows [begin, end), as one chain.
template <class Term>
inline void sum_rows(Index begin, Index end, Index channels, Real* sum, Term&& term) {
  std::fill(sum, sum + channels, 0.0_r);
  for (Index row = begin; row < end; row += kRowsTogether) {
    const Index last = std::min(row + kRowsTogether, end);
    each_lane(channels, [&](auto lanes, Index c) {
      using L = decltype(lanes);
      typename L::Value total = L::load(sum + c);
      for (Index r = row; r < last; ++r) total = L::add(total, term(lanes, r, c));
      L::store(sum + c, total);
    });
  }
}

// sum[c] = the sum of term(start of the segment + i, c, n) over the segments of channel c, one after the other.
template <class Term>
inline void sum_segments(const NormView& view, Index begin, Index end, Real* sum, Term&& term) {
  for (Index c = 0; c < view.channels; ++c) {
    Real total = 0.0_r;
    for (Index o = begin; o < end; ++o) {
      const Index at = (o * view.channels + c) * view.inner;
      total += sum_over(view.inner, [&](Index i, Index n) { return term(at + i, c, n); });
    }
    sum[c] = total;
  }
}

}  // namespace

void moments(const NormView& view, const Real* x, Index begin, Index end, Real* mean, Real* squares) {
  const Index channels = view.channels;
  const Real count = static_cast<Real>((end - begin) * view.inner);
  if (view.inner == 1) {
    sum_rows(begin, end, channels, mean,
             [&](auto lanes, Index r, Index c) { return lanes.load(x + r * channels + c); });
    for (Index c = 0; c < channels; ++c) mean[c] /= count;
    sum_rows(begin, end, channels, squares, [&](auto lanes, Index r, Index c) {
      const auto distance = lanes.sub(lanes.load(x + r * channels + c), lanes.load(mean + c));
      return lanes.mul(distance, distance);
    });
  } else {
    sum_segments(view, begin, end, mean, [&](Index at, Index, Index n) { return load_n(x + at, n); });
    for (Index c = 0; c < channels; ++c) mean[c] /= count;
    sum_segments(view, begin, end, squares, [&](Index at, Index c, Index n) {
      const Packet distance = sub(load_n(x + at, n), set1(mean[c]));
      return mul(distance, distance);
    });
  }
}

void combine_moments(const NormView& view, Index chunk, const Real* parts, Real* mean, Real* variance) {
  for (Index c = 0; c < view.channels; ++c) {
    double count = 0, center = 0, squares = 0;
    const Real* part = parts + c;
    for (Index begin = 0; begin < view.outer; begin += chunk, part += 2 * view.channels) {
      const double more = static_cast<double>(std::min(chunk, view.outer - begin) * view.inner);
      const double total = count + more, away = part[0] - center;
      center += away * more / total;
      squares += part[view.channels] + away * away * count * more / total;
      count = total;
    }
    mean[c] = static_cast<Real>(center);
    variance[c] = static_cast<Real>(squares / count);
  }
}

// With inner == 1 a row of channels counts or not as one where the mask's places are rows or more; else stretch by stretch.
void masked_moments(const NormView& view, const Counted& counted, const Real* x, Index begin, Index end, Real* mean,
                    Real* squares, Real* counts) {
  const Index channels = view.channels;
  std::fill(mean, mean + channels, 0.0_r);
  std::fill(squares, squares + channels, 0.0_r);
  std::fill(counts, counts + channels, 0.0_r);
  for (Index s = begin * channels; s < end * channels; ++s)
    if (counted(s)) counts[s % channels] += static_cast<Real>(view.inner);
  const bool rows = view.inner == 1 && counted.run % channels == 0;
  // sum[c] += term(lanes, place, c), one chain over the stretches that count.
  const auto add_up = [&](Real* sum, auto&& row_term, auto&& stretch_term) {
    if (rows) {
      for (Index r = begin; r < end; ++r) {
        if (!counted(r * channels)) continue;
        each_lane(channels, [&](auto lanes, Index c) {
          lanes.store(sum + c, lanes.add(lanes.load(sum + c), row_term(lanes, r * channels + c, c)));
        });
      }
      return;
    }
    for (Index s = begin * channels; s < end * channels; ++s) {
      if (!counted(s)) continue;
      const Index c = s % channels, at = s * view.inner;
      sum[c] += sum_over(view.inner, [&](Index i, Index n) { return stretch_term(at + i, c, n); });
    }
  };
  add_up(
      mean, [&](auto lanes, Index at, Index) { return lanes.load(x + at); },
      [&](Index at, Index, Index n) { return load_n(x + at, n); });
  for (Index c = 0; c < channels; ++c) mean[c] = counts[c] == 0.0_r ? 0.0_r : mean[c] / counts[c];
  add_up(
      squares,
      [&](auto lanes, Index at, Index c) {
        const auto distance = lanes.sub(lanes.load(x + at), lanes.load(mean + c));
        return lanes.mul(distance, distance);
      },
      [&](Index at, Index c, Index n) {
        const Packet distance = sub(load_n(x + at, n), set1(mean[c]));
        return mul(distance, distance);
      });
}

void combine_masked_moments(const NormView& view, Index chunk, const Real* parts, Real* mean, Real* variance,
                            Real* counts) {
  const Index channels = view.channels;
  for (Index c = 0; c < channels; ++c) {
    double count = 0, center = 0, squares = 0;
    const Real* part = parts + c;
    for (Index begin = 0; begin < view.outer; begin += chunk, part += 3 * channels) {
      const double more = part[2 * channels];
      if (more == 0) continue;
      const double total = count + more, away = part[0] - center;
      center += away * more / total;
      squares += part[channels] + away * away * count * more / total;
      count = total;
    }
    mean[c] = static_cast<Real>(center);
    variance[c] = count == 0 ? 0.0_r : static_cast<Real>(squares / count);
    counts[c] = static_cast<Real>(count);
  }
}

void normalize(const NormView& view, const Real* x, Index begin, Index end, const Real* mean, const Real* scale,
               const Real* shift, Real* y) {
  const Index channels = view.channels;
  if (view.inner == 1) {
    for (Index r = begin; r < end; ++r) {
      const Index at = r * channels;
      each_lane(channels, [&](auto lanes, Index c) {
        const auto centered = lanes.sub(lanes.load(x + at + c), lanes.load(mean + c));
        lanes.store(y + at + c, lanes.madd(centered, lanes.load(scale + c), lanes.load(shift + c)));
      });
    }
    return;
  }
  for (Index s = begin * channels; s < end * channels; ++s) {
    const Index c = s % channels, at = s * view.inner;
    const Packet center = set1(mean[c]), factor = set1(scale[c]), offset = set1(shift[c]);
    for_each(view.inner, [&](Index i, Index n) {
      store_n(y + at + i, madd(sub(load_n(x + at + i, n), center), factor, offset), n);
    });
  }
}

void gradient_sums(const NormView& view, const Real* x, const Real* dy, Index begin, Index end, const Real* mean,
                   Real* sum, Real* product) {
  const Index channels = view.channels;
  if (view.inner == 1) {
    sum_rows(begin, end, channels, sum,
             [&](auto lanes, Index r, Index c) { return lanes.load(dy + r * channels + c); });
    sum_rows(begin, end, channels, product, [&](auto lanes, Index r, Index c) {
      const Index at = r * channels + c;
      return lanes.mul(lanes.load(dy + at), lanes.sub(lanes.load(x + at), lanes.load(mean + c)));
    });
  } else {
    sum_segments(view, begin, end, sum, [&](Index at, Index, Index n) { return load_n(dy + at, n); });
    sum_segments(view, begin, end, product, [&](Index at, Index c, Index n) {
      return mul(load_n(dy + at, n), sub(load_n(x + at, n), set1(mean[c])));
    });
  }
}

void combine_sums(const NormView& view, Index chunk, const Real* parts, Real* sum, Real* product) {
  for (Index c = 0; c < view.channels; ++c) {
    double first = 0, second = 0;
    const Real* part = parts + c;
    for (Index begin = 0; begin < view.outer; begin += chunk, part += 2 * view.channels) {
      first += part[0];
      second += part[view.channels];
    }
    sum[c] = static_cast<Real>(first);
    product[c] = static_cast<Real>(second);
  }
}

void normalize_backward(const NormView& view, const Real* x, const Real* dy, Index begin, Index end, const Real* mean,
                        const Real* scale, const Real* shift, const Real* bend, Real* dx) {
  const Index channels = view.channels;
  if (view.inner == 1) {
    for (Index r = begin; r < end; ++r) {
      const Index at = r * channels;
      each_lane(channels, [&](auto lanes, Index c) {
        const auto up = lanes.load(dy + at + c), factor = lanes.load(scale + c);
        if (bend == nullptr) return lanes.store(dx + at + c, lanes.mul(up, factor));
        const auto centered = lanes.sub(lanes.load(x + at + c), lanes.load(mean + c));
        const auto level = lanes.madd(up, factor, lanes.load(shift + c));
        lanes.store(dx + at + c, lanes.madd(centered, lanes.load(bend + c), level));
      });
    }
    return;
  }
  for (Index s = begin * channels; s < end * channels; ++s) {
    const Index c = s % channels, at = s * view.inner;
    const Packet factor = set1(scale[c]);
    for_each(view.inner, [&](Index i, Index n) {
      const Packet up = load_n(dy + at + i, n);
      if (bend == nullptr) return store_n(dx + at + i, mul(up, factor), n);
      const Packet centered = sub(load_n(x + at + i, n), set1(mean[c]));
      store_n(dx + at + i, madd(centered, set1(bend[c]), madd(up, factor, set1(shift[c]))), n);
    });
  }
}

void masked_normalize_backward(const NormView& view, const Counted& counted, const Real* x, const Real* dy, Index begin,
                               Index end, const Real* mean, const Real* scale, const Real* shift, const Real* bend,
                               Real* dx) {
  if (view.inner == 1 && counted.run % view.channels == 0) {
    for (Index r = begin; r < end; ++r)
      normalize_backward(view, x, dy, r, r + 1, mean, scale, shift, counted(r * view.channels) ? bend : nullptr, dx);
    return;
  }
  for (Index s = begin * view.channels; s < end * view.channels; ++s) {
    // One stretch is an array of one channel.
    const Index c = s % view.channels, at = s * view.inner;
    normalize_backward({1, 1, view.inner}, x + at, dy + at, 0, 1, mean + c, scale + c, shift + c,
                       counted(s) ? bend + c : nullptr, dx + at);
  }
}

RowMoments row_moments(const RowNorm& norm, const Real* x) {
  const Index n = norm.size;
  const Real count = static_cast<Real>(n);
  RowMoments moments{0.0_r, 1.0_r};
  if (norm.shifted || norm.centered)
    moments.mean = sum_over(n, [&](Index i, Index k) { return load_n(x + i, k); }) / count;
  const Packet center = set1(norm.centered ? moments.mean : 0.0_r);
  const Real squares = sum_over(n, [&](Index i, Index k) {
    const Packet distance = sub(load_n(x + i, k), center);
    return mul(distance, distance);
  });
  if (!norm.length)
    moments.inverse = 1.0_r / std::sqrt(squares / count + norm.epsilon);
  else
    moments.inverse = squares <= norm.epsilon * norm.epsilon ? 1.0_r / norm.epsilon : 1.0_r / std::sqrt(squares);
  return moments;
}

void normalize_row(const RowNorm& norm, const RowMoments& moments, const Real* x, const Real* gamma, const Real* beta,
                   Real* y) {
  const Packet shift = set1(norm.shifted ? moments.mean : 0.0_r), inverse = set1(moments.inverse);
  for_each(norm.size, [&](Index i, Index n) {
    Packet value = mul(sub(load_n(x + i, n), shift), inverse);
    if (gamma != nullptr && beta != nullptr)
      value = madd(value, load_n(gamma + i, n), load_n(beta + i, n));
    else if (gamma != nullptr)
      value = mul(value, load_n(gamma + i, n));
    else if (beta != nullptr)
      value = add(value, load_n(beta + i, n));
    store_n(y + i, value, n);
  });
}

// With u = x - shift, g = dy * gamma and n values: the gradient of the factor `inverse` is sum(g u), and it depends on x
// through the squares alone, so dx = inverse * (g - mean(g), the latter where x was shifted) - (x - center) * inverse^3 *
// sum(g u) / n. A length has no 1 / n, and one that is too short is constant.
void normalize_row_backward(const RowNorm& norm, const RowMoments& moments, const Real* x, const Real* dy,
                            const Real* gamma, Real* dx, Real* dgamma, Real* dbeta) {
  const Index size = norm.size;
  const Packet shift = set1(norm.shifted ? moments.mean : 0.0_r), inverse = set1(moments.inverse);
  if (dbeta != nullptr)
    for_each(size, [&](Index i, Index n) { store_n(dbeta + i, add(load_n(dbeta + i, n), load_n(dy + i, n)), n); });
  if (dgamma != nullptr)
    for_each(size, [&](Index i, Index n) {
      const Packet value = mul(sub(load_n(x + i, n), shift), inverse);
      store_n(dgamma + i, madd(load_n(dy + i, n), value, load_n(dgamma + i, n)), n);
    });
  if (dx == nullptr) return;
  const auto up = [&](Index i, Index n) {
    return gamma == nullptr ? load_n(dy + i, n) : mul(load_n(dy + i, n), load_n(gamma + i, n));
  };
  const Real count = norm.length ? 1.0_r : static_cast<Real>(size);
  const Real level = norm.shifted ? sum_over(size, up) / count : 0.0_r;
  const Real product = sum_over(size, [&](Index i, Index n) { return mul(up(i, n), sub(load_n(x + i, n), shift)); });
  const bool constant = norm.length && moments.inverse >= 1.0_r / norm.epsilon;
  // inverse^3 alone may leave the range of float where the product with x does not.
  const Real bend = constant ? 0.0_r : -(product * moments.inverse / count) * moments.inverse;
  const Packet center = set1(norm.centered ? moments.mean : 0.0_r), mean = set1(level), slope = set1(bend);
  for_each(size, [&](Index i, Index n) {
    const Packet away = sub(load_n(x + i, n), center);
    store_n(dx + i, mul(inverse, madd(away, slope, sub(up(i, n), mean))), n);
  });
}

void fold_parts(const Real* parts, Index count, Index stride, Index size, Real* to) {
  for (Index c = 0; c < size; ++c) {
    double sum = 0;
    for (Index p = 0; p < count; ++p) sum += parts[p * stride + c];
    to[c] = static_cast<Real>(sum);
  }
}

}  // namespace fastnn::kernels
