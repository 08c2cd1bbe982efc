// Pixel s q + r - pad of the output, r < s, is the sum over u of x[q - u] and taps r + s u of the kernel: for each of the s phases
// r a convolution over q of ceil(kernel / s) taps. The convolutions of all phases read the same windows, so they are one, with
// s_h s_w times as many filters.
#include "fastnn/kernels/subpixel.hpp"

#include <algorithm>

#include "fastnn/kernels/tiles.hpp"
#include "fastnn/kernels/winograd.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn::kernels {
namespace {

// One axis: positions q from `first`, and how many there are.
struct Positions {
  Index size, stride, pad, taps, first, count;
  Positions(Index out, Index kernel, Index stride, Index pad)
      : size(out),
        stride(stride),
        pad(pad),
        taps(ceil_div(kernel, stride)),
        first(pad / stride),
        count((out - 1 + pad) / stride - first + 1) {}
  /// The pixel of phase r at position j; it may lie outside of [0, size).
  Index pixel(Index j, Index r) const { return (first + j) * stride + r - pad; }
  /// Tap v of the inner convolution in phase r, in the kernel; it may lie beyond it.
  Index tap(Index v, Index r) const { return r + stride * (taps - 1 - v); }
};

struct Phases {
  Positions y, x;
  ConvShape inner;
  Index outputs;  // channels of the output

  explicit Phases(const ConvShape& s)
      : y(s.in_h, s.kernel_h, s.stride_h, s.pad_top),
        x(s.in_w, s.kernel_w, s.stride_w, s.pad_left),
        inner(s),
        outputs(s.channels) {
    inner.in_h = s.out_h, inner.in_w = s.out_w, inner.channels = s.filters;
    inner.out_h = y.count, inner.out_w = x.count, inner.filters = count() * s.channels;
    inner.kernel_h = y.taps, inner.kernel_w = x.taps;
    inner.stride_h = inner.stride_w = 1;
    inner.pad_top = y.taps - 1 - y.first, inner.pad_left = x.taps - 1 - x.first;
  }
  Index count() const { return y.stride * x.stride; }

  /// Calls body(offset in an inner image, pixel of the image) for phases and positions [begin, end) of the rows.
  template <class Body>
  void each_pixel(Index begin, Index end, Body&& body) const {
    for (Index j = begin; j < end; ++j)
      for (Index i = 0; i < x.count; ++i)
        for (Index r = 0; r < count(); ++r) {
          const Index row = y.pixel(j, r / x.stride), column = x.pixel(i, r % x.stride);
          const bool inside = row >= 0 && row < y.size && column >= 0 && column < x.size;
          body(((j * x.count + i) * count() + r) * outputs, inside ? (row * x.size + column) * outputs : -1);
        }
  }

  /// Calls body(element of the inner kernel, element of the kernel) for runs of `outputs` elements of a channel of x, along
  /// which the inner kernel has step 1 and the kernel step `filters`. The latter is -1 beyond the kernel.
  template <class Body>
  void each_tap(const ConvShape& s, Body&& body) const {
    const Index taps = y.taps * x.taps;
    parallel_for(taps * count(), byte_work(8.0 * static_cast<double>(inner.kernel_size())), [&](Index task, int) {
      const Index v = task / count(), r = task % count();
      const Index ky = y.tap(v / x.taps, r / x.stride), kx = x.tap(v % x.taps, r % x.stride);
      const bool inside = ky < s.kernel_h && kx < s.kernel_w;
      for (Index c = 0; c < s.filters; ++c)
        body((v * s.filters + c) * inner.filters + r * outputs,
             inside ? (ky * s.kernel_w + kx) * outputs * s.filters + c : -1);
    });
  }
};

void copy_kernel(const ConvShape& s, const Phases& phases, const Real* kernel, Real* inner) {
  phases.each_tap(s, [&](Index to, Index from) {
    for (Index f = 0; f < s.channels; ++f) inner[to + f] = from < 0 ? 0.0_r : kernel[from + f * s.filters];
  });
}

// Images whose inner results stay in the caches, but enough for all threads.
Index images_at_once(const ConvShape& inner) { return std::max<Index>(1, (Index{1} << 21) / inner.out_size()); }

double copy_work(Index size) { return byte_work(8.0 * static_cast<double>(size)); }

// Rows of positions of all images, a task each.
template <class Body>
void each_row(const Phases& phases, Index images, Body&& body) {
  parallel_for(images * phases.y.count, copy_work(images * phases.inner.out_size()),
               [&](Index task, int) { body(task / phases.y.count, task % phases.y.count); });
}

}  // namespace

