// The arguments of products along the last axes of an input, and the shapes that they make: (batch, ..., features) times a
// kernel (features, outputs). Several axes may be contracted, and several made.
#pragma once

#include <string>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/error.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn {

class DenseArguments {
 public:
  explicit DenseArguments(const Config& config)
      : use_bias_(config.flag("use_bias", true)),
        contracted_(static_cast<std::size_t>(config.integer("contracted", 1))),
        outputs_(config.has("output_shape") ? config.integers("output_shape") : Shape{config.integer("units")}) {
    for (Index units : outputs_) require(units >= 1, "units expects a positive integer, got ", units);
    units_ = volume(outputs_);
  }

  /// Checks the inputs; returns the description of the output.
  Spec place(const std::string& who, const std::vector<Spec>& inputs) {
    require(inputs.size() == 1, who, " expects one input, got ", inputs.size());
    const Spec& input = inputs[0];
    require(input.dtype == DType::real, who, " expects a ", kReal, " input, got ", name_of(input.dtype));
    require(input.shape.size() > contracted_, who, " expects (batch, ..., features), got ", to_string(input.shape),
            "; give its input a last axis of features");
    const auto first = input.shape.end() - static_cast<Index>(contracted_);
    summed_ = Shape(first, input.shape.end());
    features_ = volume(summed_);
    require(features_ >= 1, who, " expects a known, positive number of features in the last axis, got ",
            to_string(input.shape));
    positions_ = volume(input.shape, 1) / features_;
    Spec output{Shape(input.shape.begin(), first), DType::real};
    output.shape.insert(output.shape.end(), outputs_.begin(), outputs_.end());
    return output;
  }

  bool use_bias() const { return use_bias_; }
  /// The axes that are summed over, and those that are made.
  const Shape& summed() const { return summed_; }
  const Shape& outputs() const { return outputs_; }
  Index features() const { return features_; }
  Index units() const { return units_; }
  /// Rows of the product for each row of the batch.
  Index positions() const { return positions_; }
  Shape kernel_shape() const {
    Shape kernel = summed_;
    kernel.insert(kernel.end(), outputs_.begin(), outputs_.end());
    return kernel;
  }

 private:
  bool use_bias_;
  std::size_t contracted_;
  Shape outputs_, summed_;
  Index units_ = 1, features_ = 0, positions_ = 1;
};

}  // namespace fastnn
