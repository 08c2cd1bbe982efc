// Normalisation: moments of channels or of rows, the sweep that normalises, and the gradients of both.
//
// For channels an array is seen as (outer, channels, inner) and cut over outer into chunks of fixed length. The results of
// chunks are combined in ascending order in double, so the sums are the same on any number of threads. A row that is
// normalised by its own moments is contiguous, its lanes counted from its start.
#pragma once

#include <cstdint>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

struct NormView {
  Index outer, channels, inner;
};

/// Which runs of `inner` elements are included: a mask of positions, each of which has `run` consecutive runs. Without a mask
/// all are.
struct Counted {
  const std::uint8_t* mask = nullptr;
  Index run = 1;

  bool operator()(Index stretch) const { return mask == nullptr || mask[stretch / run] != 0; }
};

/// The mean of each channel of x[begin..end), and its sum of squared distances from that mean.
KERNEL(void, moments)(const NormView&, const Real* x, Index begin, Index end, Real* mean, Real* squares);

/// Total mean and biased variance from those of the chunks (Chan, Golub and LeVeque): `parts` holds, chunk
/// after chunk, the means and the squares of all channels; each chunk has `chunk` of the outer index, the last the
/// rest.
KERNEL(void, combine_moments)(const NormView&, Index chunk, const Real* parts, Real* mean, Real* variance);

/// The same over the included elements, with their number in each channel. The mean of none is 0.
KERNEL(void, masked_moments)(const NormView&, const Counted&, const Real* x, Index begin, Index end, Real* mean,
                             Real* squares, Real* counts);
/// `parts` holds the counts too, after the means and the squares; `counts` receives the totals.
KERNEL(void, combine_masked_moments)(const NormView&, Index chunk, const Real* parts, Real* mean, Real* variance,
                                     Real* counts);

/// y = (x - mean) * scale + shift.
KERNEL(void, normalize)(const NormView&, const Real* x, Index begin, Index end, const Real* mean, const Real* scale,
                        const Real* shift, Real* y);

/// Each channel's sum of dy, and of dy * (x - mean).
KERNEL(void, gradient_sums)(const NormView&, const Real* x, const Real* dy, Index begin, Index end, const Real* mean,
                            Real* sum, Real* product);

/// The two total sums from those of the chunks, laid out as for combine_moments.
KERNEL(void, combine_sums)(const NormView&, Index chunk, const Real* parts, Real* sum, Real* product);

/// dx = dy * scale + shift + (x - mean) * bend; the last two terms are left out where bend is null.
KERNEL(void, normalize_backward)(const NormView&, const Real* x, const Real* dy, Index begin, Index end,
                                 const Real* mean, const Real* scale, const Real* shift, const Real* bend, Real* dx);
/// The same with the last two terms only in included runs.
KERNEL(void, masked_normalize_backward)(const NormView&, const Counted&, const Real* x, const Real* dy, Index begin,
                                        Index end, const Real* mean, const Real* scale, const Real* shift,
                                        const Real* bend, Real* dx);

/// How a row is normalised: y = (x - shift) * inverse * gamma + beta.
struct RowNorm {
  Index size;
  bool shifted;   ///< shift is the row's mean, else 0
  bool centered;  ///< inverse comes from the distances to the mean, else from x itself
  bool length;    ///< inverse is one over the row's length; else one over the root of the mean square + epsilon
  Real epsilon;   ///< with `length`, the shortest length
};
struct RowMoments {
  Real mean, inverse;
};

KERNEL(RowMoments, row_moments)(const RowNorm&, const Real* x);

/// gamma and beta may be null; y may be x.
KERNEL(void, normalize_row)(const RowNorm&, const RowMoments&, const Real* x, const Real* gamma, const Real* beta,
                            Real* y);

/// Adds to dgamma and dbeta, writes dx; each may be null. dx may be x or dy.
KERNEL(void, normalize_row_backward)(const RowNorm&, const RowMoments&, const Real* x, const Real* dy,
                                     const Real* gamma, Real* dx, Real* dgamma, Real* dbeta);

/// to[c] = the sum of parts[p * stride + c] over p ascending, in double.
KERNEL(void, fold_parts)(const Real* parts, Index count, Index stride, Index size, Real* to);

}  // namespace fastnn::kernels
