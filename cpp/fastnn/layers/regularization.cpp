// Regularization: Dropout (with noise_shape, so also spatial dropout, and AlphaDropout), GaussianNoise, GaussianDropout
// and ActivityRegularization. The random ones are part of training graphs only. Random words come from the node's
// stream; masks and normal numbers are computed in kernels/dropout.
#include <algorithm>
#include <cmath>

#include "fastnn/kernels/activity.hpp"
#include "fastnn/kernels/dropout.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

constexpr Index kChunk = 64 * kernels::kDropoutBlock;

// The negative saturation value of selu (Klambauer et al., "Self-normalizing neural networks", 2017).
constexpr double kSeluFloor = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717;

class Dropout : public Layer {
 public:
  Dropout(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), rate_(config.number("rate")), alpha_(kind == "AlphaDropout") {
    require(rate_ >= 0 && rate_ <= 1, "rate expects a number in [0, 1], got ", rate_);
    if (config.has("noise_shape")) noise_shape_ = config.integers("noise_shape");
    if (kind.rfind("SpatialDropout", 0) == 0) spatial_ = static_cast<std::size_t>(kind[14] - '0');
    scale_ = kernels::dropout_scale(rate_);
    if (!alpha_) return;
    require(rate_ < 1, "rate expects a number in [0, 1) where some values must be kept, got ", rate_);
    const double scale = 1.0 / std::sqrt((1.0 - rate_) * (1.0 + rate_ * kSeluFloor * kSeluFloor));
    scale_ = static_cast<Real>(scale);
    shift_ = static_cast<Real>(-scale * kSeluFloor * rate_);
    dropped_ = static_cast<Real>(scale * kSeluFloor * (1.0 - rate_));
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    row_size_ = noise_row_ = inputs[0].row_size();
    const std::size_t rank = shape.size();
    if (spatial_ != 0) {
      require(rank == spatial_ + 2, who(), " expects ",
              spatial_ == 1   ? "(batch, steps, channels)"
              : spatial_ == 2 ? "(batch, height, width, channels)"
                              : "(batch, depth, height, width, channels)",
              ", got ", to_string(shape));
      noise_shape_.assign(rank, 1);
      noise_shape_.front() = noise_shape_.back() = -1;
    }
    if (noise_shape_.empty()) return {inputs, {}};

    require(noise_shape_.size() == rank, who(), ": noise_shape expects ", rank, " sizes for an input ",
            to_string(shape), ", got ", noise_shape_.size());
    require(noise_shape_[0] == -1 || noise_shape_[0] == 1, who(),
            ": the first size of noise_shape is the batch's; it expects None or 1, got ", noise_shape_[0]);
    for (std::size_t d = 1; d < rank; ++d)
      require(noise_shape_[d] == -1 || noise_shape_[d] == 1 || noise_shape_[d] == shape[d], who(), ": size ", d,
              " of noise_shape expects None, 1 or ", shape[d], ", got ", noise_shape_[d]);
    shared_by_batch_ = noise_shape_[0] == 1;
    // For each run along the last dimension, its offset in the mask of the row.
    const auto whole = [&](std::size_t d) { return noise_shape_[d] != 1 || shape[d] == 1; };
    last_ = rank > 1 ? shape[rank - 1] : 1;
    last_step_ = rank > 1 && whole(rank - 1) ? 1 : 0;
    noise_row_ = last_step_ == 1 ? last_ : 1;
    runs_ = {0};
    for (std::size_t d = rank - 1; d-- > 1;) {
      const std::vector<Index> inner = runs_;
      runs_.clear();
      for (Index i = 0; i < shape[d]; ++i)
        for (Index offset : inner) runs_.push_back((whole(d) ? i * noise_row_ : 0) + offset);
      if (whole(d)) noise_row_ *= shape[d];
    }
    return {inputs, {}};
  }

  bool random() const override { return true; }
  BackwardReads backward_reads() const override { return {false, false}; }

  void book(Booking& booking) const override {
    const Index masks = shared_by_batch_ ? 1 : booking.capacity();
    booking.book<std::uint8_t>(kMask, booking.backward() ? Life::step : Life::forward, masks * noise_row_);
  }

  void forward(const Context& ctx) const override {
    const Real* x = ctx.input();
    Real* y = ctx.output();
    auto* mask = ctx.buffer<std::uint8_t>(kMask);
    const Index drawn = (shared_by_batch_ ? 1 : ctx.rows()) * noise_row_;
    const Index before = shared_by_batch_ ? 0 : ctx.first_row() * noise_row_;
    parallel_ranges(drawn, kChunk, 1.2 * static_cast<double>(drawn), [&](Index begin, Index end, int) {
      // The mask of a chunk is applied while it is in the first-level cache.
      kernels::draw_mask(ctx.stream(), rate_, before + begin, mask + begin, end - begin);
      if (noise_shape_.empty()) apply(mask + begin, 1, true, x + begin, y + begin, end - begin);
    });
    if (!noise_shape_.empty()) apply_by_runs(ctx, true, x, y);
  }

