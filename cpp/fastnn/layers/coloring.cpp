// Layers that change the colours of a picture in training, and not its shape: brightness, contrast, inversion, grey,
// solarization... They stand in training graphs only. Owns what is drawn, what it does to a pixel, and its gradient.
//
// What happens to a sample is drawn from block `sample` of the node's stream, so it depends on the seed, the step and the
// place in the batch alone, and the backward pass draws the same again.
#include <algorithm>
#include <array>

#include "fastnn/layer.hpp"
#include "fastnn/packet.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

// Four numbers in [0, 1) for a sample.
using Draw = std::array<float, 4>;

// An argument that was given as "<name>_lower" and "<name>_upper": a number drawn in between.
class Range {
 public:
  Range(const Config& config, const std::string& name)
      : lower_(static_cast<float>(config.number(name + "_lower"))),
        upper_(static_cast<float>(config.number(name + "_upper"))) {
    require(lower_ <= upper_, name, " expects the smaller number first, got ", lower_, " and ", upper_);
  }
  float at(float unit) const { return lower_ + (upper_ - lower_) * unit; }
  float lower() const { return lower_; }
  float upper() const { return upper_; }
  float width() const { return upper_ - lower_; }

 private:
  float lower_, upper_;
};

// x within the range; NaN stays.
inline float clipped(float x, const Range& range) {
  return x < range.lower() ? range.lower() : x > range.upper() ? range.upper() : x;
}
inline bool outside(float x, const Range& range) { return x < range.lower() || x > range.upper(); }

// The shares of red, green and blue in the grey that looks as bright.
constexpr float kGrey[3] = {0.2989f, 0.5870f, 0.1140f};

class Coloring : public Layer {
 public:
  Coloring(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), values_(config, "value_range") {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::float32, who(), " expects float32, got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    require(shape.size() == 4, who(), " expects images (batch, height, width, channels), got ", to_string(shape));
    require(inputs[0].row_size() > 0, who(), " expects images of at least one pixel, got ", to_string(shape));
    require(!of_three() || shape[3] == 3, who(), " expects images of three channels (red, green, blue), got ",
            to_string(shape));
    pixels_ = shape[1] * shape[2];
    channels_ = shape[3];
    return {inputs, {}};
  }

  bool random() const override { return true; }
  BackwardReads backward_reads() const override { return {true, false}; }

  void book(Booking& booking) const override {
    booking.book<double>(Life::forward, booking.threads() * 2 * channels_);
    if (booking.backward()) booking.book<double>(Life::backward, booking.threads() * 2 * channels_);
  }

  void forward(const Context& ctx) const override {
    each_sample(ctx, [&](Index sample, int thread) {
      apply(drawn(ctx, sample), ctx.buffer<double>(0) + thread * 2 * channels_, ctx.input() + sample * size(),
            ctx.output() + sample * size());
    });
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    each_sample(ctx, [&](Index sample, int thread) {
      gradient(drawn(ctx, sample), ctx.buffer<double>(1) + thread * 2 * channels_, ctx.input() + sample * size(),
               ctx.output_gradient() + sample * size(), ctx.input_gradient() + sample * size());
    });
  }

 protected:
  virtual bool of_three() const { return false; }
  // One sample's picture, and the gradient of it. `sums` are two numbers a channel.
  virtual void apply(const Draw&, double* sums, const float* x, float* y) const = 0;
  virtual void gradient(const Draw&, double* sums, const float* x, const float* dy, float* dx) const = 0;

  Index size() const { return pixels_ * channels_; }

  Range values_;
  Index pixels_ = 1, channels_ = 1;

 private:
  static Draw drawn(const Context& ctx, Index sample) {
    const Philox words = philox(ctx.stream(), static_cast<std::uint64_t>(sample));
    return {to_unit(words[0]), to_unit(words[1]), to_unit(words[2]), to_unit(words[3])};
  }
  template <class Body>
  void each_sample(const Context& ctx, Body&& body) const {
    parallel_for(ctx.rows(), static_cast<double>(ctx.rows() * size()), body);
  }
};

