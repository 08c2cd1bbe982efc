// DepthwiseConv1D, DepthwiseConv2D: each channel is convolved separately. SeparableConv1D, SeparableConv2D: the same,
// followed by a product over the channels of each pixel. A sequence is an image of one row.
#include <algorithm>

#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/depthwise.hpp"
#include "fastnn/parallel.hpp"
#include "fastnn/window.hpp"

namespace fastnn {
namespace {

// Base of both kinds: windows, a depthwise kernel, and an activation.
template <std::size_t kRank>
class Channelwise : public FusingLayer {
 public:
  Channelwise(const std::string& kind, const std::string& name, const Config& config)
      : FusingLayer(kind, name), use_bias_(config.flag("use_bias", true)), windows_(config, kRank) {
    shape_.multiplier = config.integer("depth_multiplier", 1);
    require(shape_.multiplier >= 1, "depth_multiplier expects a positive integer, got ", shape_.multiplier);
  }

 protected:
  // Sets the geometry from the input and returns the output shape for `filters` filters.
  Shape place(const std::vector<Spec>& inputs, Index filters) {
    windows_.place(who());
    const WindowAxis &h = windows_.height(), &w = windows_.width();
    shape_ = {h.in,
              w.in,
              inputs[0].shape.back(),
              shape_.multiplier,
              h.out,
              w.out,
              h.size,
              w.size,
              h.stride,
              w.stride,
              h.dilation,
              w.dilation,
              h.before,
              w.before};
    return windows_.output_shape(inputs[0].shape[0], filters);
  }
  Index take_channels(const std::vector<Spec>& inputs) {
    windows_.take_input(who(), inputs);
    return inputs[0].shape.back();
  }
  Shape kernel_shape(Index channels) const {
    Shape kernel = windows_.each(&WindowAxis::size);
    kernel.insert(kernel.end(), {channels, shape_.multiplier});
    return kernel;
  }

  Index pixels(Index samples) const { return samples * shape_.out_h * shape_.out_w; }

  kernels::DepthwiseShape shape_ = {};
  bool use_bias_;

 private:
  Windows windows_;
};

template <std::size_t kRank>
class Depthwise : public Channelwise<kRank> {
 public:
  using Base = Channelwise<kRank>;
  using Base::Base, Base::shape_, Base::use_bias_, Base::pixels;

  Signature infer(const std::vector<Spec>& inputs) override {
    const Index channels = this->take_channels(inputs), filters = channels * shape_.multiplier;
    Signature signature;
    signature.outputs = {{this->place(inputs, filters)}};
    signature.weights = {{"kernel", this->kernel_shape(channels)}};
    if (use_bias_) signature.weights.push_back({"bias", {filters}});
    return signature;
  }

  double multiply_adds() const override { return shape_.work(); }

  void book(Booking& booking) const override {
    this->book_folded(booking, shape_.kernel_h * shape_.kernel_w, shape_.filters(), Life::plan);
    booking.book(kScratch, Life::forward, booking.threads() * kernels::depthwise_scratch_size(shape_));
    if (!booking.backward()) return;
    booking.book(
        kSums, Life::backward,
        std::max(kernels::depthwise_kernel_gradient_scratch_size(shape_, booking.capacity(), booking.threads()),
                 kernels::gemm_tn_scratch(0, shape_.filters(), pixels(booking.capacity()))));
    if (booking.input_gradient())
      booking.book(kTurnedScratch, Life::backward,
                   booking.threads() * kernels::depthwise_input_gradient_scratch_size(shape_));
  }

  void prepare(const Context& context) const override {
    this->prepare_folded(context, shape_.kernel_h * shape_.kernel_w, shape_.filters(), use_bias_);
  }

  void forward(const Context& context) const override {
    kernels::depthwise_forward(shape_, context.rows(), context.input(), this->kernel(context),
                               this->folded_epilogue(context, use_bias_), context.output(), context.buffer(kScratch));
  }

  void backward(const Context& context) const override {
    this->backward_through_fused(context, context.rows() * shape_.out_size());
    const Real* dy = context.output_gradient();
    if (Real* dw = context.weight_gradient(0))
      kernels::depthwise_kernel_gradient(shape_, context.rows(), context.input(), dy, dw, context.buffer(kSums));
    if (Real* db = use_bias_ ? context.weight_gradient(1) : nullptr)
      kernels::gemm_tn(nullptr, 0, dy, shape_.filters(), pixels(context.rows()), 0, shape_.filters(), nullptr, 0, db,
                       context.buffer(kSums));
    if (Real* dx = context.input_gradient())
      kernels::depthwise_input_gradient(shape_, context.rows(), dy, context.weight(0), dx,
                                        context.buffer(kTurnedScratch));
  }

 private:
  bool folds() const override { return true; }

