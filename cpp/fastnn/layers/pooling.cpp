// Max and average pooling on (batch, ..., channels) with one to three axes, over windows and global. Owns windows,
// padding and the indices of the largest pixels; the arithmetic is in kernels/pool.
#include <algorithm>

#include "fastnn/kernels/pool.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"
#include "fastnn/window.hpp"

namespace fastnn {
namespace {

constexpr Index kBand = 16384;       // input elements of a forward task
constexpr Index kChannelBlock = 64;  // channels of a backward task

template <std::size_t kRank>
class Pooling : public Layer {
 public:
  Pooling(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), windows_(Windows::of_pooling(config, kRank)) {
    const Index pixels = volume(windows_.each(&WindowAxis::size));
    require(pixels <= 65536, "pool_size expects windows of at most 65536 pixels, got ", pixels);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    windows_.take_input(who(), inputs);
    windows_.place(who());
    // A sequence is an image of one column, so that it can be divided into bands of rows.
    const WindowAxis column, &d = windows_.depth();
    const WindowAxis& h = kRank == 1 ? windows_.width() : windows_.height();
    const WindowAxis& w = kRank == 1 ? column : windows_.width();
    const Index channels = inputs[0].shape.back();
    shape_ = {h.in,     w.in,  channels, h.size, w.size, h.stride, w.stride, h.before,
              w.before, h.out, w.out,    d.in,   d.size, d.stride, d.before, d.out};
    return {{{windows_.output_shape(inputs[0].shape[0], channels), DType::real}}, {}};
  }

  BackwardReads backward_reads() const override { return {false, false}; }

 protected:
  const kernels::PoolShape& shape() const { return shape_; }
  Index in_size() const { return shape_.in_size(); }
  Index out_size() const { return shape_.out_size(); }

  // Calls body(image, begin, end) for bands of output rows.
  template <class Body>
  void each_band(const Context& ctx, Body&& body) const {
    const Index all = shape_.od * shape_.oh;
    const Index rows = std::min(all, std::max<Index>(1, kBand * all / in_size()));
    const Index bands = (all + rows - 1) / rows;
    parallel_for(ctx.rows() * bands, work(ctx), [&](Index task, int) {
      const Index begin = task % bands * rows;
      body(task / bands, begin, std::min(begin + rows, all));
    });
  }

  // Calls body(image, begin, end) for blocks of channels, whose gradients belong to one task.
  template <class Body>
  void each_block(const Context& ctx, Body&& body) const {
    const Index blocks = (shape_.c + kChannelBlock - 1) / kChannelBlock;
    parallel_for(ctx.rows() * blocks, work(ctx), [&](Index task, int) {
      const Index begin = task % blocks * kChannelBlock;
      body(task / blocks, begin, std::min(begin + kChannelBlock, shape_.c));
    });
  }

 private:
  double work(const Context& ctx) const {
    const Index touched = out_size() * shape_.window() + in_size();
    return 0.25 * static_cast<double>(ctx.rows() * touched);
  }

  Windows windows_;
  kernels::PoolShape shape_{};
};

template <std::size_t kRank>
class MaxPooling : public Pooling<kRank> {
 public:
  using Base = Pooling<kRank>;
  using Base::Base, Base::shape, Base::in_size, Base::out_size, Base::each_band, Base::each_block;

  // relu is monotonic, so the largest element of a window is the same before and after it.
  bool commutes(const kernels::ActivationFunction& activation) const override { return activation.plain_relu(); }
  bool fuse(const kernels::ActivationFunction& activation) override {
    relu_ = activation.plain_relu();
    return relu_;
  }
  BackwardReads backward_reads() const override { return {false, relu_}; }

  void book(Booking& booking) const override {
    if (!booking.backward()) return;
    booking.book<std::uint8_t>(kPicked, Life::step, booking.capacity() * out_size() * (narrow() ? 1 : 2));
  }

  void forward(const Context& ctx) const override {
    narrow() ? forward_with<std::uint8_t>(ctx) : forward_with<std::uint16_t>(ctx);
  }
  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    if (relu_)
      parallel_for(ctx.rows(), byte_work(12.0 * static_cast<double>(ctx.rows() * out_size())), [&](Index image, int) {
        Real* dy = ctx.output_gradient() + image * out_size();
        kernels::activate_backward(kernels::Activation::relu, {}, nullptr, ctx.output() + image * out_size(), dy, dy,
                                   out_size());
      });
    narrow() ? backward_with<std::uint8_t>(ctx) : backward_with<std::uint16_t>(ctx);
  }

 private:
  enum : std::size_t { kPicked };

  bool narrow() const { return shape().window() <= 256; }

  template <class T>
  void forward_with(const Context& ctx) const {
    T* picked = ctx.buffer<T>(kPicked);
    each_band(ctx, [&](Index image, Index begin, Index end) {
      kernels::max_pool(shape(), ctx.input() + image * in_size(), ctx.output() + image * out_size(),
                        picked == nullptr ? nullptr : picked + image * out_size(), begin, end);
      if (!relu_) return;
      Real* band = ctx.output() + image * out_size() + begin * shape().ow * shape().c;
      kernels::activate(kernels::Activation::relu, {}, band, band, (end - begin) * shape().ow * shape().c);
    });
  }

  template <class T>
  void backward_with(const Context& ctx) const {
    const T* picked = ctx.buffer<T>(kPicked);
    each_block(ctx, [&](Index image, Index begin, Index end) {
      kernels::max_pool_backward(shape(), picked + image * out_size(), ctx.output_gradient() + image * out_size(),
                                 ctx.input_gradient() + image * in_size(), begin, end);
    });
  }

