// Preprocessing of numbers: Rescaling, Normalization, CategoryEncoding, Discretization and IntegerLookup. Owns the
// broadcasting of constants over a sample and the shapes of encoded tokens; vectors of tokens are computed in
// kernels/encoding. Statistics of data are computed in Python.
#include <algorithm>
#include <cmath>

#include "fastnn/kernels/encoding.hpp"
#include "fastnn/kernels/scaling.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

constexpr Index kStretch = 512;

void require_one_input(const Layer& layer, const std::vector<Spec>& inputs, bool whole_too = false) {
  require(inputs.size() == 1, layer.who(), " expects one input, got ", inputs.size());
  require(inputs[0].dtype == DType::real || (whole_too && inputs[0].dtype == DType::int32), layer.who(), " expects ",
          kReal, whole_too ? " or int32" : "", ", got ", name_of(inputs[0].dtype));
}

// An argument that is an array, without leading axes of size 1.
Constant array(const Config& config, const std::string& key) {
  Constant found = config.constant(key);
  while (!found.shape.empty() && found.shape[0] == 1) found.shape.erase(found.shape.begin());
  return found;
}

// The first axis along which the array does not repeat.
std::size_t first_axis(const Shape& small) {
  return static_cast<std::size_t>(std::find_if(small.begin(), small.end(), [](Index n) { return n != 1; }) -
                                  small.begin());
}

// For each element of a sample, its index in a small array that is broadcast over the sample. The indices from axis
// `first` on are repeated until there are enough for whole registers.
std::vector<Index> broadcast_places(const Shape& sample, const Shape& small, std::size_t first) {
  const Index period = volume(sample, first);
  std::vector<Index> places;
  for (Index i = 0; i < period; ++i) {
    Index place = 0, rest = i, step = 1;
    for (std::size_t d = sample.size(); d-- > first;) {
      place += small[d] == 1 ? 0 : rest % sample[d] * step;
      rest /= sample[d];
      step *= small[d];
    }
    places.push_back(place);
  }
  while (period > 0 && static_cast<Index>(places.size()) < kStretch)
    for (Index i = 0; i < period; ++i) places.push_back(places[static_cast<std::size_t>(i)]);
  return places;
}

// x * scale + shift, or (x - shift) * scale, with constants that are broadcast over a sample.
class Scaling : public Layer {
 public:
  using Layer::Layer;

  BackwardReads backward_reads() const override { return {false, false}; }

  void forward(const Context& ctx) const override {
    kernels::scale_shift(rows(ctx), centred_, ctx.input(), scale(ctx), shift(ctx), ctx.output());
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    kernels::scale_shift_gradient(rows(ctx), ctx.output_gradient(), scale(ctx), ctx.input_gradient());
  }

 protected:
  virtual const Real* scale(const Context&) const { return scale_.data(); }
  virtual const Real* shift(const Context&) const { return shift_.data(); }

  Index row_size_ = 0, stretch_ = 1;
  bool centred_ = false;
  std::vector<Real> scale_, shift_;

 private:
  kernels::ScaledRows rows(const Context& ctx) const { return {ctx.rows(), row_size_, stretch_}; }
};

class Rescaling : public Scaling {
 public:
  Rescaling(const std::string& kind, const std::string& name, const Config& config)
      : Scaling(kind, name), scales_(array(config, "scale")), shifts_(array(config, "offset")) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require_one_input(*this, inputs);
    const Shape sample(inputs[0].shape.begin() + 1, inputs[0].shape.end());
    const Shape of_scale = aligned(scales_, "scale", sample), of_shift = aligned(shifts_, "offset", sample);
    const std::size_t first = std::min(first_axis(of_scale), first_axis(of_shift));
    scale_.clear(), shift_.clear();
    for (Index at : broadcast_places(sample, of_scale, first))
      scale_.push_back(scales_.values[static_cast<std::size_t>(at)]);
    for (Index at : broadcast_places(sample, of_shift, first))
      shift_.push_back(shifts_.values[static_cast<std::size_t>(at)]);
    row_size_ = inputs[0].row_size();
    stretch_ = std::max<Index>(1, static_cast<Index>(scale_.size()));
    return {inputs, {}};
  }

 private:
  Shape aligned(const Constant& given, const char* word, const Shape& sample) const {
    require(given.shape.size() <= sample.size(), who(), ": ", word, " of shape ", to_string(given.shape),
            " has more axes than a sample ", to_string(sample));
    Shape small(sample.size() - given.shape.size(), 1);
    small.insert(small.end(), given.shape.begin(), given.shape.end());
    for (std::size_t d = 0; d < small.size(); ++d)
      require(small[d] == 1 || small[d] == sample[d], who(), ": ", word, " of shape ", to_string(given.shape),
              " does not match samples of shape ", to_string(sample));
    return small;
  }

  Constant scales_, shifts_;
};

