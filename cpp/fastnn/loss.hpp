// What losses and metrics have in common: two inputs, (y_true, y_pred), and one number for each sample.
#pragma once

#include <vector>

#include "fastnn/layer.hpp"

namespace fastnn {

/// How a loss or metric sees y_pred: `groups` rows of `size` values to a sample, one result each.
struct TargetView {
  Index groups = 1, size = 1;
  Spec result;
};

/// Checks (y_true, y_pred): floats of the same shape or, when `sparse`, int32 labels without the last dimension of
/// y_pred. A trailing dimension of 1 may be there or not. Raises ValueError in the name of `who`.
TargetView view_targets(const std::string& who, const std::vector<Spec>& inputs, bool sparse);

}  // namespace fastnn
