// The geometry of convolutions: sweeps of a window over a source, and those with few filters (conv_narrow.cpp).
// Read inside a library of kernels only.
#pragma once

#include "fastnn/kernels/conv.hpp"

namespace fastnn::kernels {

/// One axis of a sweep. Output i of `count` is pixel first + i * step of the target; its tap t of `taps` reads the source
/// at begin + i * stride + t * dilation, and is kernel element kernel_first + t * kernel_step.
struct Axis {
  Index source, target;
  Index first, step, count;
  Index begin, stride;
  Index taps, dilation;
  Index kernel_first, kernel_step;

  /// Source pixels under `outputs` neighbouring outputs.
  Index span(Index outputs) const { return (outputs - 1) * stride + (taps - 1) * dilation + 1; }
  bool padded() const { return begin < 0 || begin + span(count) > source; }
};

/// A grid of output pixels, each the product of a window of the source with a packed kernel.
struct Sweep {
  Axis y, x;
  Index channels, filters, groups;  ///< of source and target

  Index group_channels() const { return channels / groups; }
  Index group_filters() const { return filters / groups; }
  Index depth() const { return y.taps * x.taps * group_channels(); }
  Index group_packed_size() const { return packed_size(depth(), group_filters()); }
  Index packed() const { return narrow() ? narrow_packed_size() : groups * group_packed_size(); }
  bool empty() const { return y.count == 0 || x.count == 0; }
  Index pixels() const { return y.count * x.count; }
  bool padded() const { return y.padded() || x.padded(); }
  Index window_row() const { return x.span(x.count) * channels; }
  /// Taps of a kernel row are one stretch of k.
  bool joined() const { return groups == 1 && (x.dilation == 1 || x.taps == 1); }
  Index segment_count() const { return joined() ? y.taps : y.taps * x.taps; }
  Index segment_length() const { return joined() ? x.taps * channels : group_channels(); }

  /// Whether run_narrow serves it: few filters would leave the lanes of the tiles idle. Decided alike for every
  /// instruction set.
  bool narrow() const;
  Index narrow_packed_size() const;
  Index narrow_scratch_size() const;
};

/// Columns [first, first + count) of a sweep, as a sweep of its own.
inline Sweep strip_of(const Sweep& s, Index first, Index count) {
  Sweep strip = s;
  strip.x.begin += first * s.x.stride;
  strip.x.first += first * s.x.step;
  strip.x.count = count;
  return strip;
}

/// Where element (tap y, tap x, source channel, filter) of a sweep lies in a kernel: y * row + x * tap + channel * channel +
/// filter * filter.
struct KernelStrides {
  Index row, tap, channel, filter;
};

void pack_narrow(const Sweep& s, const Real* kernel, const KernelStrides& strides, Real* packed);
void run_narrow(const Sweep& s, Index images, const Real* source, const Real* packed, const Epilogue& epilogue,
                Real* target, Real* scratch);

}  // namespace fastnn::kernels
