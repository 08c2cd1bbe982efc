// Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: transposed convolutions, which enlarge images.
//
// The geometry is that of the convolution from the output to the input. Its input gradient is the forward pass here,
// its forward pass is the input gradient here, and in the gradient of the kernel the two arrays are swapped. Where
// kernels/subpixel.hpp is faster, it takes its place.
#include <algorithm>
#include <utility>

#include "fastnn/convolution_arguments.hpp"
#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/conv3d.hpp"
#include "fastnn/kernels/subpixel.hpp"
#include "fastnn/parallel.hpp"
#include "fastnn/window.hpp"

namespace fastnn {
namespace {

template <std::size_t kRank>
class ConvolutionTranspose : public FusingLayer {
 public:
  ConvolutionTranspose(const std::string& kind, const std::string& name, const Config& config)
      : FusingLayer(kind, name),
        windows_(config, kRank),
        filters_(config.integer("filters")),
        use_bias_(config.flag("use_bias", true)),
        may_winograd_(kRank == 2 && config.flag("winograd", true)) {
    require(filters_ >= 1, "filters expects a positive integer, got ", filters_);
    windows_.refuse_strided_dilation();
    if (!config.has("output_padding")) return;
    output_padding_ = read_sizes(config, "output_padding", kRank, {}, 0);
    for (std::size_t i = 0; i < kRank; ++i)
      require(output_padding_[i] < windows_.axis(i).stride, "output_padding expects numbers less than strides, got ",
              listed(output_padding_), " for strides ", listed(windows_.each(&WindowAxis::stride)));
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    windows_.take_input(who(), inputs);
    const Shape& input = inputs[0].shape;
    for (std::size_t i = 0; i < kRank; ++i) {
      place(windows_.axis(i), output_padding_.empty() ? nullptr : &output_padding_[i]);
      require(windows_.axis(i).out >= 1, who(), " expects an input that leaves some output, got ", to_string(input),
              "; use a larger kernel_size, output_padding or padding=\"valid\"");
    }
    shape_ = shape_of(windows_);
    kernels::ConvShape& plane = shape_.plane;
    plane.channels = filters_, plane.filters = input.back(), plane.groups = 1;
    std::swap(shape_.in_d, shape_.out_d);
    std::swap(plane.in_h, plane.out_h);
    std::swap(plane.in_w, plane.out_w);
    winograd_ = may_winograd_ && kernels::subpixel_serves(plane);
    Signature signature;
    signature.outputs = {{windows_.output_shape(input[0], filters_)}};
    Shape kernel = windows_.each(&WindowAxis::size);
    kernel.insert(kernel.end(), {filters_, input.back()});
    signature.weights = {{"kernel", kernel}};
    if (use_bias_) signature.weights.push_back({"bias", {filters_}});
    return signature;
  }

  double multiply_adds() const override { return shape_.work(); }
  std::string algorithm() const override { return winograd_ ? "winograd" : "direct"; }

  void book(Booking& booking) const override {
    if (winograd_) return book_winograd(booking);
    booking.book(kTurned, Life::plan, kernels::conv3d_turned_size(shape_));
    booking.book(kTurnedWindows, Life::forward,
                 booking.threads() * kernels::conv3d_input_gradient_scratch_size(shape_));
    if (!booking.backward()) return;
    booking.book(kSums, Life::backward,
                 std::max(kernels::conv3d_kernel_gradient_scratch_size(shape_, booking.capacity(), booking.threads()),
                          kernels::gemm_tn_scratch(0, filters_, booking.capacity() * out_pixels())));
    if (!booking.input_gradient()) return;
    booking.book(kPacked, Life::plan, kernels::conv3d_packed_size(shape_));
    booking.book(kWindows, Life::backward, booking.threads() * kernels::conv3d_scratch_size(shape_));
  }

  void prepare(const Context& context) const override {
    if (winograd_) {
      Real* scratch = context.buffer(kKernel);
      kernels::subpixel_pack(shape_.plane, context.weight(0), context.buffer(kPacked), scratch);
      if (context.has(kTurned))
        kernels::subpixel_pack_exchanged(shape_.plane, context.weight(0), context.buffer(kTurned), scratch);
      return;
    }
    kernels::conv3d_pack_turned(shape_, context.weight(0), context.buffer(kTurned));
    if (context.has(kPacked)) kernels::conv3d_pack(shape_, context.weight(0), context.buffer(kPacked));
  }

