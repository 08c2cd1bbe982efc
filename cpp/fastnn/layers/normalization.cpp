// Normalization of groups of channels of a sample (GroupNormalization), or of rows of a sample (LayerNormalization,
// RMSNormalization, UnitNormalization). Owns the axes; the arithmetic is in kernels/norm.
#include <algorithm>
#include <cmath>

#include "fastnn/kernels/norm.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

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
    norm_.epsilon = unit ? 1e-12_r : static_cast<Real>(config.number("epsilon", layer ? 1e-3 : 1e-6));
    require(norm_.epsilon >= 0, "epsilon expects a number of at least 0, got ", norm_.epsilon);
    if (!unit) scale_ = !layer ? "scale" : config.flag("scale", true) || rms_scaling ? "gamma" : "";
    center_ = layer && config.flag("center", true) && !rms_scaling;
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
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
    const Real* gamma = scale_.empty() ? nullptr : ctx.weight(0);
    const Real* beta = center_ ? ctx.weight(scale_.empty() ? 0 : 1) : nullptr;
    auto* moments = ctx.buffer<kernels::RowMoments>(kMoments);
    const Index n = norm_.size, groups = unit_groups();
    each_chunk(ctx, 0.8, [&](Index begin, Index end, int thread) {
      for (Index unit = begin; unit < end; ++unit) {
        const Real* x = ctx.input() + unit * groups * n;
        Real* y = ctx.output() + unit * groups * n;
        Real* arranged = places_.empty() ? nullptr : ctx.buffer(kArranged) + thread * row_size_;
        if (arranged != nullptr) gather(x, arranged);
        for (Index g = 0; g < groups; ++g) {
          const Real* from = (arranged != nullptr ? arranged : x) + g * n;
          const kernels::RowMoments own = kernels::row_moments(norm_, from);
          if (moments != nullptr) moments[unit * groups + g] = own;
          kernels::normalize_row(norm_, own, from, gamma, beta, (arranged != nullptr ? arranged : y) + g * n);
        }
        if (arranged != nullptr) scatter(arranged, y);
      }
    });
  }

  void backward(const Context& ctx) const override {
    const Real* gamma = scale_.empty() ? nullptr : ctx.weight(0);
    Real* dgamma = scale_.empty() ? nullptr : ctx.weight_gradient(0);
    Real* dbeta = center_ ? ctx.weight_gradient(scale_.empty() ? 0 : 1) : nullptr;
    const auto* moments = ctx.buffer<kernels::RowMoments>(kMoments);
    Real* parts = ctx.buffer(kParts);
    const Index n = norm_.size, groups = unit_groups();
    each_chunk(ctx, 1.5, [&](Index begin, Index end, int thread) {
      Real* part = parts + begin / chunk_ * 2 * n;
      std::fill(part, part + 2 * n, 0.0_r);
      for (Index unit = begin; unit < end; ++unit) {
        const Index at = unit * groups * n;
        const Real *x = ctx.input() + at, *dy = ctx.output_gradient() + at;
        Real* dx = ctx.input_gradient() == nullptr ? nullptr : ctx.input_gradient() + at;
        Real* to = dx;
        if (!places_.empty()) {
          Real* arranged = ctx.buffer(kArrangedPair) + Index{thread} * 2 * row_size_;
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
  void gather(const Real* from, Real* to) const {
    for (std::size_t i = 0; i < places_.size(); ++i) to[places_[i]] = from[i];
  }
  void scatter(const Real* from, Real* to) const {
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
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
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
    const Real* gamma = scale_ ? ctx.weight(0) : nullptr;
    const Real* beta = center_ ? ctx.weight(scale_ ? 1 : 0) : nullptr;
    auto* kept = ctx.buffer<kernels::RowMoments>(kMoments);
    each_row(ctx, 1.0, [&](Index row, int thread) {
      const Real* x = ctx.input() + row * size;
      Real* mean = ctx.buffer(kTerms) + Index{thread} * 5 * c;
      Real *squares = mean + c, *center = squares + c, *scale = center + c, *shift = scale + c;
      kernels::moments(view_, x, 0, view_.outer, mean, squares);
      for (Index g = 0; g < count_; ++g) {
        const kernels::RowMoments group = combined(mean + g * within, squares + g * within, within);
        if (kept != nullptr) kept[row * count_ + g] = group;
        for (Index k = g * within; k < (g + 1) * within; ++k) {
          center[k] = group.mean;
          scale[k] = gamma == nullptr ? group.inverse : gamma[k] * group.inverse;
          shift[k] = beta == nullptr ? 0.0_r : beta[k];
        }
      }
      kernels::normalize(view_, x, 0, view_.outer, center, scale, shift, ctx.output() + row * size);
    });
  }

  void backward(const Context& ctx) const override {
    const Index c = view_.channels, size = row_size(), within = c / count_;
    const Real* gamma = scale_ ? ctx.weight(0) : nullptr;
    const auto* kept = ctx.buffer<kernels::RowMoments>(kMoments);
    Real* parts = ctx.buffer(kParts);
    each_row(ctx, 1.5, [&](Index row, int thread) {
      const Real *x = ctx.input() + row * size, *dy = ctx.output_gradient() + row * size;
      const kernels::RowMoments* moments = kept + row * count_;
      Real *sum = parts + row * 2 * c, *product = sum + c;
      Real* mean = ctx.buffer(kCoefficients) + Index{thread} * 4 * c;
      Real *scale = mean + c, *offset = scale + c, *bend = offset + c;
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
          offset[k] = static_cast<Real>(-inverse * up / n);
          bend[k] = static_cast<Real>(-inverse * inverse * inverse * along / n);
          product[k] *= moments[g].inverse;
        }
      }
      if (Real* dx = ctx.input_gradient())
        kernels::normalize_backward(view_, x, dy, 0, view_.outer, mean, scale, offset, bend, dx + row * size);
    });
    Real* dgamma = scale_ ? ctx.weight_gradient(0) : nullptr;
    Real* dbeta = center_ ? ctx.weight_gradient(scale_ ? 1 : 0) : nullptr;
    if (dbeta != nullptr) kernels::fold_parts(parts, ctx.rows(), 2 * c, c, dbeta);
    if (dgamma != nullptr) kernels::fold_parts(parts + c, ctx.rows(), 2 * c, c, dgamma);
  }

 private:
  enum : std::size_t { kTerms, kMoments, kParts, kCoefficients };

  Index row_size() const { return view_.outer * view_.channels * view_.inner; }

  // The moments of a group from the means and squares of its channels, which have equal weights.
  kernels::RowMoments combined(const Real* mean, const Real* squares, Index channels) const {
    const double each = static_cast<double>(view_.outer * view_.inner), all = static_cast<double>(channels);
    double center = 0, spread = 0;
    for (Index k = 0; k < channels; ++k) center += mean[k] / all;
    for (Index k = 0; k < channels; ++k) {
      const double away = mean[k] - center;
      spread += squares[k] + each * away * away;
    }
    return {static_cast<Real>(center), static_cast<Real>(1.0 / std::sqrt(spread / (each * all) + epsilon_))};
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

const bool registered = register_layer_class<GroupNormalization>("GroupNormalization") &&
                        register_layer_class<RowNormalization>("LayerNormalization") &&
                        register_layer_class<RowNormalization>("RMSNormalization") &&
                        register_layer_class<RowNormalization>("UnitNormalization");

}  // namespace
}  // namespace fastnn
