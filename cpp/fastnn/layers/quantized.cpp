// Layers whose weights are integers of 8 bits: products of quantized rows with a quantized kernel. The integers do not learn; gradients pass through them as through the floats for which they stand.

#include "fastnn/dense_arguments.hpp"
#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/gemm_int8.hpp"
#include "fastnn/quantization.hpp"

namespace fastnn {
namespace {

class QuantizedDense : public FusingLayer {
 public:
  QuantizedDense(const std::string& kind, const std::string& name, const Config& config)
      : FusingLayer(kind, name),
        arguments_(config),
        quantized_(config),
        use_bias_(arguments_.use_bias()),
        transposed_(config.flag("transposed", false)),
        units_(arguments_.units()) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    const Spec output = arguments_.place(who(), inputs);
    features_ = arguments_.features();
    positions_ = arguments_.positions();
    quantized_.check(who(), features_, units_);
    Shape kernel = arguments_.kernel_shape();
    if (transposed_) {
      const Shape& summed = arguments_.summed();
      kernel = arguments_.outputs();
      kernel.insert(kernel.end(), summed.begin(), summed.end());
    }
    Signature signature{{output}, quantized_.weights(kernel)};
    if (use_bias_) signature.weights.push_back({"bias", arguments_.outputs()});
    return signature;
  }

  void book(Booking& booking) const override {
    const Index rows = booking.capacity() * positions_;
    if (quantized_.sums_integers()) {
      booking.book<std::int8_t>(kPanels, Life::plan, kernels::int8_packed_size(features_, units_));
      booking.book<std::int8_t>(kRows, Life::forward, kernels::int8_rows_size(rows, features_));
      booking.book(kScales, Life::forward, rows);
    } else {
      booking.book(kFloatPanels, Life::plan, kernels::packed_size(features_, units_));
    }
    const bool gradient = booking.backward() && booking.input_gradient();
    if (gradient || !quantized_.sums_integers()) booking.book(kKernel, Life::plan, features_ * units_);
    if (booking.backward()) booking.book(kScratch, Life::backward, kernels::gemm_tn_scratch(0, units_, rows));
    if (gradient) booking.book(kTransposed, Life::plan, kernels::packed_size(units_, features_));
  }

  double multiply_adds() const override {
    return static_cast<double>(positions_ * features_) * static_cast<double>(units_);
  }
  std::string algorithm() const override { return quantized_.algorithm(); }

  void prepare(const Context& context) const override {
    const auto* const kernel = context.weight<std::int8_t>(0);
    const float* const scales = context.weight(1);
    const Index row = transposed_ ? 1 : units_, column = transposed_ ? features_ : 1;
    if (quantized_.sums_integers())
      kernels::pack_int8(kernel, row, column, features_, units_, context.buffer<std::int8_t>(kPanels));
    if (!context.has(kKernel)) return;
    float* const floats = context.buffer(kKernel);
    if (transposed_)
      for (Index j = 0; j < units_; ++j)
        kernels::dequantize(kernel + j * features_, features_, scales[j], floats + j * features_);
    else
      kernels::dequantize_columns(kernel, features_, units_, scales, floats);
    if (!quantized_.sums_integers())
      kernels::pack(floats, row, column, features_, units_, context.buffer(kFloatPanels));
    if (context.has(kTransposed)) kernels::pack(floats, column, row, units_, features_, context.buffer(kTransposed));
  }

  void forward(const Context& context) const override {
    const Index rows = context.rows() * positions_;
    const kernels::Epilogue end = epilogue(use_bias_ ? context.weight(2) : nullptr);
    if (!quantized_.sums_integers())
      return kernels::gemm(context.input(), features_, rows, features_, context.buffer(kFloatPanels), units_,
                           context.output(), units_, end);
    auto* const quantized = context.buffer<std::int8_t>(kRows);
    float* const scales = context.buffer(kScales);
    kernels::quantize_rows(context.input(), features_, rows, features_, quantized_.rule(), quantized, scales);
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

  DenseArguments arguments_;
  Quantization quantized_;
  bool use_bias_, transposed_;
  Index units_, features_ = 0, positions_ = 1;
};

const bool registered = register_layer_class<QuantizedDense>("QuantizedDense");

}  // namespace
}  // namespace fastnn
