// Pictures looked at anew: turned, moved and zoomed by an affine map, flipped, resampled to another size; each with its
// gradient. One picture (height, width, channels) a call, or one row of it: what may run at once is the caller's to say.
//
// Pixel centres have whole coordinates and pixel (0, 0) is the upper left one, as in Keras.
#pragma once

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

struct Picture {
  Index height, width, channels;
};

/// What lies beyond the border: one value, the pixel at the border, the picture mirrored (d c b a | a b c d), or again.
enum class Fill { constant, nearest, reflect, wrap };

enum class Interpolation { nearest, bilinear };

/// Where the pixel (x, y) of the output is looked up: at (a x + b y + c, d x + e y + f).
struct Affine {
  double a, b, c, d, e, f;
};

/// Sine and cosine of an angle given in full turns. Quarters of a turn are exact, and no library of the machine is asked.
KERNEL(void, sine_cosine)(double turns, double* sine, double* cosine);

/// y = x seen through the map.
KERNEL(void, warp)(const Picture& picture, const Affine& map, Interpolation interpolation, Fill fill, float fill_value,
                   const float* x, float* y);

/// dx from dy: every output pixel gives to the pixels it was looked up from, in the order of the output.
KERNEL(void, warp_gradient)(const Picture& picture, const Affine& map, Interpolation interpolation, Fill fill,
                            const float* dy, float* dx);

/// y = x mirrored left to right and top to bottom, where asked. It is its own gradient.
KERNEL(void, flip)(const Picture& picture, bool left_right, bool top_bottom, const float* x, float* y);

/// A part of a picture, and where it begins.
struct Window {
  Index top, left, height, width;
};

/// y = the window of x; and dx from dy, 0 outside of the window.
KERNEL(void, crop)(const Picture& picture, const Window& window, const float* x, float* y);
KERNEL(void, crop_gradient)(const Picture& picture, const Window& window, const float* dy, float* dx);

/// How the sizes along one axis are made from another number of them: output o is the sum over k < count[o] of
/// weight[o * most + k] times input first[o] + k, plus outside[o] times the value beyond the border.
struct Taps {
  const Index* first;
  const Index* count;
  const float* weight;
  const float* outside;
  Index most;
};

/// Row `row` of the resampled picture, of `width` pixels. `scratch` holds one row of x.
KERNEL(void, resample_row)(const Picture& picture, const Taps& rows, const Taps& columns, Index row, Index width,
                           float fill_value, const float* x, float* scratch, float* y);

/// dx from dy, which is of (height, width) pixels. `scratch` holds one row of dx.
KERNEL(void, resample_gradient)(const Picture& picture, const Taps& rows, const Taps& columns, Index height,
                                Index width, const float* dy, float* scratch, float* dx);

}  // namespace fastnn::kernels