class RandomBrightness : public Coloring {
 public:
  RandomBrightness(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  void apply(const Draw& drawn, double*, const float* x, float* y) const override {
    const float more = factor_.at(drawn[0]) * values_.width();
    for (Index i = 0; i < size(); ++i) y[i] = clipped(x[i] + more, values_);
  }
  void gradient(const Draw& drawn, double*, const float* x, const float* dy, float* dx) const override {
    const float more = factor_.at(drawn[0]) * values_.width();
    for (Index i = 0; i < size(); ++i) dx[i] = outside(x[i] + more, values_) ? 0.0f : dy[i];
  }

 private:
  Range factor_;
};

// (x - mean) * factor + mean, where the mean is that of the channel in this picture.
class RandomContrast : public Coloring {
 public:
  RandomContrast(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  void apply(const Draw& drawn, double* means, const float* x, float* y) const override {
    const float factor = factor_.at(drawn[0]);
    take_means(x, means);
    for (Index p = 0, i = 0; p < pixels_; ++p)
      for (Index c = 0; c < channels_; ++c, ++i) y[i] = clipped(stretched(x[i], means[c], factor), values_);
  }

  void gradient(const Draw& drawn, double* means, const float* x, const float* dy, float* dx) const override {
    const float factor = factor_.at(drawn[0]);
    double* given = means + channels_;
    take_means(x, means);
    for (Index p = 0, i = 0; p < pixels_; ++p)
      for (Index c = 0; c < channels_; ++c, ++i)
        dx[i] = outside(stretched(x[i], means[c], factor), values_) ? 0.0f : dy[i];
    take_means(dx, given);
    for (Index p = 0, i = 0; p < pixels_; ++p)
      for (Index c = 0; c < channels_; ++c, ++i)
        dx[i] = packet::madd(factor, dx[i], (1.0f - factor) * static_cast<float>(given[c]));
  }

 private:
  static float stretched(float x, double mean, float factor) {
    const auto middle = static_cast<float>(mean);
    return packet::madd(x - middle, factor, middle);
  }
  void take_means(const float* x, double* means) const {
    std::fill_n(means, channels_, 0.0);
    for (Index p = 0, i = 0; p < pixels_; ++p)
      for (Index c = 0; c < channels_; ++c, ++i) means[c] += static_cast<double>(x[i]);
    for (Index c = 0; c < channels_; ++c) means[c] /= static_cast<double>(pixels_);
  }

  Range factor_;
};

// The largest value less x, with a chance that is itself drawn.
class RandomInvert : public Coloring {
 public:
  RandomInvert(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  void apply(const Draw& drawn, double*, const float* x, float* y) const override {
    const bool chosen = this->chosen(drawn);
    for (Index i = 0; i < size(); ++i) y[i] = chosen ? values_.upper() - x[i] : x[i];
  }
  void gradient(const Draw& drawn, double*, const float*, const float* dy, float* dx) const override {
    const float sign = chosen(drawn) ? -1.0f : 1.0f;
    for (Index i = 0; i < size(); ++i) dx[i] = sign * dy[i];
  }

 private:
  bool chosen(const Draw& drawn) const { return drawn[1] < factor_.at(drawn[0]); }
  Range factor_;
};

// A share of the grey picture in place of the coloured one: all of it with some chance, or as much as is drawn.
class Graying : public Coloring {
 public:
  using Coloring::Coloring;

 protected:
  bool of_three() const override { return true; }
  virtual float share(const Draw& drawn) const = 0;
  virtual bool clips() const = 0;

  void apply(const Draw& drawn, double*, const float* x, float* y) const override {
    const float share = this->share(drawn);
    for (Index i = 0; i < size(); i += 3) {
      const float grey = kGrey[0] * x[i] + kGrey[1] * x[i + 1] + kGrey[2] * x[i + 2];
      for (Index c = 0; c < 3; ++c) {
        const float mixed = mix(x[i + c], grey, share);
        y[i + c] = clips() ? clipped(mixed, values_) : mixed;
      }
    }
  }