  bool relu_ = false;
};

template <std::size_t kRank>
class AveragePooling : public Pooling<kRank> {
 public:
  using Base = Pooling<kRank>;
  using Base::Base, Base::shape, Base::in_size, Base::out_size, Base::each_band, Base::each_block;

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

template <std::size_t kRank>
class GlobalPooling : public Layer {
 public:
  GlobalPooling(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), keepdims_(config.flag("keepdims", false)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == (masked_ ? 2 : 1), who(), " expects one input", masked_ ? " and its mask" : "", ", got ",
            inputs.size());
    check_windowed(who(), {inputs[0]}, kRank);
    const Shape& in = inputs[0].shape;
    if (masked_) {
      const Shape places(in.begin(), in.end() - 1);
      require(inputs[1].dtype == DType::boolean && inputs[1].shape == places, who(), " expects a bool mask ",
              to_string(places), ", got ", name_of(inputs[1].dtype), " ", to_string(inputs[1].shape));
    }
    w_ = kRank == 1 ? 1 : in[kRank];
    c_ = in.back();
    h_ = volume(in, 1) / (w_ * c_);
    Shape out{in[0]};
    if (keepdims_) out.resize(1 + kRank, 1);
    out.push_back(c_);
    return {{{out, DType::real}}, {}};
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
  bool masked_ = false;  // the second input is a mask of pixels

 private:
  bool keepdims_;
};

template <std::size_t kRank>
class GlobalMaxPooling : public GlobalPooling<kRank> {
 public:
  using Base = GlobalPooling<kRank>;
  using Base::Base, Base::each_image, Base::h_, Base::w_, Base::c_;

  void book(Booking& booking) const override {
    if (booking.backward()) booking.book<std::int32_t>(kPicked, Life::step, booking.capacity() * c_);
  }
  void forward(const Context& ctx) const override {
    auto* picked = ctx.buffer<std::int32_t>(kPicked);
    each_image(ctx, [&](Index image) {
      kernels::global_max_pool(h_, w_, c_, ctx.input() + image * h_ * w_ * c_, ctx.output() + image * c_,
                               picked == nullptr ? nullptr : picked + image * c_);
    });
  }
  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    each_image(ctx, [&](Index image) {
      kernels::global_max_pool_backward(h_, w_, c_, ctx.buffer<std::int32_t>(kPicked) + image * c_,
                                        ctx.output_gradient() + image * c_,
                                        ctx.input_gradient() + image * h_ * w_ * c_);
    });
  }

 private:
  enum : std::size_t { kPicked };
};

template <std::size_t kRank>
class GlobalAveragePooling : public GlobalPooling<kRank> {
 public:
  using Base = GlobalPooling<kRank>;
  using Base::each_image, Base::h_, Base::w_, Base::c_, Base::masked_;

  GlobalAveragePooling(const std::string& kind, const std::string& name, const Config& config)
      : Base(kind, name, config) {
    masked_ = config.flag("masked", false);
  }

  BackwardReads backward_reads() const override { return {masked_, false}; }
  bool differentiable_input(std::size_t i) const override { return i == 0; }

  void forward(const Context& ctx) const override {
    each_image(ctx, [&](Index image) {
      const Real* x = ctx.input() + image * h_ * w_ * c_;
      Real* y = ctx.output() + image * c_;
      if (masked_)
        kernels::masked_average_pool(h_ * w_, c_, mask(ctx, image), x, y);
      else
        kernels::global_average_pool(h_, w_, c_, x, y);
    });
  }
  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    each_image(ctx, [&](Index image) {
      const Real* dy = ctx.output_gradient() + image * c_;
      Real* dx = ctx.input_gradient() + image * h_ * w_ * c_;
      if (masked_)
        kernels::masked_average_pool_backward(h_ * w_, c_, mask(ctx, image), dy, dx);
      else
        kernels::global_average_pool_backward(h_, w_, c_, dy, dx);
    });
  }

 private:
  const std::uint8_t* mask(const Context& ctx, Index image) const {
    return ctx.input<std::uint8_t>(1) + image * h_ * w_;
  }
};

using MaxPooling1D = MaxPooling<1>;
using MaxPooling2D = MaxPooling<2>;
using MaxPooling3D = MaxPooling<3>;
using AveragePooling1D = AveragePooling<1>;
using AveragePooling2D = AveragePooling<2>;
using AveragePooling3D = AveragePooling<3>;
using GlobalMaxPooling1D = GlobalMaxPooling<1>;
using GlobalMaxPooling2D = GlobalMaxPooling<2>;
using GlobalMaxPooling3D = GlobalMaxPooling<3>;
using GlobalAveragePooling1D = GlobalAveragePooling<1>;
using GlobalAveragePooling2D = GlobalAveragePooling<2>;
using GlobalAveragePooling3D = GlobalAveragePooling<3>;

const bool registered =
    register_layer_class<MaxPooling1D>("MaxPooling1D") && register_layer_class<MaxPooling2D>("MaxPooling2D") &&
    register_layer_class<MaxPooling3D>("MaxPooling3D") && register_layer_class<AveragePooling1D>("AveragePooling1D") &&
    register_layer_class<AveragePooling2D>("AveragePooling2D") &&
    register_layer_class<AveragePooling3D>("AveragePooling3D") &&
    register_layer_class<GlobalMaxPooling1D>("GlobalMaxPooling1D") &&
    register_layer_class<GlobalMaxPooling2D>("GlobalMaxPooling2D") &&
    register_layer_class<GlobalMaxPooling3D>("GlobalMaxPooling3D") &&
    register_layer_class<GlobalAveragePooling1D>("GlobalAveragePooling1D") &&
    register_layer_class<GlobalAveragePooling2D>("GlobalAveragePooling2D") &&
    register_layer_class<GlobalAveragePooling3D>("GlobalAveragePooling3D");

}  // namespace
}  // namespace fastnn
