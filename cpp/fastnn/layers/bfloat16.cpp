// Dense and EinsumDense with products of bfloat16: inputs, kernels and gradients are rounded where they are multiplied, sums
// and all else are floats. The kernel may be held in bfloat16, too.
#include <algorithm>

#include "fastnn/bfloat16.hpp"
#include "fastnn/dense_arguments.hpp"
#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/gemm_bfloat16.hpp"

namespace fastnn {
namespace {

using kernels::Bfloat16Pair;

class Bfloat16Dense : public FusingLayer {
 public:
  Bfloat16Dense(const std::string& kind, const std::string& name, const Config& config)
      : FusingLayer(kind, name),
        arguments_(config),
        use_bias_(arguments_.use_bias()),
        held_(held_dtype(config)),
        units_(arguments_.units()) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    Signature signature{{arguments_.place(who(), inputs)}, {{"kernel", arguments_.kernel_shape(), true, held_}}};
    features_ = arguments_.features();
    if (use_bias_) signature.weights.push_back({"bias", arguments_.outputs()});
    return signature;
  }

  void book(Booking& booking) const override {
    const Index rows = booking.capacity() * arguments_.positions();
    booking.book<Bfloat16Pair>(kPanels, Life::plan, kernels::bfloat16_packed_size(features_, units_));
    booking.book<Bfloat16Pair>(kRows, Life::forward, kernels::bfloat16_rows_size(rows, features_));
    if (!booking.backward()) return;
    booking.book<Bfloat16Pair>(kTurned, Life::backward, kernels::bfloat16_rows_size(features_, rows));
    booking.book<Bfloat16Pair>(kGradientPanels, Life::backward, kernels::bfloat16_packed_size(rows, units_));
    booking.book(kSums, Life::backward, kernels::gemm_tn_scratch(0, units_, rows));
    if (!booking.input_gradient()) return;
    booking.book<Bfloat16Pair>(kTransposed, Life::plan, kernels::bfloat16_packed_size(units_, features_));
    booking.book<Bfloat16Pair>(kGradientRows, Life::backward, kernels::bfloat16_rows_size(rows, units_));
  }

  double multiply_adds() const override {
    return static_cast<double>(arguments_.positions() * features_) * static_cast<double>(units_);
  }
  std::string algorithm() const override { return "bfloat16"; }

  void prepare(const Context& context) const override {
    if (held_ == DType::bfloat16)
      pack(context, context.weight<Bfloat16>(0));
    else
      pack(context, context.weight(0));
  }

  void forward(const Context& context) const override {
    const Index rows = context.rows() * arguments_.positions();
    auto* const rounded = context.buffer<Bfloat16Pair>(kRows);
    kernels::round_rows(context.input(), features_, 1, rows, features_, rounded);
    kernels::gemm_bfloat16(rounded, rows, features_, context.buffer<Bfloat16Pair>(kPanels), units_, context.output(),
                           units_, epilogue(use_bias_ ? context.weight(1) : nullptr));
  }

  void backward(const Context& context) const override {
    const Index rows = context.rows() * arguments_.positions();
    const float* const dy = context.output_gradient();
    backward_through_fused(context, rows * units_);
    if (float* const dw = context.weight_gradient(0)) {
      auto* const turned = context.buffer<Bfloat16Pair>(kTurned);
      auto* const panels = context.buffer<Bfloat16Pair>(kGradientPanels);
      kernels::round_rows(context.input(), 1, features_, features_, rows, turned);
      kernels::pack_bfloat16(dy, units_, 1, rows, units_, panels);
      kernels::gemm_bfloat16(turned, features_, rows, panels, units_, dw, units_, {});
    }
    if (float* const db = use_bias_ ? context.weight_gradient(1) : nullptr)
      kernels::gemm_tn(context.input(), features_, dy, units_, rows, Index{0}, units_, nullptr, units_, db,
                       context.buffer(kSums));
    if (float* const dx = context.input_gradient()) {
      auto* const rounded = context.buffer<Bfloat16Pair>(kGradientRows);
      kernels::round_rows(dy, units_, 1, rows, units_, rounded);
      kernels::gemm_bfloat16(rounded, rows, units_, context.buffer<Bfloat16Pair>(kTransposed), features_, dx, features_,
                             {});
    }
  }

 private:
  enum : std::size_t { kPanels, kRows, kTurned, kGradientPanels, kSums, kTransposed, kGradientRows };

  template <class T>
  void pack(const Context& context, const T* kernel) const {
    kernels::pack_bfloat16(kernel, units_, 1, features_, units_, context.buffer<Bfloat16Pair>(kPanels));
    if (context.has(kTransposed))
      kernels::pack_bfloat16(kernel, 1, units_, units_, features_, context.buffer<Bfloat16Pair>(kTransposed));
  }

  DenseArguments arguments_;
  bool use_bias_;
  DType held_;
  Index units_, features_ = 0;
};

const bool registered =
    register_layer_class<Bfloat16Dense>("Bfloat16Dense") && register_layer_class<Bfloat16Dense>("Bfloat16EinsumDense");

}  // namespace
}  // namespace fastnn
