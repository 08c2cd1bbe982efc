// Affine maps, flips and resampling, pixel by pixel.
#include "fastnn/kernels/warp.hpp"

#include <algorithm>
#include <cmath>

#include "fastnn/packet.hpp"

namespace fastnn::kernels {
namespace {

// The index within [0, size) that stands for any index; -1 where the fill value does.
inline Index placed(Index at, Index size, Fill fill) {
  if (at >= 0 && at < size) return at;
  if (fill == Fill::constant) return -1;
  if (fill == Fill::nearest) return at < 0 ? 0 : size - 1;
  const Index period = fill == Fill::wrap ? size : 2 * size;
  const Index within = (at % period + period) % period;
  return within < size ? within : period - 1 - within;
}

// The pixels that one output pixel is made of: where each begins (-1 for the fill value) and its weight.
struct Sources {
  Index at[4];
  Real weight[4];
};

inline void find(const Picture& p, Fill fill, Interpolation interpolation, double x, double y, Sources* sources) {
  const auto start = [&](Index row, Index column) {
    return row < 0 || column < 0 ? Index{-1} : (row * p.width + column) * p.channels;
  };
  if (interpolation == Interpolation::nearest) {
    sources->at[0] = start(placed(static_cast<Index>(std::round(y)), p.height, fill),
                           placed(static_cast<Index>(std::round(x)), p.width, fill));
    sources->weight[0] = 1.0_r;
    return;
  }
  const double left = std::floor(x), top = std::floor(y);
  const auto right_share = static_cast<Real>(x - left), low_share = static_cast<Real>(y - top);
  const auto column = static_cast<Index>(left), row = static_cast<Index>(top);
  const Index columns[2] = {placed(column, p.width, fill), placed(column + 1, p.width, fill)};
  const Index rows[2] = {placed(row, p.height, fill), placed(row + 1, p.height, fill)};
  const Real across[2] = {1.0_r - right_share, right_share}, down[2] = {1.0_r - low_share, low_share};
  for (int i = 0; i < 4; ++i) {
    sources->at[i] = start(rows[i / 2], columns[i % 2]);
    sources->weight[i] = down[i / 2] * across[i % 2];
  }
}

// Calls body(pixel of the output, its sources) from the first to the last.
template <class Body>
inline void each_pixel(const Picture& p, const Affine& map, Interpolation interpolation, Fill fill, Body&& body) {
  Sources sources;
  for (Index row = 0; row < p.height; ++row) {
    const double x0 = map.b * static_cast<double>(row) + map.c, y0 = map.e * static_cast<double>(row) + map.f;
    for (Index column = 0; column < p.width; ++column) {
      const auto at = static_cast<double>(column);
      find(p, fill, interpolation, map.a * at + x0, map.d * at + y0, &sources);
      body(row * p.width + column, sources);
    }
  }
}

// y += weight * x.
inline void add_scaled(const Real* x, Real weight, Real* y, Index count) {
  using namespace packet;
  const Packet w = set1(weight);
  for_each(count, [&](Index i, Index n) { store_n(y + i, madd(w, load_n(x + i, n), load_n(y + i, n)), n); });
}

}  // namespace

void sine_cosine(double turns, double* sine, double* cosine) {
  // At most an eighth of a turn from a multiple of a quarter turn, where the series below end after a few terms.
  const double quarters = std::floor(4.0 * turns + 0.5);
  const double angle = (turns - 0.25 * quarters) * 6.283185307179586476925286766559;
  const double square = angle * angle;
  double s = 1.0, c = 1.0;
  for (int k = 9; k >= 1; --k) {
    s = 1.0 - s * square / static_cast<double>(2 * k * (2 * k + 1));
    c = 1.0 - c * square / static_cast<double>(2 * k * (2 * k - 1));
  }
  s *= angle;
  switch (((static_cast<Index>(quarters) % 4) + 4) % 4) {
    case 0:
      *sine = s, *cosine = c;
      break;
    case 1:
      *sine = c, *cosine = -s;
      break;
    case 2:
      *sine = -s, *cosine = -c;
      break;
    default:
      *sine = -c, *cosine = s;
  }
}

void warp(const Picture& p, const Affine& map, Interpolation interpolation, Fill fill, Real fill_value, const Real* x,
          Real* y) {
  const int corners = interpolation == Interpolation::nearest ? 1 : 4;
  each_pixel(p, map, interpolation, fill, [&](Index pixel, const Sources& from) {
    Real* to = y + pixel * p.channels;
    for (Index c = 0; c < p.channels; ++c) {
      Real sum = 0.0_r;
      for (int i = 0; i < corners; ++i)
        sum = packet::madd(from.at[i] < 0 ? fill_value : x[from.at[i] + c], from.weight[i], sum);
      to[c] = sum;
    }
  });
}

void warp_gradient(const Picture& p, const Affine& map, Interpolation interpolation, Fill fill, const Real* dy,
                   Real* dx) {
  const int corners = interpolation == Interpolation::nearest ? 1 : 4;
  std::fill(dx, dx + p.height * p.width * p.channels, 0.0_r);
  each_pixel(p, map, interpolation, fill, [&](Index pixel, const Sources& from) {
    const Real* given = dy + pixel * p.channels;
    for (int i = 0; i < corners; ++i)
      if (from.at[i] >= 0)
        for (Index c = 0; c < p.channels; ++c)
          dx[from.at[i] + c] = packet::madd(given[c], from.weight[i], dx[from.at[i] + c]);
  });
}

void flip(const Picture& p, bool left_right, bool top_bottom, const Real* x, Real* y) {
  const Index run = p.width * p.channels;
  for (Index row = 0; row < p.height; ++row) {
    const Real* from = x + (top_bottom ? p.height - 1 - row : row) * run;
    Real* to = y + row * run;
    if (!left_right) {
      std::copy(from, from + run, to);
      continue;
    }
    for (Index column = 0; column < p.width; ++column)
      std::copy(from + column * p.channels, from + (column + 1) * p.channels, to + (p.width - 1 - column) * p.channels);
  }
}

void crop(const Picture& p, const Window& window, const Real* x, Real* y) {
  const Index run = window.width * p.channels;
  for (Index row = 0; row < window.height; ++row)
    std::copy_n(x + ((window.top + row) * p.width + window.left) * p.channels, run, y + row * run);
}

void crop_gradient(const Picture& p, const Window& window, const Real* dy, Real* dx) {
  const Index run = window.width * p.channels;
  std::fill_n(dx, p.height * p.width * p.channels, 0.0_r);
  for (Index row = 0; row < window.height; ++row)
    std::copy_n(dy + row * run, run, dx + ((window.top + row) * p.width + window.left) * p.channels);
}

void resample_row(const Picture& p, const Taps& rows, const Taps& columns, Index row, Index width, Real fill_value,
                  const Real* x, Real* scratch, Real* y) {
  const Index run = p.width * p.channels;
  std::fill(scratch, scratch + run, fill_value * rows.outside[row]);
  for (Index k = 0; k < rows.count[row]; ++k)
    add_scaled(x + (rows.first[row] + k) * run, rows.weight[row * rows.most + k], scratch, run);
  for (Index column = 0; column < width; ++column) {
    Real* to = y + column * p.channels;
    std::fill(to, to + p.channels, fill_value * columns.outside[column]);
    for (Index k = 0; k < columns.count[column]; ++k) {
      const Real* from = scratch + (columns.first[column] + k) * p.channels;
      const Real weight = columns.weight[column * columns.most + k];
      for (Index c = 0; c < p.channels; ++c) to[c] = packet::madd(from[c], weight, to[c]);
    }
  }
}

void resample_gradient(const Picture& p, const Taps& rows, const Taps& columns, Index height, Index width,
                       const Real* dy, Real* scratch, Real* dx) {
  const Index run = p.width * p.channels;
  std::fill(dx, dx + p.height * run, 0.0_r);
  for (Index row = 0; row < height; ++row) {
    std::fill(scratch, scratch + run, 0.0_r);
    for (Index column = 0; column < width; ++column) {
      const Real* given = dy + (row * width + column) * p.channels;
      for (Index k = 0; k < columns.count[column]; ++k) {
        Real* to = scratch + (columns.first[column] + k) * p.channels;
        const Real weight = columns.weight[column * columns.most + k];
        for (Index c = 0; c < p.channels; ++c) to[c] = packet::madd(given[c], weight, to[c]);
      }
    }
    for (Index k = 0; k < rows.count[row]; ++k)
      add_scaled(scratch, rows.weight[row * rows.most + k], dx + (rows.first[row] + k) * run, run);
  }
}

}  // namespace fastnn::kernels