bool subpixel_serves(const ConvShape& s) {
  // Dilated taps have no phase of their own.
  if (s.stride_h * s.stride_w == 1 || s.dilation_h != 1 || s.dilation_w != 1 || s.groups != 1 || s.channels < 16 ||
      s.filters < 16 || s.kernel_h < s.stride_h || s.kernel_w < s.stride_w)
    return false;
  return s.work() >= kWinogradGain * winograd_work(Phases(s).inner);
}

Index subpixel_packed_size(const ConvShape& s) { return winograd_packed_size(Phases(s).inner); }

Index subpixel_pack_scratch_size(const ConvShape& s) { return Phases(s).inner.kernel_size(); }

void subpixel_pack(const ConvShape& s, const Real* kernel, Real* packed, Real* scratch) {
  const Phases phases(s);
  copy_kernel(s, phases, kernel, scratch);
  winograd_pack(phases.inner, scratch, packed);
}

Index subpixel_scratch_size(const ConvShape& s, Index capacity, int threads) {
  const ConvShape inner = Phases(s).inner;
  return std::min(capacity, images_at_once(inner)) * inner.out_size() + threads * winograd_scratch_size(inner);
}

void subpixel_forward(const ConvShape& s, Index images, const Real* x, const Real* packed, const Epilogue& epilogue,
                      Real* y, Real* scratch) {
  const Phases phases(s);
  const ConvShape& inner = phases.inner;
  const Index at_once = std::min(images, images_at_once(inner)), row = phases.x.count * inner.filters;
  Real* windows = scratch + at_once * inner.out_size();
  for (Index done = 0; done < images; done += at_once) {
    const Index count = std::min(at_once, images - done);
    winograd_forward(inner, count, x + done * inner.in_size(), packed, nullptr, {}, scratch, windows);
    each_row(phases, count, [&](Index image, Index j) {
      const Real* from = scratch + image * inner.out_size();
      Real* to = y + (done + image) * s.in_size();
      if (epilogue.activation != Activation::linear || epilogue.bias) {
        Real* values = scratch + image * inner.out_size() + j * row;
        for (Index p = 0; epilogue.bias && p < row; p += s.channels)
          for (Index f = 0; f < s.channels; ++f) values[p + f] += epilogue.bias[f];
        if (epilogue.activation != Activation::linear)
          activate(epilogue.activation, epilogue.parameters, values, values, row);
      }
      phases.each_pixel(j, j + 1, [&](Index offset, Index pixel) {
        if (pixel >= 0) std::copy_n(from + offset, s.channels, to + pixel);
      });
    });
  }
}

Index subpixel_exchanged_size(const ConvShape& s) { return winograd_exchanged_size(Phases(s).inner); }

void subpixel_pack_exchanged(const ConvShape& s, const Real* kernel, Real* packed, Real* scratch) {
  const Phases phases(s);
  copy_kernel(s, phases, kernel, scratch);
  winograd_pack_exchanged(phases.inner, scratch, packed);
}

Index subpixel_backward_scratch_size(const ConvShape& s, Index capacity, int threads) {
  const ConvShape inner = Phases(s).inner;
  return capacity * inner.out_size() + inner.kernel_size() + winograd_backward_scratch_size(inner, capacity, threads);
}

void subpixel_backward(const ConvShape& s, Index images, const Real* x, const Real* dy, const Real* exchanged, Real* dw,
                       Real* dx, Real* scratch) {
  const Phases phases(s);
  const ConvShape& inner = phases.inner;
  Real* inner_dy = scratch;
  Real* inner_dw = inner_dy + images * inner.out_size();
  each_row(phases, images, [&](Index image, Index j) {
    const Real* from = dy + image * s.in_size();
    Real* to = inner_dy + image * inner.out_size();
    phases.each_pixel(j, j + 1, [&](Index offset, Index pixel) {
      if (pixel >= 0)
        std::copy_n(from + pixel, s.channels, to + offset);
      else
        std::fill_n(to + offset, s.channels, 0.0_r);
    });
  });
  winograd_backward(inner, images, x, inner_dy, exchanged, dw ? inner_dw : nullptr, nullptr, dx,
                    inner_dw + inner.kernel_size());
  if (dw == nullptr) return;
  phases.each_tap(s, [&](Index from, Index to) {
    for (Index f = 0; to >= 0 && f < s.channels; ++f) dw[to + f * s.filters] = inner_dw[from + f];
  });
}

}  // namespace fastnn::kernels
