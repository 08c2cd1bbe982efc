// What layers with a kernel of 8 bits have in common: how rows become integers, and the scales of the outputs.
#pragma once

#include <string>
#include <vector>

#include "fastnn/config.hpp"
#include "fastnn/error.hpp"
#include "fastnn/kernels/gemm_int8.hpp"
#include "fastnn/layer.hpp"

namespace fastnn {

class Quantization {
 public:
  explicit Quantization(const Config& config)
      : sums_integers_(config.flag("sums_integers", true)), scale_shape_(config.integers("scale_shape")) {
    rule_.low = static_cast<float>(config.number("low", -127));
    rule_.high = static_cast<float>(config.number("high", 127));
    rule_.epsilon = static_cast<float>(config.number("epsilon", 1e-7));
    require(rule_.low >= -128 && rule_.high <= 127 && rule_.low < rule_.high,
            "low and high expect a range within -128 and 127, got ", rule_.low, " and ", rule_.high);
  }

  /// Checks the number of products in a sum, and that each output has a scale.
  void check(const std::string& who, Index terms, Index outputs) const {
    require(volume(scale_shape_) == outputs, "scale_shape expects a scale for each of ", outputs, " outputs, got ",
            to_string(scale_shape_));
    require(terms >= 1 && (!sums_integers_ || terms <= kernels::kMostInt8Steps), who, " expects sums of 1 to ",
            kernels::kMostInt8Steps, " products, got ", terms);
  }

  /// The integers and their scales.
  std::vector<WeightSpec> weights(const Shape& kernel) const {
    return {{"kernel", kernel, false, DType::int8}, {"kernel_scale", scale_shape_, false}};
  }

  /// True where products are those of integers; False: of the floats for which they stand.
  bool sums_integers() const { return sums_integers_; }
  const kernels::Int8Rule& rule() const { return rule_; }
  std::string algorithm() const { return sums_integers_ ? "int8" : "dequantized"; }

 private:
  bool sums_integers_;
  Shape scale_shape_;
  kernels::Int8Rule rule_;
};

}  // namespace fastnn
