// Batch normalisation: moments of channels, the sweep that normalises, and the gradients of both.
//
// An array is seen as (outer, channels, inner) and cut over outer into chunks of fixed length. What a chunk gives is
// put together in ascending order in double, so the sums are the same on any number of threads.
#pragma once

#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

struct NormView {
  Index outer, channels, inner;
};

/// Of x[begin..end): each channel's mean, and its sum of squared distances from that mean.
void moments(const NormView&, const float* x, Index begin, Index end, float* mean, float* squares);

/// The mean and biased variance of the whole from those of its chunks (Chan, Golub and LeVeque): `parts` holds, chunk
/// after chunk, the means and the squares of all channels; each chunk has `chunk` of the outer index, the last the
/// rest.
void combine_moments(const NormView&, Index chunk, const float* parts, float* mean, float* variance);

/// y = (x - mean) * scale + shift.
void normalize(const NormView&, const float* x, Index begin, Index end, const float* mean, const float* scale,
               const float* shift, float* y);

/// Each channel's sum of dy, and of dy * (x - mean).
void gradient_sums(const NormView&, const float* x, const float* dy, Index begin, Index end, const float* mean,
                   float* sum, float* product);

/// The two sums of the whole from those of its chunks, laid out as for combine_moments.
void combine_sums(const NormView&, Index chunk, const float* parts, float* sum, float* product);

/// dx = dy * scale + shift + (x - mean) * bend; the last two terms are left out where bend is null.
void normalize_backward(const NormView&, const float* x, const float* dy, Index begin, Index end, const float* mean,
                        const float* scale, const float* shift, const float* bend, float* dx);

}  // namespace fastnn::kernels
