// Normalization by the moments of the batch. Owns the axis, the choice between batch and moving statistics, and their
// update; the arithmetic is in kernels/norm.
#include <algorithm>
#include <cmath>

#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/norm.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

class BatchNormalization : public FusingLayer {
 public:
  BatchNormalization(const std::string& kind, const std::string& name, const Config& config)
      : FusingLayer(kind, name),
        momentum_(static_cast<Real>(config.number("momentum", 0.99))),
        epsilon_(static_cast<Real>(config.number("epsilon", 1e-3))),
        center_(config.flag("center", true)),
        scale_(config.flag("scale", true)),
        frozen_(config.flag("frozen", false)),
        synchronized_(config.flag("synchronized", false)),
        masked_(config.flag("masked", false)) {
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
    require(inputs.size() == (masked_ ? 2 : 1), who(), " expects one input", masked_ ? " and its mask" : "", ", got ",
            inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    const Index rank = static_cast<Index>(shape.size());
    require(rank >= 2, who(), " expects at least (batch, n), got ", to_string(shape));
    const Index axis = axis_ < 0 ? axis_ + rank : axis_;
    require(axis >= 1 && axis < rank, who(), ": axis expects 1 to ", rank - 1, " or -1 to -", rank - 1,
            " for an input ", to_string(shape), ", got ", axis_, axis == 0 ? ", the batch axis" : "");
    const auto at = static_cast<std::size_t>(axis);
    channels_ = shape[at];
    require(inputs[0].row_size() > 0, who(), " expects at least one value per sample, got ", to_string(shape));
    inner_ = volume(shape, at + 1);
    before_ = inputs[0].row_size() / (channels_ * inner_);
    // About 64 KiB per chunk, which stays in the cache between two sweeps.
    const Index fitting = 16384 / (channels_ * inner_);
    chunk_ = inner_ == 1 ? std::clamp<Index>(fitting, 16, 512) : std::max<Index>(fitting, 1);
    if (masked_) {
      const Shape& places = inputs[1].shape;
      const bool fits = places.size() <= at + 1 && std::equal(places.begin(), places.end(), shape.begin());
      require(inputs[1].dtype == DType::boolean && fits, who(), " expects a bool mask of the first sizes of ",
              to_string(shape), ", up to axis ", axis, " at most, got ", name_of(inputs[1].dtype), " ",
              to_string(places));
      run_ = before_ * channels_ / volume(places, 1);
    }

    Signature signature{{inputs[0]}, {}};
    if (scale_) signature.weights.push_back({"gamma", {channels_}, true});
    if (center_) signature.weights.push_back({"beta", {channels_}, true});
    moving_mean_ = signature.weights.size();
    signature.weights.push_back({"moving_mean", {channels_}, false});
    signature.weights.push_back({"moving_variance", {channels_}, false});
    return signature;
  }

  bool differentiable_input(std::size_t i) const override { return i == 0; }

  bool scales_channels() const override { return inner_ == 1 && !masked_ && !uses_batch(false); }
  void channel_scales(const Context& ctx, std::size_t first, Real* factors, Real* terms) const override {
    const auto weight = [&](std::size_t i) { return ctx.weight(first + i); };
    const Real *mean = weight(moving_mean_), *variance = weight(moving_mean_ + 1);
    for (Index c = 0; c < channels_; ++c) {
      const Real inverse = 1.0_r / std::sqrt(variance[c] + epsilon_);
      factors[c] = scale_ ? weight(0)[c] * inverse : inverse;
      terms[c] = (center_ ? weight(scale_ ? 1 : 0)[c] : 0.0_r) - mean[c] * factors[c];
    }
  }

  void book(Booking& booking) const override {
    const bool of_batch = uses_batch(booking.training());
    const Index parts = 2 * channels_ * chunks(booking.capacity());
    booking.book(kTerms, of_batch ? Life::step : Life::plan, 8 * channels_);
    if (of_batch) booking.book(kChunkMoments, Life::forward, masked_ ? parts / 2 * 3 : parts);
    if (!booking.backward()) return;
    booking.book(kChunkSums, Life::backward, parts);
    booking.book(kCoefficients, Life::backward, 6 * channels_);
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
    const Real* x = ctx.input();
    Real* y = ctx.output();
    if (uses_batch(ctx.training()) && !ctx.met()) find_moments(ctx, terms);
    each_chunk(ctx, 0.3, [&](Index begin, Index end) {
      // A few KiB at a time, so that the activation reads them from the first-level cache.
      const Index stride = channels_ * inner_, step = std::max<Index>(1, 2048 / stride);
      for (Index o = begin; o < end; o += step) {
        const Index last = std::min(o + step, end);
        kernels::normalize(view, x, o, last, terms.mean, terms.scale, terms.shift, y);
        kernels::activate(fused().activation, fused().parameters, y + o * stride, y + o * stride, (last - o) * stride);
      }
    });
  }

  void backward(const Context& ctx) const override {
    const kernels::NormView view = this->view(ctx);
    const Terms terms = this->terms(ctx);
    const bool of_batch = uses_batch(ctx.training());
    const Real* x = ctx.input();
    Real *dy = ctx.output_gradient(), *dx = ctx.input_gradient();
    Real* dgamma = scale_ ? ctx.weight_gradient(0) : nullptr;
    Real* dbeta = center_ ? ctx.weight_gradient(scale_ ? 1 : 0) : nullptr;
    Real* coefficients = ctx.buffer(kCoefficients);
    Real *sum = coefficients, *product = sum + channels_, *offset = product + channels_, *bend = offset + channels_;

    const bool met = of_batch && ctx.met();
    const bool sums = met || (of_batch && dx != nullptr) || dgamma != nullptr || dbeta != nullptr;
    if (sums && !met) find_sums(ctx, sum, product);
    if (sums) {
      if (dbeta != nullptr) std::copy_n(sum, channels_, dbeta);
      if (dgamma != nullptr)
        for (Index c = 0; c < channels_; ++c) dgamma[c] = product[c] * terms.inverse[c];
    }
    if (dx == nullptr) return;
    // With n values per channel and z = (x - mean) / deviation:
    // dx = gamma / deviation * (dy - sum(dy) / n - z * sum(dy z) / n); masked values lack the last two terms.
    if (of_batch) {
      // Of a batch in parts the gradients of the weights are those of this part, and these those of all.
      if (met) sum = coefficients + 4 * channels_, product = sum + channels_;
      for (Index c = 0; c < channels_; ++c) {
        const Real count =
            masked_ || met ? std::max(terms.count[c], 1.0_r) : static_cast<Real>(view.outer * view.inner);
        offset[c] = -terms.scale[c] * (sum[c] / count);
        bend[c] = -terms.scale[c] * terms.inverse[c] * terms.inverse[c] * (product[c] / count);
      }
    }
    each_chunk(ctx, 0.3, [&](Index begin, Index end) {
      if (!sums) through_activation(ctx, begin, end);
      if (of_batch && masked_)
        kernels::masked_normalize_backward(view, counted(ctx), x, dy, begin, end, terms.mean, terms.scale, offset, bend,
                                           dx);
      else
        kernels::normalize_backward(view, x, dy, begin, end, terms.mean, terms.scale, offset, of_batch ? bend : nullptr,
                                    dx);
    });
  }

  bool updates_state() const override { return uses_batch(true); }
  bool reads_state() const override { return !uses_batch(true); }

  // Of each channel: forward the mean, squared distances from it and the number of values; backward the two sums.
  Index meeting(bool training, bool backward) const override {
    return uses_batch(training) ? (backward ? 2 : 3) * channels_ : 0;
  }
  void contribute(const Context& ctx, bool backward, Real* to) const override {
    if (backward) {
      Real* sum = ctx.buffer(kCoefficients);
      find_sums(ctx, sum, sum + channels_);
      std::copy_n(sum, 2 * channels_, to);
      return;
    }
    Terms found = terms(ctx);
    find_moments(ctx, found);
    const kernels::NormView view = this->view(ctx);
    for (Index c = 0; c < channels_; ++c) {
      const Real count = masked_ ? found.count[c] : static_cast<Real>(view.outer * view.inner);
      to[c] = found.mean[c];
      to[channels_ + c] = found.variance[c] * count;
      to[2 * channels_ + c] = count;
    }
  }
  void meet(const Context& ctx, bool backward, const Real* of_parts, Index parts) const override {
    const kernels::NormView view{parts, channels_, 1};
    if (backward) {
      Real* sum = ctx.buffer(kCoefficients) + 4 * channels_;
      return kernels::combine_sums(view, 1, of_parts, sum, sum + channels_);
    }
    const Terms terms = this->terms(ctx);
    kernels::combine_masked_moments(view, 1, of_parts, terms.mean, terms.variance, terms.count);
    derive(ctx, terms);
    std::copy_n(terms.mean, 2 * channels_, terms.committed);
  }
  bool synchronized() const override { return synchronized_; }
  void meet_for_commit(const Context& ctx, const Real* of_parts, Index parts) const override {
    // The backward pass reads the counts of this process.
    std::vector<Real> counts(static_cast<std::size_t>(channels_));
    Real* moments = terms(ctx).committed;
    kernels::combine_masked_moments({parts, channels_, 1}, 1, of_parts, moments, moments + channels_, counts.data());
  }

  void commit(const Context& ctx) const override {
    if (!ctx.training() || !uses_batch(true)) return;
    const Terms terms = this->terms(ctx);
    Real *mean = ctx.state(moving_mean_), *variance = ctx.state(moving_mean_ + 1);
    const Real* moments = ctx.met() ? terms.committed : terms.mean;
    for (Index c = 0; c < channels_; ++c) {
      mean[c] = mean[c] * momentum_ + moments[c] * (1.0_r - momentum_);
      variance[c] = variance[c] * momentum_ + moments[channels_ + c] * (1.0_r - momentum_);
    }
  }

 private:
  enum : std::size_t { kTerms, kChunkMoments, kChunkSums, kCoefficients };

  // Per channel: the moments, 1 / sqrt(variance + epsilon), the scale and shift of the sweep, the number of unmasked
  // values, and, of a batch in parts, the moments that the moving statistics take.
  struct Terms {
    Real *mean, *variance, *inverse, *scale, *shift, *count, *committed;
  };
  Terms terms(const Context& ctx) const {
    Real* at = ctx.buffer(kTerms);
    return {at,
            at + channels_,
            at + 2 * channels_,
            at + 3 * channels_,
            at + 4 * channels_,
            at + 5 * channels_,
            at + 6 * channels_};
  }
  kernels::Counted counted(const Context& ctx) const { return {ctx.input<std::uint8_t>(1), run_}; }

  // The moments of the rows of this context, chunk by chunk, and what follows from them.
  void find_moments(const Context& ctx, const Terms& terms) const {
    const kernels::NormView view = this->view(ctx);
    Real* parts = ctx.buffer(kChunkMoments);
    const Index stride = (masked_ ? 3 : 2) * channels_;
    each_chunk(ctx, 0.3, [&](Index begin, Index end) {
      Real* part = parts + begin / chunk_ * stride;
      if (masked_)
        kernels::masked_moments(view, counted(ctx), ctx.input(), begin, end, part, part + channels_,
                                part + 2 * channels_);
      else
        kernels::moments(view, ctx.input(), begin, end, part, part + channels_);
    });
    if (masked_)
      kernels::combine_masked_moments(view, chunk_, parts, terms.mean, terms.variance, terms.count);
    else
      kernels::combine_moments(view, chunk_, parts, terms.mean, terms.variance);
    derive(ctx, terms);
  }

  // The sums of the output's gradient, and of its products with the distances from the mean; the gradient is taken
  // through the fused activation before.
  void find_sums(const Context& ctx, Real* sum, Real* product) const {
    const kernels::NormView view = this->view(ctx);
    const Terms terms = this->terms(ctx);
    Real *dy = ctx.output_gradient(), *parts = ctx.buffer(kChunkSums);
    each_chunk(ctx, 0.4, [&](Index begin, Index end) {
      through_activation(ctx, begin, end);
      Real* part = parts + begin / chunk_ * 2 * channels_;
      kernels::gradient_sums(view, ctx.input(), dy, begin, end, terms.mean, part, part + channels_);
    });
    kernels::combine_sums(view, chunk_, parts, sum, product);
  }

  void derive(const Context& ctx, const Terms& terms) const {
    for (Index c = 0; c < channels_; ++c) {
      terms.inverse[c] = 1.0_r / std::sqrt(terms.variance[c] + epsilon_);
      terms.scale[c] = scale_ ? ctx.weight(0)[c] * terms.inverse[c] : terms.inverse[c];
      terms.shift[c] = center_ ? ctx.weight(scale_ ? 1 : 0)[c] : 0.0_r;
    }
  }

  // Turns dy into the gradient of the input of the fused activation, in place.
  void through_activation(const Context& ctx, Index begin, Index end) const {
    const Index stride = channels_ * inner_;
    Real* dy = ctx.output_gradient() + begin * stride;
    kernels::activate_backward(fused().activation, fused().parameters, nullptr, ctx.output() + begin * stride, dy, dy,
                               (end - begin) * stride);
  }

  bool uses_batch(bool graph_trains) const { return !frozen_ && training_.value_or(graph_trains); }
  kernels::NormView view(const Context& ctx) const { return {ctx.rows() * before_, channels_, inner_}; }
  Index chunks(Index rows) const { return (rows * before_ + chunk_ - 1) / chunk_; }

  // Calls body(begin, end) for the chunks of the outer index; `cost` is in nanoseconds per element.
  template <class Body>
  void each_chunk(const Context& ctx, double cost, Body&& body) const {
    const Index outer = ctx.rows() * before_;
    parallel_ranges(outer, chunk_, cost * static_cast<double>(outer * channels_ * inner_),
                    [&](Index begin, Index end, int) { body(begin, end); });
  }

  Index axis_ = -1;
  Real momentum_, epsilon_;
  bool center_, scale_, frozen_, synchronized_, masked_;
  std::optional<bool> training_;
  Index channels_ = 0, inner_ = 1, before_ = 1, chunk_ = 1;
  Index run_ = 1;  // runs of inner_ values per element of the mask
  std::size_t moving_mean_ = 0;
};

const bool registered = register_layer_class<BatchNormalization>("BatchNormalization");

}  // namespace
}  // namespace fastnn
