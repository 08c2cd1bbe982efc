// Constraints of weights: limits that hold after each update.
#pragma once

#include "fastnn/variable.hpp"

namespace fastnn {

/// Applies the constraint of a weight in place.
void constrain(const Variable& weight);

}  // namespace fastnn
