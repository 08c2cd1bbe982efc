// Convolutions whose kernel is integers of 8 bits: products of quantized windows with a quantized kernel. As in QuantizedDense, gradients pass through the integers as through the floats for which they stand.

#include "fastnn/convolution_arguments.hpp"
#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/conv_int8.hpp"
#include "fastnn/quantization.hpp"

namespace fastnn {
namespace {

template <std::size_t kRank>
class QuantizedConvolution : public FusingLayer {
 public:
  QuantizedConvolution(const std::string& kind, const std::string& name, const Config& config)
      : FusingLayer(kind, name), arguments_(config, kRank), quantized_(config), use_bias_(arguments_.use_bias()) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    const Spec output = arguments_.place(who(), inputs);
    shape_ = arguments_.shape();
    filters_ = arguments_.filters();
    terms_ = shape_.terms();
    require(shape_.plane.groups == 1, who(), " expects groups=1 for a kernel of integers, got ", shape_.plane.groups);
    quantized_.check(who(), terms_, filters_);
    Signature signature{{output}, quantized_.weights(arguments_.kernel_shape())};
    if (use_bias_) signature.weights.push_back({"bias", {filters_}});
    return signature;
  }

  void book(Booking& booking) const override {
    book_folded(booking, 1, filters_, Life::plan);
    const int threads = booking.threads();
    if (quantized_.sums_integers()) {
      const Index block = kernels::conv_int8_block(shape_, booking.capacity(), threads);
      booking.book<std::int8_t>(kPanels, Life::plan, kernels::int8_packed_size(terms_, filters_));
      booking.book<std::int8_t>(kIntegers, Life::forward, kernels::int8_rows_size(block, terms_));
      booking.book(kScales, Life::forward, block);
      booking.book(kFloats, Life::forward, threads * kernels::conv_int8_scratch_size(shape_));
    } else {
      booking.book(kPacked, Life::plan, kernels::conv3d_packed_size(shape_));
      booking.book(kFloats, Life::forward, threads * kernels::conv3d_scratch_size(shape_));
    }
    const bool gradient = booking.backward() && booking.input_gradient();
    if (gradient || !quantized_.sums_integers()) booking.book(kKernel, Life::plan, shape_.kernel_size());
    if (booking.backward())
      booking.book(kSums, Life::backward,
                   kernels::conv3d_kernel_gradient_scratch_size(shape_, booking.capacity(), threads));
    if (!gradient) return;
    booking.book(kTurned, Life::plan, kernels::conv3d_turned_size(shape_));
    booking.book(kTurnedFloats, Life::backward, threads * kernels::conv3d_input_gradient_scratch_size(shape_));
  }

  double multiply_adds() const override { return shape_.work(); }
  std::string algorithm() const override { return quantized_.algorithm(); }

  void prepare(const Context& context) const override {
    const auto* const kernel = context.weight<std::int8_t>(0);
    // A scale divides what a factor would multiply; over zero it is infinite, and the output that of the bias alone.
    if (const float* const factors = prepare_factors(context, use_bias_ ? 3 : 2, filters_, use_bias_))
      for (Index j = 0; j < filters_; ++j) scaled(context)[j] = context.weight(1)[j] / factors[j];
    if (quantized_.sums_integers())
      kernels::pack_int8(kernel, filters_, 1, terms_, filters_, context.buffer<std::int8_t>(kPanels));
    if (!context.has(kKernel)) return;
    float* const floats = context.buffer(kKernel);
    if (context.has(kPacked)) {
      kernels::dequantize_columns(kernel, terms_, filters_, scales(context), floats);
      kernels::conv3d_pack(shape_, floats, context.buffer(kPacked));
    }
    if (!context.has(kTurned)) return;
    kernels::dequantize_columns(kernel, terms_, filters_, context.weight(1), floats);
    kernels::conv3d_pack_turned(shape_, floats, context.buffer(kTurned));
  }

  void forward(const Context& context) const override {
    const kernels::Epilogue end = folded_epilogue(context, use_bias_, 2);
    const Index images = context.rows();
    if (!quantized_.sums_integers())
      return kernels::conv3d_forward(shape_, images, context.input(), context.buffer(kPacked), end, context.output(),
                                     context.buffer(kFloats));
    const Index block = kernels::conv_int8_block(shape_, images, context.threads());
    kernels::conv_int8_forward(
        shape_, images, context.input(), quantized_.rule(), context.buffer<std::int8_t>(kPanels), scales(context), end,
        context.output(), block,
        {context.buffer<std::int8_t>(kIntegers), context.buffer(kScales), context.buffer(kFloats)});
  }

  void backward(const Context& context) const override {
    backward_through_fused(context, context.rows() * shape_.out_size());
    const float* const dy = context.output_gradient();
    if (float* const db = use_bias_ ? context.weight_gradient(2) : nullptr)
      kernels::conv3d_kernel_gradient(shape_, context.rows(), context.input(), dy, nullptr, db, context.buffer(kSums));
    if (float* const dx = context.input_gradient())
      kernels::conv3d_input_gradient(shape_, context.rows(), dy, context.buffer(kTurned), {}, dx,
                                     context.buffer(kTurnedFloats));
  }

 private:
  enum : std::size_t { kPanels, kIntegers, kScales, kFloats, kPacked, kKernel, kSums, kTurned, kTurnedFloats };

  bool folds() const override { return true; }
  const float* scales(const Context& context) const { return folded() ? scaled(context) : context.weight(1); }

  ConvolutionArguments arguments_;
  Quantization quantized_;
  bool use_bias_;
  kernels::Conv3DShape shape_ = {};
  Index filters_ = 1, terms_ = 1;
};

const bool registered = register_layer_class<QuantizedConvolution<1>>("QuantizedConv1D") &&
                        register_layer_class<QuantizedConvolution<2>>("QuantizedConv2D") &&
                        register_layer_class<QuantizedConvolution<3>>("QuantizedConv3D");

}  // namespace
}  // namespace fastnn
