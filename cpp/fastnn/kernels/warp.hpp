// Geometric transforms of images: affine maps (rotation, translation, zoom), flips, crops and resampling, each with its
// gradient. A call processes one image (height, width, channels) or one row of it; the caller runs calls in parallel.
//
// Pixel centres have integer coordinates and pixel (0, 0) is the upper left one, as in Keras.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

struct Picture {
  Index height, width, channels;
};

/// Values beyond the border: a constant, the pixel at the border, the image mirrored (d c b a | a b c d) or repeated.
enum class Fill { constant, nearest, reflect, wrap };

enum class Interpolation { nearest, bilinear };

/// Pixel (x, y) of the output is sampled at (a x + b y + c, d x + e y + f).
struct Affine {
  double a, b, c, d, e, f;
};

/// Sine and cosine of an angle in full turns. Quarter turns are exact, and libm is not used.
KERNEL(void, sine_cosine)(double turns, double* sine, double* cosine);

/// y = x transformed by the map.
KERNEL(void, warp)(const Picture& picture, const Affine& map, Interpolation interpolation, Fill fill, Real fill_value,
                   const Real* x, Real* y);

/// dx from dy: every output pixel adds to the pixels that it was sampled from, in the order of the output.
KERNEL(void, warp_gradient)(const Picture& picture, const Affine& map, Interpolation interpolation, Fill fill,
                            const Real* dy, Real* dx);

/// y = x mirrored left to right and top to bottom, as requested. It is its own gradient.
KERNEL(void, flip)(const Picture& picture, bool left_right, bool top_bottom, const Real* x, Real* y);

/// A rectangular part of an image.
struct Window {
  Index top, left, height, width;
};

/// y = the window of x; and dx from dy, 0 outside of the window.
KERNEL(void, crop)(const Picture& picture, const Window& window, const Real* x, Real* y);
KERNEL(void, crop_gradient)(const Picture& picture, const Window& window, const Real* dy, Real* dx);

/// Weights that resample one axis: output o is the sum over k < count[o] of
/// weight[o * most + k] times input first[o] + k, plus outside[o] times the value beyond the border.
struct Taps {
  const Index* first;
  const Index* count;
  const Real* weight;
  const Real* outside;
  Index most;
};

/// Row `row` of the resampled picture, of `width` pixels. `scratch` holds one row of x.
KERNEL(void, resample_row)(const Picture& picture, const Taps& rows, const Taps& columns, Index row, Index width,
                           Real fill_value, const Real* x, Real* scratch, Real* y);

/// dx from dy, which is of (height, width) pixels. `scratch` holds one row of dx.
KERNEL(void, resample_gradient)(const Picture& picture, const Taps& rows, const Taps& columns, Index height,
                                Index width, const Real* dy, Real* scratch, Real* dx);

}  // namespace fastnn::kernels