  void gradient(const Draw& drawn, double*, const float* x, const float* dy, float* dx) const override {
    const float share = this->share(drawn);
    for (Index i = 0; i < size(); i += 3) {
      const float grey = kGrey[0] * x[i] + kGrey[1] * x[i + 1] + kGrey[2] * x[i + 2];
      float of_grey = 0.0f;
      for (Index c = 0; c < 3; ++c) {
        const float given = clips() && outside(mix(x[i + c], grey, share), values_) ? 0.0f : dy[i + c];
        dx[i + c] = (1.0f - share) * given;
        of_grey += share * given;
      }
      for (Index c = 0; c < 3; ++c) dx[i + c] += kGrey[c] * of_grey;
    }
  }

 private:
  // No share is x itself, and all of it is the grey itself.
  static float mix(float x, float grey, float share) {
    return share == 0.0f ? x : share == 1.0f ? grey : x + share * (grey - x);
  }
};

class RandomGrayscale : public Graying {
 public:
  RandomGrayscale(const std::string& kind, const std::string& name, const Config& config)
      : Graying(kind, name, config), factor_(static_cast<float>(config.number("factor"))) {}

 protected:
  float share(const Draw& drawn) const override { return drawn[0] < factor_ ? 1.0f : 0.0f; }
  bool clips() const override { return false; }

 private:
  float factor_;
};

class RandomColorDegeneration : public Graying {
 public:
  RandomColorDegeneration(const std::string& kind, const std::string& name, const Config& config)
      : Graying(kind, name, config), factor_(config, "factor") {}

 protected:
  float share(const Draw& drawn) const override { return factor_.at(drawn[0]); }
  bool clips() const override { return true; }

 private:
  Range factor_;
};

// Values are moved up and clipped; those from the threshold on are then turned round: the smallest becomes the largest.
class Solarization : public Coloring {
 public:
  Solarization(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), addition_(config, "addition_factor"), threshold_(config, "threshold_factor") {}

 protected:
  void apply(const Draw& drawn, double*, const float* x, float* y) const override {
    const float more = addition_.at(drawn[0]) * values_.width(), threshold = this->threshold(drawn);
    for (Index i = 0; i < size(); ++i) {
      const float moved = clipped(x[i] + more, values_);
      y[i] = moved < threshold ? moved : values_.upper() - (moved - values_.lower());
    }
  }
  void gradient(const Draw& drawn, double*, const float* x, const float* dy, float* dx) const override {
    const float more = addition_.at(drawn[0]) * values_.width(), threshold = this->threshold(drawn);
    for (Index i = 0; i < size(); ++i) {
      const float moved = x[i] + more;
      dx[i] = outside(moved, values_) ? 0.0f : moved < threshold ? dy[i] : -dy[i];
    }
  }

 private:
  float threshold(const Draw& drawn) const { return values_.lower() + threshold_.at(drawn[1]) * values_.width(); }
  Range addition_, threshold_;
};

// Only the highest bits of the 8 that a value of 0 to 255 has.
class RandomPosterization : public Coloring {
 public:
  RandomPosterization(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  void apply(const Draw& drawn, double*, const float* x, float* y) const override {
    // Whole numbers of bits from the lower to just below the upper, as often each.
    const int bits = static_cast<int>(factor_.at(drawn[0]));
    const int step = 1 << (8 - bits);
    const float scale = 255.0f / values_.width();
    for (Index i = 0; i < size(); ++i) {
      const float level = (clipped(x[i], values_) - values_.lower()) * scale;
      y[i] =
          level != level ? level : static_cast<float>(static_cast<int>(level) / step * step) / scale + values_.lower();
    }
  }
  // A staircase is flat.
  void gradient(const Draw&, double*, const float*, const float*, float* dx) const override {
    std::fill_n(dx, size(), 0.0f);
  }

 private:
  Range factor_;
};

const bool registered = register_layer_class<RandomBrightness>("RandomBrightness") &&
                        register_layer_class<RandomContrast>("RandomContrast") &&
                        register_layer_class<RandomInvert>("RandomInvert") &&
                        register_layer_class<RandomGrayscale>("RandomGrayscale") &&
                        register_layer_class<RandomColorDegeneration>("RandomColorDegeneration") &&
                        register_layer_class<Solarization>("Solarization") &&
                        register_layer_class<RandomPosterization>("RandomPosterization");

}  // namespace
}  // namespace fastnn