// (x - mean) / deviation, or x * deviation + mean. Mean and variance are arguments, or weights that adapt() writes.
class Normalization : public Scaling {
 public:
  Normalization(const std::string& kind, const std::string& name, const Config& config)
      : Scaling(kind, name), axes_(config.integers("axis")), invert_(config.flag("invert", false)) {
    centred_ = !invert_;
    if (config.has("mean")) {
      mean_ = array(config, "mean");
      variance_ = array(config, "variance");
      given_ = true;
      require(mean_.shape == variance_.shape, "mean and variance expect arrays of equal shapes, got ",
              to_string(mean_.shape), " and ", to_string(variance_.shape));
      require(mean_.shape.size() <= axes_.size(), "mean expects at most one axis for each of axis (", axes_.size(),
              "), got shape ", to_string(mean_.shape));
      for (Real value : variance_.values) require(!(value < 0), "variance expects numbers of at least 0, got ", value);
    }
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require_one_input(*this, inputs);
    const Shape& shape = inputs[0].shape;
    const auto rank = static_cast<Index>(shape.size());
    std::vector<Index> kept;
    for (Index axis : axes_) {
      const Index at = axis < 0 ? axis + rank : axis;
      require(at >= 0 && at < rank, who(), ": axis expects numbers from ", -rank, " to ", rank - 1, " for an input ",
              to_string(shape), ", got ", axis);
      require(at > 0, who(), ": axis ", axis,
              " is the batch, whose size a model does not know; use axes of the sample");
      require(std::find(kept.begin(), kept.end(), at) == kept.end(), who(), ": axis names ", axis, " twice");
      kept.push_back(at);
    }
    std::sort(kept.begin(), kept.end());
    const Shape sample(shape.begin() + 1, shape.end());
    Shape small(sample.size(), 1), sizes;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const auto at = static_cast<std::size_t>(kept[i]);
      sizes.push_back(shape[at]);
      small[at - 1] = shape[at];
      if (!given_) continue;
      // The axes of the array are the last of the kept axes.
      const std::size_t missing = kept.size() - mean_.shape.size();
      small[at - 1] = i < missing ? 1 : mean_.shape[i - missing];
      require(small[at - 1] == 1 || small[at - 1] == shape[at], who(), ": mean of shape ", to_string(mean_.shape),
              " does not match inputs ", to_string(shape), " along axis ", at);
    }
    row_size_ = inputs[0].row_size();
    places_ = broadcast_places(sample, small, first_axis(small));
    stretch_ = std::max<Index>(1, static_cast<Index>(places_.size()));
    scale_.resize(places_.size()), shift_.resize(places_.size());
    if (!given_) return {inputs, {{"mean", sizes, false}, {"variance", sizes, false}, {"count", {}, false}}};
    derive(mean_.values.data(), variance_.values.data(), scale_.data(), shift_.data());
    return {inputs, {}};
  }

  void book(Booking& booking) const override {
    if (!given_) booking.book(kDerived, Life::plan, 2 * stretch_);
  }

  void prepare(const Context& ctx) const override {
    if (!given_) derive(ctx.weight(0), ctx.weight(1), ctx.buffer(kDerived), ctx.buffer(kDerived) + stretch_);
  }

 protected:
  const Real* scale(const Context& ctx) const override { return given_ ? scale_.data() : ctx.buffer(kDerived); }
  const Real* shift(const Context& ctx) const override {
    return given_ ? shift_.data() : ctx.buffer(kDerived) + stretch_;
  }

 private:
  enum : std::size_t { kDerived };

  void derive(const Real* mean, const Real* variance, Real* scale, Real* shift) const {
    constexpr Real kLeast = 1e-7_r;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const Real root = std::sqrt(variance[places_[i]]);
      const Real deviation = root < kLeast ? kLeast : root;
      scale[i] = invert_ ? deviation : 1.0_r / deviation;
      shift[i] = mean[places_[i]];
    }
  }

  std::vector<Index> axes_;
  bool invert_, given_ = false;
  Constant mean_, variance_;
  std::vector<Index> places_;
};

