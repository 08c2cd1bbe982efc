// Conv2D: y = activation(x * W + b), images (batch, height, width, channels).
#include <algorithm>
#include <cctype>

#include "fastnn/kernels/conv.hpp"
#include "fastnn/kernels/winograd.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using kernels::Activation;

class Conv2D : public Layer {
 public:
  Conv2D(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), use_bias_(config.flag("use_bias", true)), winograd_(config.flag("winograd", true)) {
    shape_.filters = config.integer("filters");
    require(shape_.filters >= 1, "filters expects a positive integer, got ", shape_.filters);
    read_pair(config, "kernel_size", shape_.kernel_h, shape_.kernel_w);
    read_pair(config, "strides", shape_.stride_h, shape_.stride_w);
    read_pair(config, "dilation_rate", shape_.dilation_h, shape_.dilation_w);
    const bool strided = shape_.stride_h > 1 || shape_.stride_w > 1;
    const bool dilated = shape_.dilation_h > 1 || shape_.dilation_w > 1;
    require(!strided || !dilated, "strides > 1 do not go together with dilation_rate > 1, got strides (",
            shape_.stride_h, ", ", shape_.stride_w, ") and dilation_rate (", shape_.dilation_h, ", ", shape_.dilation_w,
            "); set one of them to 1");
    const std::string asked = config.word("padding", "valid");
    std::string padding = asked;
    for (char& letter : padding) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    require(padding == "valid" || padding == "same", "padding expects \"valid\" or \"same\", got \"", asked, "\"");
    same_ = padding == "same";
    shape_.groups = config.integer("groups", 1);
    require(shape_.groups >= 1, "groups expects a positive integer, got ", shape_.groups);
    require(shape_.filters % shape_.groups == 0, "filters expects a multiple of groups=", shape_.groups, ", got ",
            shape_.filters);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    const Spec& input = inputs[0];
    require(input.dtype == DType::float32, who(), " expects a float32 input, got ", name_of(input.dtype));
    require(input.shape.size() == 4, who(), " expects (batch, height, width, channels), got ", to_string(input.shape),
            input.shape.size() == 3 ? "; add a last axis of one channel with Reshape" : "");
    shape_.in_h = input.shape[1];
    shape_.in_w = input.shape[2];
    shape_.channels = input.shape[3];
    require(shape_.in_h >= 1 && shape_.in_w >= 1 && shape_.channels >= 1, who(),
            " expects images of known, positive size, got ", to_string(input.shape));
    require(shape_.channels % shape_.groups == 0, who(), " expects channels that groups=", shape_.groups,
            " divides, got ", shape_.channels, " channels in ", to_string(input.shape));
    shape_.out_h = output_size(shape_.in_h, shape_.kernel_h, shape_.stride_h, shape_.dilation_h, shape_.pad_top);
    shape_.out_w = output_size(shape_.in_w, shape_.kernel_w, shape_.stride_w, shape_.dilation_w, shape_.pad_left);
    require(shape_.out_h >= 1 && shape_.out_w >= 1, who(), " expects images no smaller than its kernel, got ",
            shape_.in_h, "x", shape_.in_w, " pixels for a kernel that spans ",
            (shape_.kernel_h - 1) * shape_.dilation_h + 1, "x", (shape_.kernel_w - 1) * shape_.dilation_w + 1,
            "; use a smaller kernel_size or padding=\"same\"");
    winograd_ = winograd_ && kernels::winograd_serves(shape_);
    winograd_gradient_ = winograd_ && kernels::winograd_serves_kernel_gradient(shape_);
    Signature signature;
    signature.outputs = {{{input.shape[0], shape_.out_h, shape_.out_w, shape_.filters}}};
    signature.weights = {
        {"kernel", {shape_.kernel_h, shape_.kernel_w, shape_.channels / shape_.groups, shape_.filters}}};
    if (use_bias_) signature.weights.push_back({"bias", {shape_.filters}});
    return signature;
  }

  bool fuse(Activation activation) override {
    if (!kernels::derivative_from_output(activation)) return false;
    activation_ = activation;
    return true;
  }

  BackwardReads backward_reads() const override { return {true, activation_ != Activation::linear}; }

