// Normalization by the moments of the batch (BatchNormalization), of groups of channels of a sample
// (GroupNormalization), or of rows of a sample (LayerNormalization, RMSNormalization, UnitNormalization). Owns the
// axes, the choice between batch and moving statistics, and their update; the arithmetic is in kernels/norm.
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
        momentum_(static_cast<float>(config.number("momentum", 0.99))),
        epsilon_(static_cast<float>(config.number("epsilon", 1e-3))),
        center_(config.flag("center", true)),
        scale_(config.flag("scale", true)),
        frozen_(config.flag("frozen", false)),
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
    require(inputs[0].dtype == DType::float32, who(), " expects float32, got ", name_of(inputs[0].dtype));
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
  void channel_scales(const float* const* weights, float* factors, float* terms) const override {
    const float *mean = weights[moving_mean_], *variance = weights[moving_mean_ + 1];
    for (Index c = 0; c < channels_; ++c) {
      const float inverse = 1.0f / std::sqrt(variance[c] + epsilon_);
      factors[c] = scale_ ? weights[0][c] * inverse : inverse;
      terms[c] = (center_ ? weights[scale_ ? 1 : 0][c] : 0.0f) - mean[c] * factors[c];
    }
  }

  void book(Booking& booking) const override {
    const bool of_batch = uses_batch(booking.training());
    const Index parts = 2 * channels_ * chunks(booking.capacity());
    booking.book(kTerms, of_batch ? Life::step : Life::plan, 6 * channels_);
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
    const float* x = ctx.input();
    float* y = ctx.output();
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
    const float* x = ctx.input();
    float *dy = ctx.output_gradient(), *dx = ctx.input_gradient();
    float* dgamma = scale_ ? ctx.weight_gradient(0) : nullptr;
    float* dbeta = center_ ? ctx.weight_gradient(scale_ ? 1 : 0) : nullptr;
    float* coefficients = ctx.buffer(kCoefficients);
    float *sum = coefficients, *product = sum + channels_, *offset = product + channels_, *bend = offset + channels_;

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
        const float count =
            masked_ || met ? std::max(terms.count[c], 1.0f) : static_cast<float>(view.outer * view.inner);
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
  void contribute(const Context& ctx, bool backward, float* to) const override {
    if (backward) {
      float* sum = ctx.buffer(kCoefficients);
      find_sums(ctx, sum, sum + channels_);
      std::copy_n(sum, 2 * channels_, to);
      return;
    }
    Terms found = terms(ctx);
    find_moments(ctx, found);
    const kernels::NormView view = this->view(ctx);
    for (Index c = 0; c < channels_; ++c) {
      const float count = masked_ ? found.count[c] : static_cast<float>(view.outer * view.inner);
      to[c] = found.mean[c];
      to[channels_ + c] = found.variance[c] * count;
      to[2 * channels_ + c] = count;
    }
  }
  void meet(const Context& ctx, bool backward, const float* of_parts, Index parts) const override {
    const kernels::NormView view{parts, channels_, 1};
    if (backward) {
      float* sum = ctx.buffer(kCoefficients) + 4 * channels_;
      return kernels::combine_sums(view, 1, of_parts, sum, sum + channels_);
    }
    const Terms terms = this->terms(ctx);
    kernels::combine_masked_moments(view, 1, of_parts, terms.mean, terms.variance, terms.count);
    derive(ctx, terms);
  }

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
  enum : std::size_t { kTerms, kChunkMoments, kChunkSums, kCoefficients };

  // Per channel: the moments, 1 / sqrt(variance + epsilon), the scale and shift of the sweep, and the number of
  // unmasked values.
  struct Terms {
    float *mean, *variance, *inverse, *scale, *shift, *count;
  };
  Terms terms(const Context& ctx) const {
    float* at = ctx.buffer(kTerms);
    return {at, at + channels_, at + 2 * channels_, at + 3 * channels_, at + 4 * channels_, at + 5 * channels_};
  }
  kernels::Counted counted(const Context& ctx) const { return {ctx.input<std::uint8_t>(1), run_}; }

  // The moments of the rows of this context, chunk by chunk, and what follows from them.
  void find_moments(const Context& ctx, const Terms& terms) const {
    const kernels::NormView view = this->view(ctx);
    float* parts = ctx.buffer(kChunkMoments);
    const Index stride = (masked_ ? 3 : 2) * channels_;
    each_chunk(ctx, 0.3, [&](Index begin, Index end) {
      float* part = parts + begin / chunk_ * stride;
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
  void find_sums(const Context& ctx, float* sum, float* product) const {
    const kernels::NormView view = this->view(ctx);
    const Terms terms = this->terms(ctx);
    float *dy = ctx.output_gradient(), *parts = ctx.buffer(kChunkSums);
    each_chunk(ctx, 0.4, [&](Index begin, Index end) {
      through_activation(ctx, begin, end);
      float* part = parts + begin / chunk_ * 2 * channels_;
      kernels::gradient_sums(view, ctx.input(), dy, begin, end, terms.mean, part, part + channels_);
    });
    kernels::combine_sums(view, chunk_, parts, sum, product);
  }

  void derive(const Context& ctx, const Terms& terms) const {
    for (Index c = 0; c < channels_; ++c) {
      terms.inverse[c] = 1.0f / std::sqrt(terms.variance[c] + epsilon_);
      terms.scale[c] = scale_ ? ctx.weight(0)[c] * terms.inverse[c] : terms.inverse[c];
      terms.shift[c] = center_ ? ctx.weight(scale_ ? 1 : 0)[c] : 0.0f;
    }
  }

  // Turns dy into the gradient of the input of the fused activation, in place.
  void through_activation(const Context& ctx, Index begin, Index end) const {
    const Index stride = channels_ * inner_;
    float* dy = ctx.output_gradient() + begin * stride;
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
  float momentum_, epsilon_;
  bool center_, scale_, frozen_, masked_;
  std::optional<bool> training_;
  Index channels_ = 0, inner_ = 1, before_ = 1, chunk_ = 1;
  Index run_ = 1;  // runs of inner_ values per element of the mask
  std::size_t moving_mean_ = 0;
};

// The index of an axis counted from 0. Raises ValueError for the batch and for axes that do not exist.
Index axis_of(const Layer& layer, Index axis, const Shape& shape) {
  const Index rank = static_cast<Index>(shape.size());
  const Index at = axis < 0 ? axis + rank : axis;
  require(at >= 1 && at < rank, layer.who(), ": axis expects 1 to ", rank - 1, " or -1 to -", rank - 1,
          " for an input ", to_string(shape), ", got ", axis, at == 0 ? ", the batch axis" : "");
  return at;
}

// Normalizes the values along `axis` by their mean and deviation (LayerNormalization), root mean square
// (RMSNormalization) or norm (UnitNormalization). If the axes are not the last ones, a sample is first transposed into
// scratch memory.
class RowNormalization : public Layer {
 public:
  RowNormalization(const std::string& kind, const std::string& name, const Config& config) : Layer(kind, name) {
    axes_ = config.has("axis") ? config.integers("axis") : std::vector<Index>{-1};
    require(!axes_.empty(), "axis expects at least one axis, got none");
    const bool layer = kind == "LayerNormalization", unit = kind == "UnitNormalization";
    const bool rms_scaling = layer && config.flag("rms_scaling", false);
    norm_.shifted = layer && !rms_scaling;
    norm_.centered = layer;
    norm_.length = unit;
    norm_.epsilon = unit ? 1e-12f : static_cast<float>(config.number("epsilon", layer ? 1e-3 : 1e-6));
    require(norm_.epsilon >= 0, "epsilon expects a number of at least 0, got ", norm_.epsilon);
    if (!unit) scale_ = !layer ? "scale" : config.flag("scale", true) || rms_scaling ? "gamma" : "";
    center_ = layer && config.flag("center", true) && !rms_scaling;
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::float32, who(), " expects float32, got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    require(shape.size() >= 2, who(), " expects at least (batch, n), got ", to_string(shape));
    std::vector<bool> reduced(shape.size(), false);
    std::vector<Index> ordered = axes_;
    std::sort(ordered.begin(), ordered.end());
    Shape sizes;
    norm_.size = 1;
    for (Index axis : ordered) {
      const auto at = static_cast<std::size_t>(axis_of(*this, axis, shape));
      require(!reduced[at], who(), ": axis names axis ", at, " twice");
      reduced[at] = true;
      sizes.push_back(shape[at]);
      norm_.size *= shape[at];
    }
    row_size_ = inputs[0].row_size();
    require(row_size_ > 0, who(), " expects at least one value per sample, got ", to_string(shape));
    groups_ = row_size_ / norm_.size;
    places_.clear();
    const auto first = std::find(reduced.begin(), reduced.end(), true);
    if (std::find(first, reduced.end(), false) != reduced.end()) arrange(shape, reduced);
    const Index unit = norm_.size * unit_groups();
    chunk_ = std::clamp<Index>(16384 / unit, 1, 512);

    Signature signature{inputs, {}};
    if (!scale_.empty()) signature.weights.push_back({scale_, sizes, true});
    if (center_) signature.weights.push_back({"beta", sizes, true});
    return signature;
  }

  BackwardReads backward_reads() const override { return {true, false}; }

  void book(Booking& booking) const override {
    const Index arranged = places_.empty() ? 0 : booking.threads() * row_size_;
    booking.book(kArranged, Life::forward, arranged);
    if (!booking.backward()) return;
    booking.book(kMoments, Life::step, 2 * booking.capacity() * groups_);
    booking.book(kParts, Life::backward, 2 * norm_.size * chunks(booking.capacity()));
    booking.book(kArrangedPair, Life::backward, 2 * arranged);
  }

  void forward(const Context& ctx) const override {
    const float* gamma = scale_.empty() ? nullptr : ctx.weight(0);
    const float* beta = center_ ? ctx.weight(scale_.empty() ? 0 : 1) : nullptr;
    auto* moments = ctx.buffer<kernels::RowMoments>(kMoments);
    const Index n = norm_.size, groups = unit_groups();
    each_chunk(ctx, 0.8, [&](Index begin, Index end, int thread) {
      for (Index unit = begin; unit < end; ++unit) {
        const float* x = ctx.input() + unit * groups * n;
        float* y = ctx.output() + unit * groups * n;
        float* arranged = places_.empty() ? nullptr : ctx.buffer(kArranged) + thread * row_size_;
        if (arranged != nullptr) gather(x, arranged);
        for (Index g = 0; g < groups; ++g) {
          const float* from = (arranged != nullptr ? arranged : x) + g * n;
          const kernels::RowMoments own = kernels::row_moments(norm_, from);
          if (moments != nullptr) moments[unit * groups + g] = own;
          kernels::normalize_row(norm_, own, from, gamma, beta, (arranged != nullptr ? arranged : y) + g * n);
        }
        if (arranged != nullptr) scatter(arranged, y);
      }
    });
  }

  void backward(const Context& ctx) const override {
    const float* gamma = scale_.empty() ? nullptr : ctx.weight(0);
    float* dgamma = scale_.empty() ? nullptr : ctx.weight_gradient(0);
    float* dbeta = center_ ? ctx.weight_gradient(scale_.empty() ? 0 : 1) : nullptr;
    const auto* moments = ctx.buffer<kernels::RowMoments>(kMoments);
    float* parts = ctx.buffer(kParts);
    const Index n = norm_.size, groups = unit_groups();
    each_chunk(ctx, 1.5, [&](Index begin, Index end, int thread) {
      float* part = parts + begin / chunk_ * 2 * n;
      std::fill(part, part + 2 * n, 0.0f);
      for (Index unit = begin; unit < end; ++unit) {
        const Index at = unit * groups * n;
        const float *x = ctx.input() + at, *dy = ctx.output_gradient() + at;
        float* dx = ctx.input_gradient() == nullptr ? nullptr : ctx.input_gradient() + at;
        float* to = dx;
        if (!places_.empty()) {
          float* arranged = ctx.buffer(kArrangedPair) + Index{thread} * 2 * row_size_;
          gather(x, arranged);
          gather(dy, arranged + row_size_);
          x = arranged;
          dy = arranged + row_size_;
          if (dx != nullptr) to = arranged;
        }
        for (Index g = 0; g < groups; ++g)
          kernels::normalize_row_backward(norm_, moments[unit * groups + g], x + g * n, dy + g * n, gamma,
                                          to == nullptr ? nullptr : to + g * n, dgamma == nullptr ? nullptr : part,
                                          dbeta == nullptr ? nullptr : part + n);
        if (dx != nullptr && to != dx) scatter(to, dx);
      }
    });
    const Index count = chunks(ctx.rows());
    if (dgamma != nullptr) kernels::fold_parts(parts, count, 2 * n, n, dgamma);
    if (dbeta != nullptr) kernels::fold_parts(parts + n, count, 2 * n, n, dbeta);
  }

 private:
  enum : std::size_t { kArranged, kMoments, kParts, kArrangedPair };

  // places_[i]: the position of element i of a sample after the normalized axes have been moved to the end.
  void arrange(const Shape& shape, const std::vector<bool>& reduced) {
    places_ = {0};
    std::vector<Index> stride(shape.size(), 0);
    Index next = 1;
    for (const bool inner : {true, false})
      for (std::size_t d = shape.size(); d-- > 1;)
        if (reduced[d] == inner) {
          stride[d] = next;
          next *= shape[d];
        }
    for (std::size_t d = 1; d < shape.size(); ++d) {
      const std::vector<Index> before = places_;
      places_.clear();
      for (Index offset : before)
        for (Index i = 0; i < shape[d]; ++i) places_.push_back(offset + i * stride[d]);
    }
  }
  void gather(const float* from, float* to) const {
    for (std::size_t i = 0; i < places_.size(); ++i) to[places_[i]] = from[i];
  }
  void scatter(const float* from, float* to) const {
    for (std::size_t i = 0; i < places_.size(); ++i) to[i] = from[places_[i]];
  }

  // The unit of a task: a normalized row, or a sample where it has to be transposed.
  Index unit_groups() const { return places_.empty() ? 1 : groups_; }
  Index units(Index rows) const { return rows * groups_ / unit_groups(); }
  Index chunks(Index rows) const { return (units(rows) + chunk_ - 1) / chunk_; }

  template <class Body>
  void each_chunk(const Context& ctx, double cost, Body&& body) const {
    if (!places_.empty()) cost *= 3;
    parallel_ranges(units(ctx.rows()), chunk_, cost * static_cast<double>(ctx.rows() * row_size_),
                    [&](Index begin, Index end, int thread) { body(begin, end, thread); });
  }

  std::vector<Index> axes_;
  kernels::RowNorm norm_{};
  std::string scale_;
  bool center_ = false;
  std::vector<Index> places_;
  Index row_size_ = 0, groups_ = 1, chunk_ = 1;
};

// Normalizes each group of channels along `axis` by its mean and deviation within a sample.
class GroupNormalization : public Layer {
 public:
  GroupNormalization(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name),
        groups_(config.integer("groups", 32)),
        axis_(config.integer("axis", -1)),
        epsilon_(config.number("epsilon", 1e-3)),
        center_(config.flag("center", true)),
        scale_(config.flag("scale", true)) {
    require(groups_ >= 1 || groups_ == -1, "groups expects a positive integer, or -1 for one per channel, got ",
            groups_);
    require(epsilon_ >= 0, "epsilon expects a number of at least 0, got ", epsilon_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::float32, who(), " expects float32, got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    require(shape.size() >= 2, who(), " expects at least (batch, n), got ", to_string(shape));
    const auto at = static_cast<std::size_t>(axis_of(*this, axis_, shape));
    const Index channels = shape[at];
    require(inputs[0].row_size() > 0, who(), " expects at least one value per sample, got ", to_string(shape));
    count_ = groups_ == -1 ? channels : groups_;
    require(channels % count_ == 0, who(), ": groups expects a divisor of the ", channels, " channels of ",
            to_string(shape), ", got ", groups_);
    const Index inner = volume(shape, at + 1);
    view_ = {inputs[0].row_size() / (channels * inner), channels, inner};

    Signature signature{inputs, {}};
    if (scale_) signature.weights.push_back({"gamma", {channels}, true});
    if (center_) signature.weights.push_back({"beta", {channels}, true});
    return signature;
  }

  BackwardReads backward_reads() const override { return {true, false}; }

  void book(Booking& booking) const override {
    booking.book(kTerms, Life::forward, Index{booking.threads()} * 5 * view_.channels);
    if (!booking.backward()) return;
    booking.book(kMoments, Life::step, 2 * booking.capacity() * count_);
    booking.book(kParts, Life::backward, 2 * booking.capacity() * view_.channels);
    booking.book(kCoefficients, Life::backward, Index{booking.threads()} * 4 * view_.channels);
  }

  void forward(const Context& ctx) const override {
    const Index c = view_.channels, size = row_size(), within = c / count_;
    const float* gamma = scale_ ? ctx.weight(0) : nullptr;
    const float* beta = center_ ? ctx.weight(scale_ ? 1 : 0) : nullptr;
    auto* kept = ctx.buffer<kernels::RowMoments>(kMoments);
    each_row(ctx, 1.0, [&](Index row, int thread) {
      const float* x = ctx.input() + row * size;
      float* mean = ctx.buffer(kTerms) + Index{thread} * 5 * c;
      float *squares = mean + c, *center = squares + c, *scale = center + c, *shift = scale + c;
      kernels::moments(view_, x, 0, view_.outer, mean, squares);
      for (Index g = 0; g < count_; ++g) {
        const kernels::RowMoments group = combined(mean + g * within, squares + g * within, within);
        if (kept != nullptr) kept[row * count_ + g] = group;
        for (Index k = g * within; k < (g + 1) * within; ++k) {
          center[k] = group.mean;
          scale[k] = gamma == nullptr ? group.inverse : gamma[k] * group.inverse;
          shift[k] = beta == nullptr ? 0.0f : beta[k];
        }
      }
      kernels::normalize(view_, x, 0, view_.outer, center, scale, shift, ctx.output() + row * size);
    });
  }

  void backward(const Context& ctx) const override {
    const Index c = view_.channels, size = row_size(), within = c / count_;
    const float* gamma = scale_ ? ctx.weight(0) : nullptr;
    const auto* kept = ctx.buffer<kernels::RowMoments>(kMoments);
    float* parts = ctx.buffer(kParts);
    each_row(ctx, 1.5, [&](Index row, int thread) {
      const float *x = ctx.input() + row * size, *dy = ctx.output_gradient() + row * size;
      const kernels::RowMoments* moments = kept + row * count_;
      float *sum = parts + row * 2 * c, *product = sum + c;
      float* mean = ctx.buffer(kCoefficients) + Index{thread} * 4 * c;
      float *scale = mean + c, *offset = scale + c, *bend = offset + c;
      for (Index k = 0; k < c; ++k) mean[k] = moments[k / within].mean;
      kernels::gradient_sums(view_, x, dy, 0, view_.outer, mean, sum, product);
      // As for a batch, with the sums of the channels of a group weighted by gamma.
      const double n = static_cast<double>(view_.outer * view_.inner * within);
      for (Index g = 0; g < count_; ++g) {
        double up = 0, along = 0;
        for (Index k = g * within; k < (g + 1) * within; ++k) {
          const double factor = gamma == nullptr ? 1.0 : gamma[k];
          up += factor * sum[k];
          along += factor * product[k];
        }
        const double inverse = moments[g].inverse;
        for (Index k = g * within; k < (g + 1) * within; ++k) {
          scale[k] = gamma == nullptr ? moments[g].inverse : gamma[k] * moments[g].inverse;
          offset[k] = static_cast<float>(-inverse * up / n);
          bend[k] = static_cast<float>(-inverse * inverse * inverse * along / n);
          product[k] *= moments[g].inverse;
        }
      }
      if (float* dx = ctx.input_gradient())
        kernels::normalize_backward(view_, x, dy, 0, view_.outer, mean, scale, offset, bend, dx + row * size);
    });
    float* dgamma = scale_ ? ctx.weight_gradient(0) : nullptr;
    float* dbeta = center_ ? ctx.weight_gradient(scale_ ? 1 : 0) : nullptr;
    if (dbeta != nullptr) kernels::fold_parts(parts, ctx.rows(), 2 * c, c, dbeta);
    if (dgamma != nullptr) kernels::fold_parts(parts + c, ctx.rows(), 2 * c, c, dgamma);
  }

 private:
  enum : std::size_t { kTerms, kMoments, kParts, kCoefficients };

  Index row_size() const { return view_.outer * view_.channels * view_.inner; }

  // The moments of a group from the means and squares of its channels, which have equal weights.
  kernels::RowMoments combined(const float* mean, const float* squares, Index channels) const {
    const double each = static_cast<double>(view_.outer * view_.inner), all = static_cast<double>(channels);
    double center = 0, spread = 0;
    for (Index k = 0; k < channels; ++k) center += mean[k] / all;
    for (Index k = 0; k < channels; ++k) {
      const double away = mean[k] - center;
      spread += squares[k] + each * away * away;
    }
    return {static_cast<float>(center), static_cast<float>(1.0 / std::sqrt(spread / (each * all) + epsilon_))};
  }

  template <class Body>
  void each_row(const Context& ctx, double cost, Body&& body) const {
    parallel_for(ctx.rows(), cost * static_cast<double>(ctx.rows() * row_size()),
                 [&](Index row, int thread) { body(row, thread); });
  }

  Index groups_, axis_;
  double epsilon_;
  bool center_, scale_;
  Index count_ = 1;
  kernels::NormView view_{};
};

const bool registered = register_layer_class<BatchNormalization>("BatchNormalization") &&
                        register_layer_class<GroupNormalization>("GroupNormalization") &&
                        register_layer_class<RowNormalization>("LayerNormalization") &&
                        register_layer_class<RowNormalization>("RMSNormalization") &&
                        register_layer_class<RowNormalization>("UnitNormalization");

}  // namespace
}  // namespace fastnn