  void forward(const Context& context) const override {
    const kernels::Epilogue end = epilogue(use_bias_ ? context.weight(1) : nullptr);
    if (winograd_)
      kernels::subpixel_forward(shape_.plane, context.rows(), context.input(), context.buffer(kPacked), end,
                                context.output(), context.buffer(kWindows));
    else
      kernels::conv3d_input_gradient(shape_, context.rows(), context.input(), context.buffer(kTurned), end,
                                     context.output(), context.buffer(kTurnedWindows));
  }

  void backward(const Context& context) const override {
    backward_through_fused(context, context.rows() * shape_.in_size());
    const Real* dy = context.output_gradient();
    Real* dw = context.weight_gradient(0);
    Real* dx = context.input_gradient();
    if (Real* db = use_bias_ ? context.weight_gradient(1) : nullptr)
      kernels::gemm_tn(nullptr, 0, dy, filters_, context.rows() * out_pixels(), 0, filters_, nullptr, 0, db,
                       context.buffer(kSums));
    if (winograd_) {
      if (dw || dx)
        kernels::subpixel_backward(shape_.plane, context.rows(), context.input(), dy,
                                   dx ? context.buffer(kTurned) : nullptr, dw, dx, context.buffer(kSums));
      return;
    }
    if (dw)
      kernels::conv3d_kernel_gradient(shape_, context.rows(), dy, context.input(), dw, nullptr, context.buffer(kSums));
    if (dx)
      kernels::conv3d_forward(shape_, context.rows(), dy, context.buffer(kPacked), {}, dx, context.buffer(kWindows));
  }

 private:
  enum : std::size_t { kTurned, kTurnedWindows, kSums, kPacked, kWindows, kKernel };

  void book_winograd(Booking& booking) const {
    const kernels::ConvShape& plane = shape_.plane;
    const Index capacity = booking.capacity(), threads = booking.threads();
    booking.book(kPacked, Life::plan, kernels::subpixel_packed_size(plane));
    booking.book(kKernel, Life::forward, kernels::subpixel_pack_scratch_size(plane));
    booking.book(kWindows, Life::forward, kernels::subpixel_scratch_size(plane, capacity, threads));
    if (!booking.backward()) return;
    booking.book(kSums, Life::backward,
                 std::max(kernels::subpixel_backward_scratch_size(plane, capacity, threads),
                          kernels::gemm_tn_scratch(0, filters_, capacity * out_pixels())));
    if (booking.input_gradient()) booking.book(kTurned, Life::plan, kernels::subpixel_exchanged_size(plane));
  }

  Index out_pixels() const { return shape_.in_pixels(); }

  // The sizes of Keras. "valid" keeps all products and pads up to a multiple of the stride. "same" multiplies the size
  // by the stride. With output_padding both follow from it, and "same" removes half a window.
  void place(WindowAxis& axis, const Index* output_padding) const {
    const Index span = axis.span();
    axis.before = 0;
    if (windows_.padding() == Padding::valid) {
      axis.out = (axis.in - 1) * axis.stride + span +
                 (output_padding ? *output_padding : std::max<Index>(0, axis.stride - span));
      return;
    }
    const Index padding = output_padding ? span + span % 2 - 2 + *output_padding : axis.stride + span - 2;
    axis.before = span - 1 - std::min((padding + 1) / 2, span - 1);
    axis.out = (axis.in - 1) * axis.stride + padding + 2 - span;
  }

  Windows windows_;
  Index filters_;
  std::vector<Index> output_padding_;
  kernels::Conv3DShape shape_ = {};
  bool use_bias_, may_winograd_, winograd_ = false;
};

using Conv1DTranspose = ConvolutionTranspose<1>;
using Conv2DTranspose = ConvolutionTranspose<2>;
using Conv3DTranspose = ConvolutionTranspose<3>;

}  // namespace

static const bool registered = register_layer_class<Conv1DTranspose>("Conv1DTranspose") &&
                               register_layer_class<Conv2DTranspose>("Conv2DTranspose") &&
                               register_layer_class<Conv3DTranspose>("Conv3DTranspose");

}  // namespace fastnn