  void book(Booking& booking) const override {
    const bool w = winograd_;
    booking.book(Life::plan, w ? kernels::winograd_packed_size(shape_) : kernels::conv_packed_size(shape_));
    booking.book(Life::forward,
                 booking.threads() * (w ? kernels::winograd_scratch_size(shape_) : kernels::conv_scratch_size(shape_)));
    if (!booking.backward()) return;
    const Index pixels = booking.capacity() * shape_.out_h * shape_.out_w;
    booking.book(
        Life::backward,
        winograd_gradient_
            ? std::max(kernels::winograd_kernel_gradient_scratch_size(shape_, booking.capacity(), booking.threads()),
                       kernels::gemm_tn_scratch(0, shape_.filters, pixels))
            : kernels::conv_kernel_gradient_scratch_size(shape_, booking.capacity(), booking.threads()));
    if (!booking.input_gradient()) return;
    booking.book(Life::plan, w ? kernels::winograd_packed_size(shape_) : kernels::conv_turned_size(shape_));
    booking.book(Life::backward, booking.threads() * (w ? kernels::winograd_scratch_size(shape_)
                                                        : kernels::conv_input_gradient_scratch_size(shape_)));
  }

  void prepare(const Context& context) const override {
    (winograd_ ? kernels::winograd_pack : kernels::conv_pack)(shape_, context.weight(0), context.buffer(kPacked));
    if (context.buffers_.size() > kTurned)
      (winograd_ ? kernels::winograd_pack_turned : kernels::conv_pack_turned)(shape_, context.weight(0),
                                                                              context.buffer(kTurned));
  }

  void forward(const Context& context) const override {
    kernels::Epilogue epilogue;
    if (use_bias_) epilogue.bias = context.weight(1);
    epilogue.activation = activation_;
    (winograd_ ? kernels::winograd_forward : kernels::conv_forward)(shape_, context.rows(), context.input(),
                                                                    context.buffer(kPacked), epilogue, context.output(),
                                                                    context.buffer(kWindows));
  }

  void backward(const Context& context) const override {
    float* dy = context.output_gradient();
    if (activation_ != Activation::linear) {
      const float* y = context.output();
      const Index size = context.rows() * shape_.out_size();
      parallel_ranges(size, 8192, byte_work(12.0 * static_cast<double>(size)), [&](Index begin, Index end, int) {
        kernels::activate_backward(activation_, {}, nullptr, y + begin, dy + begin, dy + begin, end - begin);
      });
    }
    float* dw = context.weight_gradient(0);
    float* db = use_bias_ ? context.weight_gradient(1) : nullptr;
    if (winograd_gradient_) {
      const Index pixels = context.rows() * shape_.out_h * shape_.out_w;
      if (dw) kernels::winograd_kernel_gradient(shape_, context.rows(), context.input(), dy, dw, context.buffer(kSums));
      if (db)
        kernels::gemm_tn(nullptr, 0, dy, shape_.filters, pixels, 0, shape_.filters, nullptr, 0, db,
                         context.buffer(kSums));
    } else if (dw || db) {
      kernels::conv_kernel_gradient(shape_, context.rows(), context.input(), dy, dw, db, context.buffer(kSums));
    }
    if (float* dx = context.input_gradient())
      (winograd_ ? kernels::winograd_input_gradient : kernels::conv_input_gradient)(
          shape_, context.rows(), dy, context.buffer(kTurned), dx, context.buffer(kTurnedWindows));
  }

 private:
  enum : std::size_t { kPacked, kWindows, kSums, kTurned, kTurnedWindows };

  static void read_pair(const Config& config, const std::string& key, Index& height, Index& width) {
    const std::vector<Index> pair =
        key == "kernel_size" || config.has(key) ? config.integers(key, 2) : std::vector<Index>{1, 1};
    require(pair[0] >= 1 && pair[1] >= 1, key, " expects positive integers, got (", pair[0], ", ", pair[1], ")");
    height = pair[0];
    width = pair[1];
  }

  // Where the padding is odd its odd pixel stands at the bottom or right, as in TensorFlow.
  Index output_size(Index size, Index kernel, Index stride, Index dilation, Index& before) const {
    const Index span = (kernel - 1) * dilation + 1;
    before = 0;
    if (!same_) return size < span ? 0 : (size - span) / stride + 1;
    const Index count = (size + stride - 1) / stride;
    before = std::max<Index>((count - 1) * stride + span - size, 0) / 2;
    return count;
  }

  kernels::ConvShape shape_ = {};
  bool use_bias_, winograd_, winograd_gradient_ = false, same_ = false;
  Activation activation_ = Activation::linear;
};

}  // namespace

static const bool registered = register_layer_class<Conv2D>("Conv2D");

}  // namespace fastnn
