// BatchNormalization. Owns the axis, the choice between the batch's moments and the moving ones, and their update; the
// sums and sweeps are made in kernels/norm.
#include <algorithm>
#include <cmath>

#include "fastnn/kernels/norm.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

class BatchNormalization : public Layer {
 public:
  BatchNormalization(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name),
        momentum_(static_cast<float>(config.number("momentum", 0.99))),
        epsilon_(static_cast<float>(config.number("epsilon", 1e-3))),
        center_(config.flag("center", true)),
        scale_(config.flag("scale", true)),
        frozen_(config.flag("frozen", false)) {
    if (config.has("axis")) {
      const std::vector<Index> axes = config.integers("axis");
      require(axes.size() == 1, "axis expects one axis, got ", axes.size());
      axis_ = axes[0];
    }
    if (config.has("training")) training_ = config.flag("training");
    require(momentum_ >= 0 && momentum_ <= 1, "momentum expects a number in [0, 1], got ", momentum_);
    require(epsilon_ >= 0, "epsilon expects a number of at least 0, got ", epsilon_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::float32, who(), " expects float32, got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    const Index rank = static_cast<Index>(shape.size());
    require(rank >= 2, who(), " expects at least (batch, n), got ", to_string(shape));
    const Index axis = axis_ < 0 ? axis_ + rank : axis_;
    require(axis >= 1 && axis < rank, who(), ": axis expects 1 to ", rank - 1, " or -1 to -", rank - 1,
            " for an input ", to_string(shape), ", got ", axis_, axis == 0 ? ", the batch axis" : "");
    const auto at = static_cast<std::size_t>(axis);
    channels_ = shape[at];
    require(inputs[0].row_size() > 0, who(), " expects at least one value a sample, got ", to_string(shape));
    inner_ = volume(shape, at + 1);
    before_ = inputs[0].row_size() / (channels_ * inner_);
    // Some 64 KiB a chunk, which stays in the cache between its passes.
    const Index fitting = 16384 / (channels_ * inner_);
    chunk_ = inner_ == 1 ? std::clamp<Index>(fitting, 16, 512) : std::max<Index>(fitting, 1);

    Signature signature{inputs, {}};
    if (scale_) signature.weights.push_back({"gamma", {channels_}, true});
    if (center_) signature.weights.push_back({"beta", {channels_}, true});
    moving_mean_ = signature.weights.size();
    signature.weights.push_back({"moving_mean", {channels_}, false});
    signature.weights.push_back({"moving_variance", {channels_}, false});
    return signature;
  }

  bool fuse(kernels::Activation activation) override {
    if (activation_ != kernels::Activation::linear || !kernels::derivative_from_output(activation)) return false;
    activation_ = activation;
    return true;
  }

  BackwardReads backward_reads() const override { return {true, activation_ != kernels::Activation::linear}; }

  // Buffers: 0 the Terms; then, for the batch's moments, 1 those of its chunks; then, for the backward pass, the sums
  // of the chunks and the coefficients of dx.
  void book(Booking& booking) const override {
    const bool of_batch = uses_batch(booking.training());
    const Index parts = 2 * channels_ * chunks(booking.capacity());
    booking.book(of_batch ? Life::step : Life::plan, 5 * channels_);
    if (of_batch) booking.book(Life::forward, parts);
    if (!booking.backward()) return;
    booking.book(Life::backward, parts);
    booking.book(Life::backward, 4 * channels_);
  }

  void prepare(const Context& ctx) const override {
    if (uses_batch(ctx.training())) return;
    const Terms terms = this->terms(ctx);
    std::copy_n(ctx.weight(moving_mean_), channels_, terms.mean);
    std::copy_n(ctx.weight(moving_mean_ + 1), channels_, terms.variance);
    derive(ctx, terms);
  }

  void forward(const Context& ctx) const override {
    const kernels::NormView view = this->view(ctx);
    const Terms terms = this->terms(ctx);
    const float* x = ctx.input();
    float* y = ctx.output();
    if (uses_batch(ctx.training())) {
      float* parts = ctx.buffer(1);
      each_chunk(ctx, 0.3, [&](Index begin, Index end) {
        float* part = parts + begin / chunk_ * 2 * channels_;
        kernels::moments(view, x, begin, end, part, part + channels_);
      });
      kernels::combine_moments(view, chunk_, parts, terms.mean, terms.variance);
      derive(ctx, terms);
    }
    each_chunk(ctx, 0.3, [&](Index begin, Index end) {
      // A few KiB at a time, so that the activation finds them in the nearest cache.
      const Index stride = channels_ * inner_, step = std::max<Index>(1, 2048 / stride);
      for (Index o = begin; o < end; o += step) {
        const Index last = std::min(o + step, end);
        kernels::normalize(view, x, o, last, terms.mean, terms.scale, terms.shift, y);
        kernels::activate(activation_, {}, y + o * stride, y + o * stride, (last - o) * stride);
      }
    });
  }

  void backward(const Context& ctx) const override {
    const kernels::NormView view = this->view(ctx);
    const Terms terms = this->terms(ctx);
    const bool of_batch = uses_batch(ctx.training());
    const float* x = ctx.input();
    float *dy = ctx.output_gradient(), *dx = ctx.input_gradient();
    float* dgamma = scale_ ? ctx.weight_gradient(0) : nullptr;
    float* dbeta = center_ ? ctx.weight_gradient(scale_ ? 1 : 0) : nullptr;
    float* parts = ctx.buffer(of_batch ? 2 : 1);
    float* coefficients = ctx.buffer(of_batch ? 3 : 2);
    float *sum = coefficients, *product = sum + channels_, *offset = product + channels_, *bend = offset + channels_;

    const bool sums = (of_batch && dx != nullptr) || dgamma != nullptr || dbeta != nullptr;
    if (sums) {
      each_chunk(ctx, 0.4, [&](Index begin, Index end) {
        through_activation(ctx, begin, end);
        float* part = parts + begin / chunk_ * 2 * channels_;
        kernels::gradient_sums(view, x, dy, begin, end, terms.mean, part, part + channels_);
      });
      kernels::combine_sums(view, chunk_, parts, sum, product);
      if (dbeta != nullptr) std::copy_n(sum, channels_, dbeta);
      if (dgamma != nullptr)
        for (Index c = 0; c < channels_; ++c) dgamma[c] = product[c] * terms.inverse[c];
    }
    if (dx == nullptr) return;
    // With n values to a channel and z = (x - mean) / deviation:
    // dx = gamma / deviation * (dy - sum(dy) / n - z * sum(dy z) / n).
    if (of_batch) {
      const float count = static_cast<float>(view.outer * view.inner);
      for (Index c = 0; c < channels_; ++c) {
        offset[c] = -terms.scale[c] * (sum[c] / count);
        bend[c] = -terms.scale[c] * terms.inverse[c] * terms.inverse[c] * (product[c] / count);
      }
    }
    each_chunk(ctx, 0.3, [&](Index begin, Index end) {
      if (!sums) through_activation(ctx, begin, end);
      kernels::normalize_backward(view, x, dy, begin, end, terms.mean, terms.scale, offset, of_batch ? bend : nullptr,
                                  dx);
    });
  }

  bool updates_state() const override { return uses_batch(true); }

  void commit(const Context& ctx) const override {
    if (!ctx.training() || !uses_batch(true)) return;
    const Terms terms = this->terms(ctx);
    float *mean = ctx.state(moving_mean_), *variance = ctx.state(moving_mean_ + 1);
    for (Index c = 0; c < channels_; ++c) {
      mean[c] = mean[c] * momentum_ + terms.mean[c] * (1.0f - momentum_);
      variance[c] = variance[c] * momentum_ + terms.variance[c] * (1.0f - momentum_);
    }
  }

 private:
  // Of each channel: its moments, 1 / sqrt(variance + epsilon), and what the sweep multiplies by and adds.
  struct Terms {
    float *mean, *variance, *inverse, *scale, *shift;
  };
  Terms terms(const Context& ctx) const {
    float* at = ctx.buffer(0);
    return {at, at + channels_, at + 2 * channels_, at + 3 * channels_, at + 4 * channels_};
  }

  void derive(const Context& ctx, const Terms& terms) const {
    for (Index c = 0; c < channels_; ++c) {
      terms.inverse[c] = 1.0f / std::sqrt(terms.variance[c] + epsilon_);
      terms.scale[c] = scale_ ? ctx.weight(0)[c] * terms.inverse[c] : terms.inverse[c];
      terms.shift[c] = center_ ? ctx.weight(scale_ ? 1 : 0)[c] : 0.0f;
    }
  }

  // dy becomes the gradient of what the fused activation was given.
  void through_activation(const Context& ctx, Index begin, Index end) const {
    const Index stride = channels_ * inner_;
    float* dy = ctx.output_gradient() + begin * stride;
    kernels::activate_backward(activation_, {}, nullptr, ctx.output() + begin * stride, dy, dy, (end - begin) * stride);
  }

  bool uses_batch(bool graph_trains) const { return !frozen_ && training_.value_or(graph_trains); }
  kernels::NormView view(const Context& ctx) const { return {ctx.rows() * before_, channels_, inner_}; }
  Index chunks(Index rows) const { return (rows * before_ + chunk_ - 1) / chunk_; }

  // Calls body(begin, end) for the chunks of the outer index; `cost` is in nanoseconds an element.
  template <class Body>
  void each_chunk(const Context& ctx, double cost, Body&& body) const {
    const Index outer = ctx.rows() * before_;
    parallel_ranges(outer, chunk_, cost * static_cast<double>(outer * channels_ * inner_),
                    [&](Index begin, Index end, int) { body(begin, end); });
  }

  Index axis_ = -1;
  float momentum_, epsilon_;
  bool center_, scale_, frozen_;
  std::optional<bool> training_;
  kernels::Activation activation_ = kernels::Activation::linear;
  Index channels_ = 0, inner_ = 1, before_ = 1, chunk_ = 1;
  std::size_t moving_mean_ = 0;
};

const bool registered = register_layer_class<BatchNormalization>("BatchNormalization");

}  // namespace
}  // namespace fastnn
