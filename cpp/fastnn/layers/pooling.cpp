// Pooling layers on images (batch, h, w, c): MaxPooling2D, AveragePooling2D and their global forms.
// Owns windows, padding and the record of which pixel won; the numbers are made in kernels/pool.
#include <algorithm>

#include "fastnn/kernels/pool.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

constexpr Index kBand = 16384;       // input floats a forward task
constexpr Index kChannelBlock = 64;  // channels a backward task

void check_image(const std::string& who, const std::vector<Spec>& inputs) {
  require(inputs.size() == 1, who, " expects one input, got ", inputs.size());
  require(inputs[0].dtype == DType::float32, who, " expects float32, got ", name_of(inputs[0].dtype));
  const Shape& shape = inputs[0].shape;
  require(shape.size() == 4, who, " expects images (batch, height, width, channels), got ", to_string(shape),
          shape.size() == 3 ? "; add Reshape((height, width, 1)) before it" : "");
}

class Pooling2D : public Layer {
 public:
  Pooling2D(const std::string& kind, const std::string& name, const Config& config) : Layer(kind, name) {
    const std::vector<Index> pool =
        config.has("pool_size") ? config.integers("pool_size", 2) : std::vector<Index>{2, 2};
    const std::vector<Index> strides = config.has("strides") ? config.integers("strides", 2) : pool;
    require(pool[0] > 0 && pool[1] > 0, "pool_size expects positive numbers, got (", pool[0], ", ", pool[1], ")");
    require(strides[0] > 0 && strides[1] > 0, "strides expects positive numbers, got (", strides[0], ", ", strides[1],
            ")");
    require(pool[0] * pool[1] <= 65536, "pool_size expects windows of at most 65536 pixels, got ", pool[0] * pool[1]);
    const std::string padding = config.word("padding", "valid");
    require(padding == "valid" || padding == "same", "padding expects \"valid\" or \"same\", got \"", padding, "\"");
    same_ = padding == "same";
    shape_.kh = pool[0];
    shape_.kw = pool[1];
    shape_.sh = strides[0];
    shape_.sw = strides[1];
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    check_image(who(), inputs);
    const Shape& in = inputs[0].shape;
    shape_.h = in[1];
    shape_.w = in[2];
    shape_.c = in[3];
    require(shape_.h > 0 && shape_.w > 0 && shape_.c > 0, who(), " expects images with pixels, got ", to_string(in));
    require(same_ || (shape_.h >= shape_.kh && shape_.w >= shape_.kw), who(), " expects images of at least ", shape_.kh,
            " x ", shape_.kw, " pixels for its pool_size, got ", to_string(in),
            "; use padding=\"same\", a smaller pool_size or fewer pooling layers");
    place(shape_.h, shape_.kh, shape_.sh, shape_.oh, shape_.pad_top);
    place(shape_.w, shape_.kw, shape_.sw, shape_.ow, shape_.pad_left);
    return {{{{in[0], shape_.oh, shape_.ow, shape_.c}, DType::float32}}, {}};
  }

  BackwardReads backward_reads() const override { return {false, false}; }

 protected:
  const kernels::PoolShape& shape() const { return shape_; }
  Index in_size() const { return shape_.h * shape_.w * shape_.c; }
  Index out_size() const { return shape_.oh * shape_.ow * shape_.c; }

  // Calls body(image, begin, end) for bands of output rows.
  template <class Body>
  void each_band(const Context& ctx, Body&& body) const {
    const Index rows = std::min(shape_.oh, std::max<Index>(1, kBand * shape_.oh / in_size()));
    const Index bands = (shape_.oh + rows - 1) / rows;
    parallel_for(ctx.rows() * bands, work(ctx), [&](Index task, int) {
      const Index begin = task % bands * rows;
      body(task / bands, begin, std::min(begin + rows, shape_.oh));
    });
  }

  // Calls body(image, begin, end) for blocks of channels, whose gradients no other task touches.
  template <class Body>
  void each_block(const Context& ctx, Body&& body) const {
    const Index blocks = (shape_.c + kChannelBlock - 1) / kChannelBlock;
    parallel_for(ctx.rows() * blocks, work(ctx), [&](Index task, int) {
      const Index begin = task % blocks * kChannelBlock;
      body(task / blocks, begin, std::min(begin + kChannelBlock, shape_.c));
    });
  }

 private:
  // TensorFlow's rule for "same": as many outputs as strides fit, the missing pixels halved, the odd one at the end.
  void place(Index size, Index window, Index stride, Index& out, Index& pad) const {
    out = same_ ? (size + stride - 1) / stride : (size - window) / stride + 1;
    pad = same_ ? std::max<Index>(0, (out - 1) * stride + window - size) / 2 : 0;
  }

  double work(const Context& ctx) const {
    const Index touched = out_size() * shape_.kh * shape_.kw + in_size();
    return 0.25 * static_cast<double>(ctx.rows() * touched);
  }

  bool same_ = false;
  kernels::PoolShape shape_{};
};

class MaxPooling2D : public Pooling2D {
 public:
  using Pooling2D::Pooling2D;

  // relu keeps every order among the numbers that it passes on, so that the largest of a window is the same before and after.
  bool commutes(kernels::Activation activation) const override { return activation == kernels::Activation::relu; }
  bool fuse(kernels::Activation activation) override {
    relu_ = activation == kernels::Activation::relu;
    return relu_;
  }
  BackwardReads backward_reads() const override { return {false, relu_}; }