// Multi-hot, one-hot or count vectors of the tokens of a sample. A second input holds the weights of the tokens.
class CategoryEncoding : public Layer {
 public:
  CategoryEncoding(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), depth_(config.integer("num_tokens")) {
    require(depth_ >= 1, "num_tokens expects a number of at least 1, got ", depth_);
    const std::string mode = config.word("output_mode", "multi_hot");
    require(mode == "one_hot" || mode == "multi_hot" || mode == "count",
            "output_mode expects \"one_hot\", \"multi_hot\" or \"count\", got \"", mode, "\"");
    encoding_ = mode == "one_hot"     ? kernels::Encoding::one_hot
                : mode == "multi_hot" ? kernels::Encoding::multi_hot
                                      : kernels::Encoding::count;
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1 || inputs.size() == 2, who(), " expects tokens and optional count_weights, got ",
            inputs.size(), " inputs");
    whole_ = inputs[0].dtype == DType::int32;
    require(whole_ || inputs[0].dtype == DType::real, who(), " expects int32 or ", kReal, ", got ",
            name_of(inputs[0].dtype));
    Shape shape = inputs[0].shape;
    if (inputs.size() == 2) {
      require(encoding_ == kernels::Encoding::count, who(),
              ": count_weights are valid only with output_mode \"count\"");
      require(inputs[1].shape == shape && inputs[1].dtype == DType::real, who(), " expects ", kReal,
              " count_weights of the tokens' shape ", to_string(shape), ", got ", name_of(inputs[1].dtype), " ",
              to_string(inputs[1].shape));
    }
    if (encoding_ == kernels::Encoding::one_hot) {
      size_ = 1;
      groups_ = inputs[0].row_size();
      if (shape.size() > 1 && shape.back() == 1) shape.pop_back();
    } else {
      require(shape.size() >= 2, who(), " expects (batch, tokens of a sample), got ", to_string(shape),
              "; give each sample an axis of its own, x[:, None], or use output_mode \"one_hot\"");
      size_ = shape.back();
      shape.pop_back();
      groups_ = volume(shape, 1);
    }
    shape.push_back(depth_);
    return {{{shape, DType::real}}, {}};
  }

  bool differentiable_input(std::size_t i) const override { return i == 1 || !whole_; }
  BackwardReads backward_reads() const override { return {true, false}; }

  void forward(const Context& ctx) const override {
    const Real* weights = ctx.inputs_.size() > 1 ? ctx.input(1) : nullptr;
    each_group(ctx, depth_ + 4 * size_, [&](Index group) {
      const Real* of_group = weights == nullptr ? nullptr : weights + group * size_;
      Real* y = ctx.output() + group * depth_;
      if (whole_)
        kernels::encode(encoding_, ctx.input<std::int32_t>() + group * size_, of_group, size_, depth_, y);
      else
        kernels::encode(encoding_, ctx.input() + group * size_, of_group, size_, depth_, y);
    });
  }

  void backward(const Context& ctx) const override {
    // Tokens are discrete and have no gradient.
    if (ctx.input_gradient(0) != nullptr) std::fill_n(ctx.input_gradient(0), ctx.rows() * groups_ * size_, 0.0_r);
    if (ctx.inputs_.size() < 2 || ctx.input_gradient(1) == nullptr) return;
    each_group(ctx, 4 * size_, [&](Index group) {
      const Real* dy = ctx.output_gradient() + group * depth_;
      Real* dweights = ctx.input_gradient(1) + group * size_;
      if (whole_)
        kernels::encode_gradient(ctx.input<std::int32_t>() + group * size_, size_, depth_, dy, dweights);
      else
        kernels::encode_gradient(ctx.input() + group * size_, size_, depth_, dy, dweights);
    });
  }

 private:
  template <class Body>
  void each_group(const Context& ctx, Index cost, Body&& body) const {
    const Index groups = ctx.rows() * groups_;
    parallel_ranges(groups, std::max<Index>(1, 16384 / cost), 0.3 * static_cast<double>(groups * cost),
                    [&](Index begin, Index end, int) {
                      for (Index group = begin; group < end; ++group) body(group);
                    });
  }

  Index depth_, size_ = 1, groups_ = 1;
  kernels::Encoding encoding_;
  bool whole_ = false;
};