  enum : std::size_t { kScratch, kSums, kTurnedScratch };
};

template <std::size_t kRank>
class Separable : public Channelwise<kRank> {
 public:
  using Base = Channelwise<kRank>;
  using Base::shape_, Base::use_bias_, Base::pixels;

  Separable(const std::string& kind, const std::string& name, const Config& config)
      : Base(kind, name, config), filters_(config.integer("filters")) {
    require(filters_ >= 1, "filters expects a positive integer, got ", filters_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    const Index channels = this->take_channels(inputs);
    Shape pointwise(kRank, 1);
    pointwise.insert(pointwise.end(), {channels * shape_.multiplier, filters_});
    Signature signature;
    signature.outputs = {{this->place(inputs, filters_)}};
    signature.weights = {{"depthwise_kernel", this->kernel_shape(channels)}, {"pointwise_kernel", pointwise}};
    if (use_bias_) signature.weights.push_back({"bias", {filters_}});
    return signature;
  }

  double multiply_adds() const override {
    return shape_.work() + static_cast<double>(pixels(1) * shape_.filters() * filters_);
  }

  void book(Booking& booking) const override {
    const Index between = shape_.filters(), rows = pixels(booking.capacity());
    booking.book(kBetween, booking.backward() ? Life::step : Life::forward, rows * between);
    booking.book(kPanels, Life::plan, kernels::packed_size(between, filters_));
    booking.book(kScratch, Life::forward, booking.threads() * kernels::depthwise_scratch_size(shape_));
    if (!booking.backward()) return;
    booking.book(kGradient, Life::backward, rows * between);
    booking.book(kTransposed, Life::plan, kernels::packed_size(filters_, between));
    booking.book(
        kSums, Life::backward,
        std::max({kernels::depthwise_kernel_gradient_scratch_size(shape_, booking.capacity(), booking.threads()),
                  kernels::gemm_tn_scratch(between, filters_, rows), kernels::gemm_tn_scratch(0, filters_, rows)}));
    if (booking.input_gradient())
      booking.book(kTurnedScratch, Life::backward,
                   booking.threads() * kernels::depthwise_input_gradient_scratch_size(shape_));
  }

  void prepare(const Context& context) const override {
    const Index between = shape_.filters();
    kernels::pack(context.weight(1), filters_, 1, between, filters_, context.buffer(kPanels));
    if (context.has(kTransposed))
      kernels::pack(context.weight(1), 1, filters_, filters_, between, context.buffer(kTransposed));
  }

  void forward(const Context& context) const override {
    const Index between = shape_.filters();
    kernels::depthwise_forward(shape_, context.rows(), context.input(), context.weight(0), {}, context.buffer(kBetween),
                               context.buffer(kScratch));
    const kernels::Epilogue end = this->epilogue(use_bias_ ? context.weight(2) : nullptr);
    kernels::gemm(context.buffer(kBetween), between, pixels(context.rows()), between, context.buffer(kPanels), filters_,
                  context.output(), filters_, end);
  }

  void backward(const Context& context) const override {
    const Index between = shape_.filters(), rows = pixels(context.rows());
    this->backward_through_fused(context, rows * filters_);
    const Real* dy = context.output_gradient();
    Real* pointwise = context.weight_gradient(1);
    Real* db = use_bias_ ? context.weight_gradient(2) : nullptr;
    if (pointwise || db)
      kernels::gemm_tn(context.buffer(kBetween), between, dy, filters_, rows, pointwise ? between : 0, filters_,
                       pointwise, filters_, db, context.buffer(kSums));
    Real* depthwise = context.weight_gradient(0);
    Real* dx = context.input_gradient();
    if (!depthwise && !dx) return;
    Real* gradient = context.buffer(kGradient);
    kernels::gemm(dy, filters_, rows, filters_, context.buffer(kTransposed), between, gradient, between, {});
    if (depthwise)
      kernels::depthwise_kernel_gradient(shape_, context.rows(), context.input(), gradient, depthwise,
                                         context.buffer(kSums));
    if (dx)
      kernels::depthwise_input_gradient(shape_, context.rows(), gradient, context.weight(0), dx,
                                        context.buffer(kTurnedScratch));
  }

 private:
  enum : std::size_t { kBetween, kPanels, kScratch, kGradient, kTransposed, kSums, kTurnedScratch };

  Index filters_;
};

using DepthwiseConv1D = Depthwise<1>;
using DepthwiseConv2D = Depthwise<2>;
using SeparableConv1D = Separable<1>;
using SeparableConv2D = Separable<2>;

const bool registered = register_layer_class<DepthwiseConv1D>("DepthwiseConv1D") &&
                        register_layer_class<DepthwiseConv2D>("DepthwiseConv2D") &&
                        register_layer_class<SeparableConv1D>("SeparableConv1D") &&
                        register_layer_class<SeparableConv2D>("SeparableConv2D");

}  // namespace
}  // namespace fastnn
