// Layers whose weights are integers of 8 bits: products of quantized rows with a quantized kernel. The integers do not learn; gradients pass through them as through the floats for which they stand.

#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/gemm_int8.hpp"

namespace fastnn {
namespace {

class QuantizedDense : public FusingLayer {
 public:
  QuantizedDense(const std::string& kind, const std::string& name, const Config& config)
      : FusingLayer(kind, name),
        use_bias_(config.flag("use_bias", true)),
        transposed_(config.flag("transposed", false)),
        sums_integers_(config.flag("sums_integers", true)),
        contracted_(static_cast<std::size_t>(config.integer("contracted", 1))),
        outputs_(config.integers("output_shape")),
        scale_shape_(config.integers("scale_shape")) {
    rule_.low = static_cast<float>(config.number("low", -127));
    rule_.high = static_cast<float>(config.number("high", 127));
    rule_.epsilon = static_cast<float>(config.number("epsilon", 1e-7));
    units_ = volume(outputs_);
    require(units_ >= 1 && volume(scale_shape_) == units_, "scale_shape expects a scale for each of ", units_,
            " outputs, got ", to_string(scale_shape_));
    require(rule_.low >= -128 && rule_.high <= 127 && rule_.low < rule_.high,
            "low and high expect a range within -128 and 127, got ", rule_.low, " and ", rule_.high);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    const Spec& input = inputs[0];
    require(input.dtype == DType::real, who(), " expects a ", kReal, " input, got ", name_of(input.dtype));
    require(input.shape.size() > contracted_, who(), " expects (batch, ..., features), got ", to_string(input.shape));
    const auto first = input.shape.end() - static_cast<Index>(contracted_);
    const Shape summed(first, input.shape.end());
    features_ = volume(summed);
    require(features_ >= 1 && (!sums_integers_ || features_ <= kernels::kMostInt8Steps), who(), " expects 1 to ",
            kernels::kMostInt8Steps, " features, got ", to_string(input.shape));
    positions_ = volume(input.shape, 1) / features_;
    Spec output{Shape(input.shape.begin(), first), DType::real};
    output.shape.insert(output.shape.end(), outputs_.begin(), outputs_.end());
    Shape kernel = transposed_ ? outputs_ : summed;
    const Shape& others = transposed_ ? summed : outputs_;
    kernel.insert(kernel.end(), others.begin(), others.end());
    Signature signature{{output}, {{"kernel", kernel, false, DType::int8}, {"kernel_scale", scale_shape_, false}}};
    if (use_bias_) signature.weights.push_back({"bias", outputs_});
    return signature;
  }

  void book(Booking& booking) const override {
    const Index rows = booking.capacity() * positions_;
    if (sums_integers_) {
      booking.book<std::int8_t>(kPanels, Life::plan, kernels::int8_packed_size(features_, units_));
      booking.book<std::int8_t>(kRows, Life::forward, kernels::int8_rows_size(rows, features_));
      booking.book(kScales, Life::forward, rows);
    } else {
      booking.book(kFloatPanels, Life::plan, kernels::packed_size(features_, units_));
    }
    const bool gradient = booking.backward() && booking.input_gradient();
    if (gradient || !sums_integers_) booking.book(kKernel, Life::plan, features_ * units_);
    if (booking.backward()) booking.book(kScratch, Life::backward, kernels::gemm_tn_scratch(0, units_, rows));
    if (gradient) booking.book(kTransposed, Life::plan, kernels::packed_size(units_, features_));
  }

  double multiply_adds() const override {
    return static_cast<double>(positions_ * features_) * static_cast<double>(units_);
  }
  std::string algorithm() const override { return sums_integers_ ? "int8" : "dequantized"; }

  void prepare(const Context& context) const override {
    const auto* const kernel = context.weight<std::int8_t>(0);
    const float* const scales = context.weight(1);
    const Index row = transposed_ ? 1 : units_, column = transposed_ ? features_ : 1;
    if (sums_integers_)
      kernels::pack_int8(kernel, row, column, features_, units_, context.buffer<std::int8_t>(kPanels));
    if (!context.has(kKernel)) return;
    float* const floats = context.buffer(kKernel);
    if (transposed_)
      for (Index j = 0; j < units_; ++j)
        kernels::dequantize(kernel + j * features_, features_, scales[j], floats + j * features_);
    else
      kernels::dequantize_columns(kernel, features_, units_, scales, floats);
    if (!sums_integers_) kernels::pack(floats, row, column, features_, units_, context.buffer(kFloatPanels));
    if (context.has(kTransposed)) kernels::pack(floats, column, row, units_, features_, context.buffer(kTransposed));
  }

  void forward(const Context& context) const override {
    const Index rows = context.rows() * positions_;
    const kernels::Epilogue end = epilogue(use_bias_ ? context.weight(2) : nullptr);
    if (!sums_integers_)
      return kernels::gemm(context.input(), features_, rows, features_, context.buffer(kFloatPanels), units_,
                           context.output(), units_, end);
    auto* const quantized = context.buffer<std::int8_t>(kRows);
    float* const scales = context.buffer(kScales);
    kernels::quantize_rows(context.input(), features_, rows, features_, rule_, quantized, scales);
    kernels::gemm_int8(quantized, scales, rows, features_, context.buffer<std::int8_t>(kPanels), context.weight(1),
                       units_, context.output(), units_, end);
  }

  void backward(const Context& context) const override {
    const Index rows = context.rows() * positions_;
    const float* dy = context.output_gradient();
    backward_through_fused(context, rows * units_);
    if (float* db = use_bias_ ? context.weight_gradient(2) : nullptr)
      kernels::gemm_tn(context.input(), features_, dy, units_, rows, Index{0}, units_, nullptr, units_, db,
                       context.buffer(kScratch));
    if (float* dx = context.input_gradient())
      kernels::gemm(dy, units_, rows, units_, context.buffer(kTransposed), features_, dx, features_, {});
  }

 private:
  enum : std::size_t { kPanels, kRows, kScales, kFloatPanels, kScratch, kKernel, kTransposed };

  bool use_bias_, transposed_, sums_integers_;
  std::size_t contracted_;
  Shape outputs_, scale_shape_;
  kernels::Int8Rule rule_;
  Index units_ = 1, features_ = 0, positions_ = 1;
};

const bool registered = register_layer_class<QuantizedDense>("QuantizedDense");

}  // namespace
}  // namespace fastnn