// An integer for each number, without a gradient.
class Whole : public Layer {
 public:
  using Layer::Layer;

  Signature infer(const std::vector<Spec>& inputs) override {
    require_one_input(*this, inputs, takes_whole());
    whole_ = inputs[0].dtype == DType::int32;
    row_size_ = inputs[0].row_size();
    return {{{inputs[0].shape, DType::int32}}, {}};
  }

  bool differentiable() const override { return false; }
  BackwardReads backward_reads() const override { return {false, false}; }

  void forward(const Context& ctx) const override {
    const Index count = ctx.rows() * row_size_;
    parallel_ranges(count, 4096, 10.0 * static_cast<double>(count), [&](Index begin, Index end, int) {
      auto* y = ctx.output<std::int32_t>();
      for (Index i = begin; i < end; ++i)
        y[i] = static_cast<std::int32_t>(whole_ ? of_whole(ctx.input<std::int32_t>()[i]) : of_float(ctx.input()[i]));
    });
  }

 protected:
  virtual bool takes_whole() const { return false; }
  virtual Index of_float(Real x) const = 0;
  virtual Index of_whole(Index x) const { return x; }

 private:
  Index row_size_ = 0;
  bool whole_ = false;
};

// The index of the bin that contains a number.
class Discretization : public Whole {
 public:
  Discretization(const std::string& kind, const std::string& name, const Config& config)
      : Whole(kind, name), boundaries_(config.constant("bin_boundaries").values) {
    for (std::size_t i = 1; i < boundaries_.size(); ++i)
      require(boundaries_[i - 1] <= boundaries_[i], "bin_boundaries expects ascending numbers, got ",
              boundaries_[i - 1], " before ", boundaries_[i]);
  }

 protected:
  Index of_float(Real x) const override {
    // NaN is less than no boundary, so it falls into the last bin.
    return std::upper_bound(boundaries_.begin(), boundaries_.end(), x) - boundaries_.begin();
  }

 private:
  std::vector<Real> boundaries_;
};

// The value of a key; other numbers give `otherwise`, or are hashed to `buckets` indices from there on.
class IntegerLookup : public Whole {
 public:
  IntegerLookup(const std::string& kind, const std::string& name, const Config& config)
      : Whole(kind, name),
        keys_(config.integers("keys")),
        values_(config.integers("values")),
        otherwise_(config.integer("otherwise")),
        buckets_(config.integer("buckets", 1)) {
    require(keys_.size() == values_.size(), "expected equal numbers of values and keys, got ", values_.size(), " for ",
            keys_.size());
    require(std::is_sorted(keys_.begin(), keys_.end()), "keys expects ascending numbers");
    require(buckets_ >= 1, "buckets expects a number of at least 1, got ", buckets_);
  }

 protected:
  bool takes_whole() const override { return true; }
  Index of_float(Real x) const override {
    // NaN and numbers of 2^63 and more are no valid keys.
    return x > -9.2e18_r && x < 9.2e18_r ? of_whole(static_cast<Index>(x)) : otherwise_;
  }
  Index of_whole(Index x) const override {
    const auto key = std::lower_bound(keys_.begin(), keys_.end(), x);
    if (key != keys_.end() && *key == x) return values_[static_cast<std::size_t>(key - keys_.begin())];
    return otherwise_ + (x % buckets_ + buckets_) % buckets_;
  }

 private:
  std::vector<Index> keys_, values_;
  Index otherwise_, buckets_;
};

const bool registered =
    register_layer_class<Rescaling>("Rescaling") && register_layer_class<Normalization>("Normalization") &&
    register_layer_class<CategoryEncoding>("CategoryEncoding") &&
    register_layer_class<Discretization>("Discretization") && register_layer_class<IntegerLookup>("IntegerLookup");

}  // namespace
}  // namespace fastnn
