// Connectionist temporal classification (Graves et al., 2006): the probability of a sequence of labels under all its
// alignments with the steps of an output, of one sample, in log space and double precision.
#pragma once

#include <cstdint>

#include "fastnn/kernels/kernel.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn::kernels {

/// One sample: scores (steps, classes) before the softmax, the labels, and the class that stands for "no label".
struct CtcSample {
  const Real* scores;
  const std::int32_t* labels;
  Index steps, label_count, classes, blank;
};

/// Doubles of scratch memory for a sample of at most these sizes.
KERNEL(Index, ctc_scratch_size)(Index steps, Index label_count, Index classes);

/// The negative logarithm of the probability; NaN where a label is not a class.
KERNEL(Real, ctc)(const CtcSample& sample, double* scratch);

/// The gradient with respect to the scores, times `factor`; the rows of `gradient` after `steps` are the caller's.
KERNEL(void, ctc_gradient)(const CtcSample& sample, Real factor, double* scratch, Real* gradient);

}  // namespace fastnn::kernels
