// Conv1D, Conv2D, Conv3D: y = activation(x * W + b) over (batch, ..., channels). A sequence is an image of one row.
// Owns the choice of the kernel; the arithmetic is in kernels/conv3d, conv and winograd.
#include "fastnn/convolution_arguments.hpp"
#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/conv3d.hpp"
#include "fastnn/kernels/winograd.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

template <std::size_t kRank>
class Convolution : public FusingLayer {
 public:
  Convolution(const std::string& kind, const std::string& name, const Config& config)
      : FusingLayer(kind, name),
        arguments_(config, kRank),
        use_bias_(arguments_.use_bias()),
        may_winograd_(kRank == 2 && config.flag("winograd", true)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    Signature signature;
    signature.outputs = {arguments_.place(who(), inputs)};
    shape_ = arguments_.shape();
    plane_ = shape_.plane;
    winograd_ = may_winograd_ && kernels::winograd_serves(plane_);
    packs_ = !winograd_ || !kernels::winograd_reads_kernel(plane_);
    signature.weights = {{"kernel", arguments_.kernel_shape()}};
    if (use_bias_) signature.weights.push_back({"bias", {plane_.filters}});
    return signature;
  }

  void book(Booking& booking) const override {
    const bool w = winograd_;
    book_folded(booking, packs_ ? shape_.terms() : 0, plane_.filters, Life::forward);
    if (packs_)
      booking.book(kPacked, Life::plan,
                   w ? kernels::winograd_packed_size(plane_) : kernels::conv3d_packed_size(shape_));
    booking.book(
        kWindows, Life::forward,
        booking.threads() * (w ? kernels::winograd_scratch_size(plane_) : kernels::conv3d_scratch_size(shape_)));
    if (!booking.backward()) return;
    const bool dx = booking.input_gradient();
    if (winograd_) {
      booking.book(kSums, Life::backward,
                   kernels::winograd_backward_scratch_size(plane_, booking.capacity(), booking.threads()));
      if (dx) booking.book(kTurned, Life::plan, kernels::winograd_exchanged_size(plane_));
      return;
    }
    booking.book(kSums, Life::backward,
                 kernels::conv3d_kernel_gradient_scratch_size(shape_, booking.capacity(), booking.threads()));
    if (!dx) return;
    booking.book(kTurned, Life::plan, kernels::conv3d_turned_size(shape_));
    booking.book(kTurnedWindows, Life::backward,
                 booking.threads() * kernels::conv3d_input_gradient_scratch_size(shape_));
  }

  double multiply_adds() const override { return shape_.work(); }
  std::string algorithm() const override { return winograd_ ? "winograd" : "direct"; }

  void prepare(const Context& context) const override {
    const bool turned = context.has(kTurned);
    if (packs_)
      prepare_folded(context, shape_.terms(), plane_.filters, use_bias_);
    else
      prepare_factors(context, use_bias_ ? 2 : 1, plane_.filters, use_bias_);
    if (winograd_) {
      if (packs_) kernels::winograd_pack(plane_, kernel(context), context.buffer(kPacked));
      if (turned) kernels::winograd_pack_exchanged(plane_, context.weight(0), context.buffer(kTurned));
    } else {
      kernels::conv3d_pack(shape_, kernel(context), context.buffer(kPacked));
      if (turned) kernels::conv3d_pack_turned(shape_, context.weight(0), context.buffer(kTurned));
    }
  }

  void forward(const Context& context) const override {
    const kernels::Epilogue end = folded_epilogue(context, use_bias_);
    if (winograd_)
      kernels::winograd_forward(
          plane_, context.rows(), context.input(), packs_ ? context.buffer(kPacked) : context.weight(0),
          packs_ ? nullptr : factors(context, plane_.filters), end, context.output(), context.buffer(kWindows));
    else
      kernels::conv3d_forward(shape_, context.rows(), context.input(), context.buffer(kPacked), end, context.output(),
                              context.buffer(kWindows));
  }

  void backward(const Context& context) const override {
    backward_through_fused(context, context.rows() * shape_.out_size());
    const Real* dy = context.output_gradient();
    Real* dw = context.weight_gradient(0);
    Real* db = use_bias_ ? context.weight_gradient(1) : nullptr;
    Real* dx = context.input_gradient();
    if (winograd_) {
      if (dw || db || dx)
        kernels::winograd_backward(plane_, context.rows(), context.input(), dy, dx ? context.buffer(kTurned) : nullptr,
                                   dw, db, dx, context.buffer(kSums));
      return;
    }
    if (dw || db)
      kernels::conv3d_kernel_gradient(shape_, context.rows(), context.input(), dy, dw, db, context.buffer(kSums));
    if (dx)
      kernels::conv3d_input_gradient(shape_, context.rows(), dy, context.buffer(kTurned), {}, dx,
                                     context.buffer(kTurnedWindows));
  }

 private:
  bool folds() const override { return true; }

  enum : std::size_t { kPacked, kWindows, kSums, kTurned, kTurnedWindows };

  ConvolutionArguments arguments_;
  kernels::ConvShape plane_ = {};
  kernels::Conv3DShape shape_ = {};
  bool use_bias_, may_winograd_, winograd_ = false;
  bool packs_ = true;  // the forward pass reads a packed copy of the kernel
};

using Conv1D = Convolution<1>;
using Conv2D = Convolution<2>;
using Conv3D = Convolution<3>;

}  // namespace

static const bool registered = register_layer_class<Conv1D>("Conv1D") && register_layer_class<Conv2D>("Conv2D") &&
                               register_layer_class<Conv3D>("Conv3D");

}  // namespace fastnn