  bool gradient_in_place(std::size_t) const override { return noise_shape_.empty(); }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    const Real* dy = ctx.output_gradient();
    if (!noise_shape_.empty()) return apply_by_runs(ctx, false, dy, dx);
    const auto* mask = ctx.buffer<std::uint8_t>(kMask);
    const Index count = ctx.rows() * row_size_;
    parallel_ranges(count, kChunk, 0.4 * static_cast<double>(count), [&](Index begin, Index end, int) {
      apply(mask + begin, 1, false, dy + begin, dx + begin, end - begin);
    });
  }

 private:
  enum : std::size_t { kMask };

  // Gradients and values are scaled or dropped; AlphaDropout also shifts values.
  void apply(const std::uint8_t* mask, Index step, bool value, const Real* from, Real* to, Index count) const {
    if (alpha_ && value) return kernels::apply_mask(mask, step, scale_, shift_, dropped_, from, to, count);
    kernels::apply_mask(mask, step, scale_, from, to, count);
  }

  void apply_by_runs(const Context& ctx, bool value, const Real* from, Real* to) const {
    const auto* masks = ctx.buffer<std::uint8_t>(kMask);
    parallel_for(ctx.rows(), 0.5 * static_cast<double>(ctx.rows() * row_size_), [&](Index row, int) {
      const std::uint8_t* mask = masks + (shared_by_batch_ ? 0 : row * noise_row_);
      Index at = row * row_size_;
      for (Index run : runs_) {
        apply(mask + run, last_step_, value, from + at, to + at, last_);
        at += last_;
      }
    });
  }

  double rate_;
  bool alpha_;
  std::size_t spatial_ = 0;
  Real scale_ = 1.0_r, shift_ = 0.0_r, dropped_ = 0.0_r;
  std::vector<Index> noise_shape_;
  std::vector<Index> runs_;
  Index row_size_ = 0, noise_row_ = 0, last_ = 1, last_step_ = 1;
  bool shared_by_batch_ = false;
};

// Adds a normal random number to each value (GaussianNoise), or multiplies by one with mean 1 (GaussianDropout).
class GaussianNoise : public Layer {
 public:
  GaussianNoise(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), multiplies_(kind == "GaussianDropout") {
    const double given = config.number(multiplies_ ? "rate" : "stddev");
    if (multiplies_)
      require(given >= 0 && given < 1, "rate expects a number in [0, 1), got ", given);
    else
      require(given >= 0, "stddev expects a number of at least 0, got ", given);
    stddev_ = static_cast<Real>(multiplies_ ? std::sqrt(given / (1.0 - given)) : given);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    row_size_ = inputs[0].row_size();
    return {inputs, {}};
  }

  bool random() const override { return true; }
  BackwardReads backward_reads() const override { return {false, false}; }

  void book(Booking& booking) const override {
    if (multiplies_ && booking.backward()) booking.book(kFactors, Life::step, booking.capacity() * row_size_);
  }

  void forward(const Context& ctx) const override {
    Real* factors = ctx.buffer(kFactors);
    each_chunk(ctx, 3.0, [&](Index begin, Index end) {
      const Index first = ctx.first_row() * row_size_ + begin, count = end - begin;
      const Real* x = ctx.input() + begin;
      Real* y = ctx.output() + begin;
      if (multiplies_)
        kernels::multiply_normal(ctx.stream(), first, stddev_, x, factors == nullptr ? nullptr : factors + begin, y,
                                 count);
      else
        kernels::add_normal(ctx.stream(), first, stddev_, x, y, count);
    });
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    const Real* dy = ctx.output_gradient();
    Real* dx = ctx.input_gradient();
    each_chunk(ctx, 0.4, [&](Index begin, Index end) {
      if (multiplies_)
        kernels::multiply_normal_gradient(ctx.buffer(kFactors) + begin, dy + begin, dx + begin, end - begin);
      else
        std::copy(dy + begin, dy + end, dx + begin);
    });
  }

 private:
  enum : std::size_t { kFactors };

  template <class Body>
  void each_chunk(const Context& ctx, double cost, Body&& body) const {
    const Index count = ctx.rows() * row_size_;
    parallel_ranges(count, kChunk, cost * static_cast<double>(count),
                    [&](Index begin, Index end, int) { body(begin, end); });
  }

  bool multiplies_;
  Real stddev_ = 0.0_r;
  Index row_size_ = 0;
};

// Output 0 is the input; output 1 is the penalty of each sample: l1 sum |x| + l2 sum x^2.
class ActivityRegularization : public Layer {
 public:
  ActivityRegularization(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name),
        l1_(static_cast<Real>(config.number("l1", 0.0))),
        l2_(static_cast<Real>(config.number("l2", 0.0))) {
    require(l1_ >= 0 && l2_ >= 0, "l1 and l2 expect numbers of at least 0, got ", l1_, " and ", l2_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    row_size_ = inputs[0].row_size();
    return {{inputs[0], {{inputs[0].shape[0]}, DType::real}}, {}};
  }

  BackwardReads backward_reads() const override { return {true, false}; }

  void forward(const Context& ctx) const override {
    std::copy_n(ctx.input(), ctx.rows() * row_size_, ctx.output(0));
    kernels::activity_penalties(l1_, l2_, ctx.input(), ctx.rows(), row_size_, ctx.output(1));
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    kernels::activity_penalties_gradient(l1_, l2_, ctx.input(), ctx.output_gradient(0), ctx.output_gradient(1),
                                         ctx.rows(), row_size_, ctx.input_gradient());
  }

 private:
  Real l1_, l2_;
  Index row_size_ = 0;
};

const bool registered =
    register_layer_class<Dropout>("Dropout") && register_layer_class<Dropout>("SpatialDropout1D") &&
    register_layer_class<Dropout>("SpatialDropout2D") && register_layer_class<Dropout>("SpatialDropout3D") &&
    register_layer_class<Dropout>("AlphaDropout") && register_layer_class<GaussianNoise>("GaussianNoise") &&
    register_layer_class<GaussianNoise>("GaussianDropout") &&
    register_layer_class<ActivityRegularization>("ActivityRegularization");

}  // namespace
}  // namespace fastnn
