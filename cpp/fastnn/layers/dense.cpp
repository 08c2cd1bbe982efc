// Dense: y = activation(x W + b) along the last axis. EinsumDense: the same with several contracted axes, several
// output axes, or both.
#include <algorithm>

#include "fastnn/dense_arguments.hpp"
#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/gemm.hpp"
#include "fastnn/kernels/gemm_narrow.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

class Dense : public FusingLayer {
 public:
  Dense(const std::string& kind, const std::string& name, const Config& config)
      : FusingLayer(kind, name), arguments_(config), use_bias_(arguments_.use_bias()), units_(arguments_.units()) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    Signature signature{{arguments_.place(who(), inputs)}, {{"kernel", arguments_.kernel_shape()}}};
    features_ = arguments_.features();
    positions_ = arguments_.positions();
    if (use_bias_) signature.weights.push_back({"bias", arguments_.outputs()});
    return signature;
  }

  void book(Booking& booking) const override {
    book_folded(booking, features_, units_, Life::forward);
    if (narrow())
      booking.book(kColumns, Life::plan, kernels::narrow_size(features_, units_));
    else if (booking.training() || features_ * units_ < kLarge)
      booking.book(kPanels, Life::plan, kernels::packed_size(features_, units_));
    else
      booking.book(kRows, Life::forward, kernels::gemm_unpacked_scratch(units_));
    if (!booking.backward()) return;
    const Index rows = booking.capacity() * positions_;
    booking.book(
        kScratch, Life::backward,
        std::max(kernels::gemm_tn_scratch(features_, units_, rows), kernels::gemm_tn_scratch(0, units_, rows)));
    if (booking.input_gradient()) booking.book(kTransposed, Life::plan, kernels::packed_size(units_, features_));
  }

  double multiply_adds() const override {
    return static_cast<double>(positions_ * features_) * static_cast<double>(units_);
  }

  void prepare(const Context& context) const override {
    prepare_folded(context, features_, units_, use_bias_);
    if (context.has(kColumns)) kernels::pack_narrow(kernel(context), features_, units_, context.buffer(kColumns));
    if (context.has(kPanels)) kernels::pack(kernel(context), units_, 1, features_, units_, context.buffer(kPanels));
    if (context.has(kTransposed))
      kernels::pack(context.weight(0), 1, units_, units_, features_, context.buffer(kTransposed));
  }

  void forward(const Context& context) const override {
    const kernels::Epilogue end = folded_epilogue(context, use_bias_);
    const Index rows = context.rows() * positions_;
    if (narrow())
      kernels::gemm_narrow(context.input(), rows, features_, context.buffer(kColumns), units_, context.output(), end);
    else if (context.has(kPanels))
      kernels::gemm(context.input(), features_, rows, features_, context.buffer(kPanels), units_, context.output(),
                    units_, end);
    else
      kernels::gemm_unpacked(context.input(), features_, rows, features_, context.weight(0), units_, context.output(),
                             units_, end, context.buffer(kRows));
  }

  void backward(const Context& context) const override {
    const Index rows = context.rows() * positions_;
    const Real* dy = context.output_gradient();
    backward_through_fused(context, rows * units_);
    Real* dw = context.weight_gradient(0);
    Real* db = use_bias_ ? context.weight_gradient(1) : nullptr;
    if (dw || db)
      kernels::gemm_tn(context.input(), features_, dy, units_, rows, dw ? features_ : 0, units_, dw, units_, db,
                       context.buffer(kScratch));
    if (Real* dx = context.input_gradient())
      kernels::gemm(dy, units_, rows, units_, context.buffer(kTransposed), features_, dx, features_, {});
  }

 private:
  // Weights of 32 MiB are packed block by block in prediction: a second copy would be most of what the model holds.
  static constexpr Index kLarge = Index{1} << 23;

  bool narrow() const { return features_ * units_ < kLarge && kernels::is_narrow(features_, units_); }

  bool folds() const override { return arguments_.outputs().size() == 1 && features_ * units_ < kLarge; }

  enum : std::size_t { kPanels, kColumns, kRows, kScratch, kTransposed };

  DenseArguments arguments_;
  bool use_bias_;
  Index units_, features_ = 0, positions_ = 1;
};

}  // namespace

static const bool registered = register_layer_class<Dense>("Dense") && register_layer_class<Dense>("EinsumDense");

}  // namespace fastnn