  void book(Booking& booking) const override {
    if (!booking.backward()) return;
    booking.book(Life::step, static_cast<std::size_t>(booking.capacity() * out_size()) * (narrow() ? 1 : 2));
  }

  void forward(const Context& ctx) const override {
    narrow() ? forward_with<std::uint8_t>(ctx) : forward_with<std::uint16_t>(ctx);
  }
  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    if (relu_)
      parallel_for(ctx.rows(), byte_work(12.0 * static_cast<double>(ctx.rows() * out_size())), [&](Index image, int) {
        float* dy = ctx.output_gradient() + image * out_size();
        kernels::activate_backward(kernels::Activation::relu, {}, nullptr, ctx.output() + image * out_size(), dy, dy,
                                   out_size());
      });
    narrow() ? backward_with<std::uint8_t>(ctx) : backward_with<std::uint16_t>(ctx);
  }

 private:
  bool narrow() const { return shape().kh * shape().kw <= 256; }

  template <class T>
  void forward_with(const Context& ctx) const {
    T* picked = ctx.buffers_.empty() ? nullptr : ctx.buffer<T>(0);
    each_band(ctx, [&](Index image, Index begin, Index end) {
      kernels::max_pool(shape(), ctx.input() + image * in_size(), ctx.output() + image * out_size(),
                        picked == nullptr ? nullptr : picked + image * out_size(), begin, end);
      if (!relu_) return;
      float* band = ctx.output() + image * out_size() + begin * shape().ow * shape().c;
      kernels::activate(kernels::Activation::relu, {}, band, band, (end - begin) * shape().ow * shape().c);
    });
  }

  template <class T>
  void backward_with(const Context& ctx) const {
    const T* picked = ctx.buffer<T>(0);
    each_block(ctx, [&](Index image, Index begin, Index end) {
      kernels::max_pool_backward(shape(), picked + image * out_size(), ctx.output_gradient() + image * out_size(),
                                 ctx.input_gradient() + image * in_size(), begin, end);
    });
  }

  bool relu_ = false;
};

class AveragePooling2D : public Pooling2D {
 public:
  using Pooling2D::Pooling2D;

  void forward(const Context& ctx) const override {
    each_band(ctx, [&](Index image, Index begin, Index end) {
      kernels::average_pool(shape(), ctx.input() + image * in_size(), ctx.output() + image * out_size(), begin, end);
    });
  }
  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    each_block(ctx, [&](Index image, Index begin, Index end) {
      kernels::average_pool_backward(shape(), ctx.output_gradient() + image * out_size(),
                                     ctx.input_gradient() + image * in_size(), begin, end);
    });
  }
};

class GlobalPooling2D : public Layer {
 public:
  GlobalPooling2D(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), keepdims_(config.flag("keepdims", false)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    check_image(who(), inputs);
    const Shape& in = inputs[0].shape;
    h_ = in[1];
    w_ = in[2];
    c_ = in[3];
    require(h_ * w_ * c_ > 0, who(), " expects images with pixels, got ", to_string(in));
    const Shape out = keepdims_ ? Shape{in[0], 1, 1, c_} : Shape{in[0], c_};
    return {{{out, DType::float32}}, {}};
  }

  BackwardReads backward_reads() const override { return {false, false}; }

 protected:
  // Calls body(image).
  template <class Body>
  void each_image(const Context& ctx, Body&& body) const {
    parallel_for(ctx.rows(), 0.3 * static_cast<double>(ctx.rows() * h_ * w_ * c_),
                 [&](Index image, int) { body(image); });
  }

  Index h_ = 0, w_ = 0, c_ = 0;

 private:
  bool keepdims_;
};

class GlobalMaxPooling2D : public GlobalPooling2D {
 public:
  using GlobalPooling2D::GlobalPooling2D;

  void book(Booking& booking) const override {
    if (booking.backward()) booking.book<std::int32_t>(Life::step, booking.capacity() * c_);
  }
  void forward(const Context& ctx) const override {
    auto* picked = ctx.buffers_.empty() ? nullptr : ctx.buffer<std::int32_t>(0);
    each_image(ctx, [&](Index image) {
      kernels::global_max_pool(h_, w_, c_, ctx.input() + image * h_ * w_ * c_, ctx.output() + image * c_,
                               picked == nullptr ? nullptr : picked + image * c_);
    });
  }
  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    each_image(ctx, [&](Index image) {
      kernels::global_max_pool_backward(h_, w_, c_, ctx.buffer<std::int32_t>(0) + image * c_,
                                        ctx.output_gradient() + image * c_,
                                        ctx.input_gradient() + image * h_ * w_ * c_);
    });
  }
};

class GlobalAveragePooling2D : public GlobalPooling2D {
 public:
  using GlobalPooling2D::GlobalPooling2D;

  void forward(const Context& ctx) const override {
    each_image(ctx, [&](Index image) {
      kernels::global_average_pool(h_, w_, c_, ctx.input() + image * h_ * w_ * c_, ctx.output() + image * c_);
    });
  }
  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    each_image(ctx, [&](Index image) {
      kernels::global_average_pool_backward(h_, w_, c_, ctx.output_gradient() + image * c_,
                                            ctx.input_gradient() + image * h_ * w_ * c_);
    });
  }
};

const bool registered = register_layer_class<MaxPooling2D>("MaxPooling2D") &&
                        register_layer_class<AveragePooling2D>("AveragePooling2D") &&
                        register_layer_class<GlobalMaxPooling2D>("GlobalMaxPooling2D") &&
                        register_layer_class<GlobalAveragePooling2D>("GlobalAveragePooling2D");

}  // namespace
}  // namespace fastnn
