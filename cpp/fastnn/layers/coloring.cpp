// Random transformations of the colors of images: brightness, contrast, hue, sharpness, grayscale, erased patches. They
// are part of training graphs only. Owns what is drawn, what it does to a pixel, and its gradient.
//
// The parameters of a sample are drawn from two blocks of the node's stream. They depend on the seed, the step and the
// index in the batch alone, and the backward pass draws the same values again.
#include <algorithm>
#include <array>
#include <cmath>

#include "fastnn/kernels/contrast.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

// The random parameters of a sample: numbers in [0, 1), and a stream for noise.
struct Draw {
  std::array<Real, 8> units;
  Stream noise;
  Real operator[](std::size_t i) const { return units[i]; }
};

// A random number between the arguments "<name>_lower" and "<name>_upper".
class Range {
 public:
  Range(const Config& config, const std::string& name)
      : lower_(static_cast<Real>(config.number(name + "_lower"))),
        upper_(static_cast<Real>(config.number(name + "_upper"))) {
    require(lower_ <= upper_, name, " expects the smaller number first, got ", lower_, " and ", upper_);
  }
  Real at(Real unit) const { return lower_ + (upper_ - lower_) * unit; }
  Real lower() const { return lower_; }
  Real upper() const { return upper_; }
  Real width() const { return upper_ - lower_; }

 private:
  Real lower_, upper_;
};

// Clips x to the range; NaN stays NaN.
inline Real clipped(Real x, const Range& range) {
  return x < range.lower() ? range.lower() : x > range.upper() ? range.upper() : x;
}
inline bool outside(Real x, const Range& range) { return x < range.lower() || x > range.upper(); }

// The weights of red, green and blue in the luminance.
constexpr Real kGrey[3] = {0.2989_r, 0.5870_r, 0.1140_r};

class Coloring : public Layer {
 public:
  Coloring(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), values_(config, "value_range") {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    require(shape.size() == 4, who(), " expects images (batch, height, width, channels), got ", to_string(shape));
    require(inputs[0].row_size() > 0, who(), " expects images of at least one pixel, got ", to_string(shape));
    require(!of_three() || shape[3] == 3, who(), " expects images of three channels (red, green, blue), got ",
            to_string(shape));
    height_ = shape[1], width_ = shape[2];
    pixels_ = height_ * width_;
    channels_ = shape[3];
    return {inputs, {}};
  }

  bool random() const override { return true; }
  BackwardReads backward_reads() const override { return {true, false}; }

  void book(Booking& booking) const override {
    booking.book<double>(kMeans, Life::forward, Index{booking.threads()} * 2 * channels_);
    if (booking.backward())
      booking.book<double>(kGradientSums, Life::backward, Index{booking.threads()} * 2 * channels_);
  }

  void forward(const Context& ctx) const override {
    each_sample(ctx, [&](Index sample, int thread) {
      apply(drawn(ctx, sample), ctx.buffer<double>(kMeans) + Index{thread} * 2 * channels_,
            ctx.input() + sample * size(), ctx.output() + sample * size());
    });
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    each_sample(ctx, [&](Index sample, int thread) {
      gradient(drawn(ctx, sample), ctx.buffer<double>(kGradientSums) + Index{thread} * 2 * channels_,
               ctx.input() + sample * size(), ctx.output_gradient() + sample * size(),
               ctx.input_gradient() + sample * size());
    });
  }

 protected:
  virtual bool of_three() const { return false; }
  // Transforms the image of one sample, or its gradient, which may overwrite dy. `sums` holds two numbers per channel.
  virtual void apply(const Draw&, double* sums, const Real* x, Real* y) const = 0;
  virtual void gradient(const Draw&, double* sums, const Real* x, Real* dy, Real* dx) const = 0;

  Index size() const { return pixels_ * channels_; }

  Range values_;
  Index height_ = 1, width_ = 1, pixels_ = 1, channels_ = 1;

 private:
  enum : std::size_t { kMeans, kGradientSums };

  static Draw drawn(const Context& ctx, Index sample) {
    Draw draw{};
    std::size_t next = 0;
    const auto place = static_cast<std::uint64_t>(ctx.first_row() + sample);
    for (std::uint64_t block : {2 * place, 2 * place + 1})
      for (std::uint32_t word : philox(ctx.stream(), block)) draw.units[next++] = to_unit(word);
    // The upper half of the blocks is for the seeds of noise.
    const Philox seed = philox(ctx.stream(), (std::uint64_t{1} << 63) + place);
    draw.noise.seed = (static_cast<std::uint64_t>(seed[0]) << 32) | seed[1];
    return draw;
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
  void apply(const Draw& drawn, double*, const Real* x, Real* y) const override {
    const Real more = factor_.at(drawn[0]) * values_.width();
    for (Index i = 0; i < size(); ++i) y[i] = clipped(x[i] + more, values_);
  }
  void gradient(const Draw& drawn, double*, const Real* x, Real* dy, Real* dx) const override {
    const Real more = factor_.at(drawn[0]) * values_.width();
    for (Index i = 0; i < size(); ++i) dx[i] = outside(x[i] + more, values_) ? 0.0_r : dy[i];
  }

 private:
  Range factor_;
};

// (x - mean) * factor + mean, with the mean of each channel of the image.
class RandomContrast : public Coloring {
 public:
  RandomContrast(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  void apply(const Draw& drawn, double* means, const Real* x, Real* y) const override {
    kernels::contrast(of(drawn), means, x, y);
  }
  void gradient(const Draw& drawn, double* means, const Real* x, Real* dy, Real* dx) const override {
    kernels::contrast_gradient(of(drawn), means, x, dy, dx);
  }

 private:
  kernels::Contrast of(const Draw& drawn) const {
    return {pixels_, channels_, factor_.at(drawn[0]), values_.lower(), values_.upper()};
  }

  Range factor_;
};

// The largest value minus x, with a random probability.
class RandomInvert : public Coloring {
 public:
  RandomInvert(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  void apply(const Draw& drawn, double*, const Real* x, Real* y) const override {
    const bool chosen = this->chosen(drawn);
    for (Index i = 0; i < size(); ++i) y[i] = chosen ? values_.upper() - x[i] : x[i];
  }
  void gradient(const Draw& drawn, double*, const Real*, Real* dy, Real* dx) const override {
    const Real sign = chosen(drawn) ? -1.0_r : 1.0_r;
    for (Index i = 0; i < size(); ++i) dx[i] = sign * dy[i];
  }

 private:
  bool chosen(const Draw& drawn) const { return drawn[1] < factor_.at(drawn[0]); }
  Range factor_;
};

// A blend of the image and its grayscale: the grayscale alone with some probability, or a random proportion.
class Graying : public Coloring {
 public:
  using Coloring::Coloring;

 protected:
  bool of_three() const override { return true; }
  virtual Real share(const Draw& drawn) const = 0;
  virtual bool clips() const = 0;

  void apply(const Draw& drawn, double*, const Real* x, Real* y) const override {
    const Real share = this->share(drawn);
    for (Index i = 0; i < size(); i += 3) {
      const Real grey = kGrey[0] * x[i] + kGrey[1] * x[i + 1] + kGrey[2] * x[i + 2];
      for (Index c = 0; c < 3; ++c) {
        const Real mixed = mix(x[i + c], grey, share);
        y[i + c] = clips() ? clipped(mixed, values_) : mixed;
      }
    }
  }

  void gradient(const Draw& drawn, double*, const Real* x, Real* dy, Real* dx) const override {
    const Real share = this->share(drawn);
    for (Index i = 0; i < size(); i += 3) {
      const Real grey = kGrey[0] * x[i] + kGrey[1] * x[i + 1] + kGrey[2] * x[i + 2];
      Real of_grey = 0.0_r;
      for (Index c = 0; c < 3; ++c) {
        const Real given = clips() && outside(mix(x[i + c], grey, share), values_) ? 0.0_r : dy[i + c];
        dx[i + c] = (1.0_r - share) * given;
        of_grey += share * given;
      }
      for (Index c = 0; c < 3; ++c) dx[i + c] += kGrey[c] * of_grey;
    }
  }

 private:
  // A proportion of 0 gives exactly x, a proportion of 1 exactly the grayscale.
  static Real mix(Real x, Real grey, Real share) {
    return share == 0.0_r ? x : share == 1.0_r ? grey : x + share * (grey - x);
  }
};

class RandomGrayscale : public Graying {
 public:
  RandomGrayscale(const std::string& kind, const std::string& name, const Config& config)
      : Graying(kind, name, config), factor_(static_cast<Real>(config.number("factor"))) {}

 protected:
  Real share(const Draw& drawn) const override { return drawn[0] < factor_ ? 1.0_r : 0.0_r; }
  bool clips() const override { return false; }

 private:
  Real factor_;
};

class RandomColorDegeneration : public Graying {
 public:
  RandomColorDegeneration(const std::string& kind, const std::string& name, const Config& config)
      : Graying(kind, name, config), factor_(config, "factor") {}

 protected:
  Real share(const Draw& drawn) const override { return factor_.at(drawn[0]); }
  bool clips() const override { return true; }

 private:
  Range factor_;
};

// Adds a random number, clips, and inverts the values that reach the threshold.
class Solarization : public Coloring {
 public:
  Solarization(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), addition_(config, "addition_factor"), threshold_(config, "threshold_factor") {}

 protected:
  void apply(const Draw& drawn, double*, const Real* x, Real* y) const override {
    const Real more = addition_.at(drawn[0]) * values_.width(), threshold = this->threshold(drawn);
    for (Index i = 0; i < size(); ++i) {
      const Real moved = clipped(x[i] + more, values_);
      y[i] = moved < threshold ? moved : values_.upper() - (moved - values_.lower());
    }
  }
  void gradient(const Draw& drawn, double*, const Real* x, Real* dy, Real* dx) const override {
    const Real more = addition_.at(drawn[0]) * values_.width(), threshold = this->threshold(drawn);
    for (Index i = 0; i < size(); ++i) {
      const Real moved = x[i] + more;
      dx[i] = outside(moved, values_) ? 0.0_r : moved < threshold ? dy[i] : -dy[i];
    }
  }

 private:
  Real threshold(const Draw& drawn) const { return values_.lower() + threshold_.at(drawn[1]) * values_.width(); }
  Range addition_, threshold_;
};

// Keeps only the highest of the 8 bits of a value in [0, 255].
class RandomPosterization : public Coloring {
 public:
  RandomPosterization(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  void apply(const Draw& drawn, double*, const Real* x, Real* y) const override {
    // Integers from the lower bound to just below the upper, with equal probability.
    const int bits = static_cast<int>(factor_.at(drawn[0]));
    const int step = 1 << (8 - bits);
    const Real scale = 255.0_r / values_.width();
    for (Index i = 0; i < size(); ++i) {
      const Real level = (clipped(x[i], values_) - values_.lower()) * scale;
      if (level != level) {
        y[i] = level;
        continue;
      }
      const int first = static_cast<int>(level) / step * step;
      y[i] = static_cast<Real>(first) / scale + values_.lower();
    }
  }
  // The derivative of a step function is 0.
  void gradient(const Draw&, double*, const Real*, Real*, Real* dx) const override { std::fill_n(dx, size(), 0.0_r); }

 private:
  Range factor_;
};

// The largest and smallest channel of an RGB pixel.
struct Pixel {
  explicit Pixel(const Real* x)
      : nan(x[0] != x[0] || x[1] != x[1] || x[2] != x[2]),
        top(x[0] >= x[1] && x[0] >= x[2] ? 0
            : x[1] >= x[2]               ? 1
                                         : 2),
        bottom(x[0] <= x[1] && x[0] <= x[2] ? 0
               : x[1] <= x[2]               ? 1
                                            : 2),
        high(x[top]),
        low(x[bottom]) {}
  bool nan;
  Index top, bottom;
  Real high, low;
};

// Multiplies the distances of the channels of a pixel from its largest one: by 0 the pixel becomes gray. The smallest
// channel does not go below 0.
class RandomSaturation : public Coloring {
 public:
  RandomSaturation(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  bool of_three() const override { return true; }

  void apply(const Draw& drawn, double*, const Real* x, Real* y) const override {
    const Real factor = this->factor(drawn);
    for (Index i = 0; i < size(); i += 3) {
      const Pixel pixel(x + i);
      const Real by = full(pixel, factor) ? pixel.high / (pixel.high - pixel.low) : factor;
      for (Index c = 0; c < 3; ++c) y[i + c] = pixel.high - by * (pixel.high - x[i + c]);
    }
  }

  void gradient(const Draw& drawn, double*, const Real* x, Real* dy, Real* dx) const override {
    const Real factor = this->factor(drawn);
    for (Index i = 0; i < size(); i += 3) {
      const Pixel pixel(x + i);
      const bool full = this->full(pixel, factor);
      const Real range = pixel.high - pixel.low, by = full ? pixel.high / range : factor;
      Real of_high = 0.0_r, of_by = 0.0_r;
      for (Index c = 0; c < 3; ++c) {
        dx[i + c] = by * dy[i + c];
        of_high += (1.0_r - by) * dy[i + c];
        of_by -= (pixel.high - x[i + c]) * dy[i + c];
      }
      // At full saturation the factor is high / (high - low).
      dx[i + pixel.top] += of_high - (full ? of_by * pixel.low / (range * range) : 0.0_r);
      dx[i + pixel.bottom] += full ? of_by * pixel.high / (range * range) : 0.0_r;
    }
  }

 private:
  // A factor of 0.5 is the identity.
  Real factor(const Draw& drawn) const {
    const Real share = std::max(factor_.at(drawn[0]), 0.0_r);
    return share / (1.0_r - share + 1e-7_r);
  }
  static bool full(const Pixel& pixel, Real factor) {
    return pixel.low < pixel.high && pixel.high > 0 && factor * (pixel.high - pixel.low) > pixel.high;
  }

  Range factor_;
};

// Rotates the hue of a pixel on the color wheel (red, yellow, green, cyan, blue, magenta). A channel lies below the
// largest one by a fraction of the range of the pixel; the fraction depends on the angle between them.
class RandomHue : public Coloring {
 public:
  RandomHue(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  bool of_three() const override { return true; }

  void apply(const Draw& drawn, double*, const Real* x, Real* y) const override {
    const Real way = this->way(drawn);
    for (Index i = 0; i < size(); i += 3) {
      const Pixel pixel(x + i);
      Real slope = 0.0_r;
      for (Index c = 0; c < 3; ++c) {
        const Real below = part(pixel, x + i, c, way, &slope);
        y[i + c] = pixel.nan ? pixel_nan(x + i) : clipped(pixel.high - (pixel.high - pixel.low) * below, values_);
      }
    }
  }

  void gradient(const Draw& drawn, double*, const Real* x, Real* dy, Real* dx) const override {
    const Real way = this->way(drawn);
    for (Index i = 0; i < size(); i += 3) {
      const Pixel pixel(x + i);
      const Index next = i + (pixel.top + 1) % 3, last = i + (pixel.top + 2) % 3;
      const Real range = pixel.high - pixel.low, lean = range > 0 ? (x[next] - x[last]) / range : 0.0_r;
      dx[i] = dx[i + 1] = dx[i + 2] = 0.0_r;
      for (Index c = 0; c < 3; ++c) {
        Real slope = 0.0_r;
        const Real below = part(pixel, x + i, c, way, &slope);
        const Real given = outside(pixel.high - range * below, values_) ? 0.0_r : dy[i + c];
        const Real of_range = (slope * lean - below) * given;
        dx[i + pixel.top] += given + of_range;
        dx[i + pixel.bottom] -= of_range;
        if (range > 0) dx[next] -= slope * given, dx[last] += slope * given;
      }
    }
  }

 private:
  static Real pixel_nan(const Real* x) { return x[0] + x[1] + x[2]; }

  // In sixths of the color wheel; a factor of 1 is half a turn in either direction.
  Real way(const Draw& drawn) const {
    const Real half = 3.0_r * factor_.at(drawn[0]);
    return drawn[1] > 0.5_r ? -half : half;
  }

  // The fraction by which channel c lies below the largest, from 0 to 1, and its derivative in the angle.
  static Real part(const Pixel& pixel, const Real* x, Index c, Real way, Real* slope) {
    const Real range = pixel.high - pixel.low;
    const Real lean = range > 0 ? (x[(pixel.top + 1) % 3] - x[(pixel.top + 2) % 3]) / range : 0.0_r;
    Real at = static_cast<Real>(5 - 2 * c + 2 * pixel.top) + lean + way;
    while (at < 0) at += 6;
    while (at >= 6) at -= 6;
    const Real near = at < 4 - at ? at : 4 - at;
    *slope = near <= 0 || near >= 1 ? 0.0_r : at < 2 ? 1.0_r : -1.0_r;
    return near <= 0 ? 0.0_r : near >= 1 ? 1.0_r : near;
  }

  Range factor_;
};

// x + (1 - 2 factor) (smooth - x), where `smooth` is a weighted mean of 3x3 pixels: the center has weight 5, the others
// have weight 1, and pixels outside the image are 0.
class RandomSharpness : public Coloring {
 public:
  RandomSharpness(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor") {}

 protected:
  void apply(const Draw& drawn, double*, const Real* x, Real* y) const override {
    const Real blur = 1.0_r - 2.0_r * factor_.at(drawn[0]);
    each(x, [&](Index i, Real smooth) { y[i] = clipped(x[i] + blur * (smooth - x[i]), values_); });
  }

  void gradient(const Draw& drawn, double*, const Real* x, Real* dy, Real* dx) const override {
    const Real blur = 1.0_r - 2.0_r * factor_.at(drawn[0]);
    each(x, [&](Index i, Real smooth) {
      if (outside(x[i] + blur * (smooth - x[i]), values_)) dy[i] = 0.0_r;
    });
    // The filter is symmetric, so its gradient is the same filter.
    each(dy, [&](Index i, Real smooth) { dx[i] = dy[i] + blur * (smooth - dy[i]); });
  }

 private:
  // Calls body(i, smooth) for each element.
  template <class Body>
  void each(const Real* x, Body&& body) const {
    for (Index row = 0, i = 0; row < height_; ++row)
      for (Index column = 0; column < width_; ++column)
        for (Index c = 0; c < channels_; ++c, ++i) {
          Real sum = 4.0_r * x[i];
          for (Index r = std::max<Index>(row - 1, 0); r <= std::min(row + 1, height_ - 1); ++r)
            for (Index k = std::max<Index>(column - 1, 0); k <= std::min(column + 1, width_ - 1); ++k)
              sum += x[(r * width_ + k) * channels_ + c];
          body(i, sum / 13.0_r);
        }
  }

  Range factor_;
};

// Fills a random rectangle of some images with one color or noise.
class RandomErasing : public Coloring {
 public:
  RandomErasing(const std::string& kind, const std::string& name, const Config& config)
      : Coloring(kind, name, config), factor_(config, "factor"), scale_(config, "scale") {
    if (config.has("fill_value")) fill_ = config.constant("fill_value").values;
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    Signature signature = Coloring::infer(inputs);
    require(fill_.size() <= 1 || static_cast<Index>(fill_.size()) == channels_, who(),
            ": fill_value expects one number or one per channel (", channels_, "), got ", fill_.size());
    return signature;
  }

 protected:
  void apply(const Draw& drawn, double*, const Real* x, Real* y) const override {
    std::copy_n(x, size(), y);
    const Patch patch = this->patch(drawn);
    const Index run = (patch.right - patch.left) * channels_;
    Stream noise = drawn.noise;
    for (Index row = patch.top; row < patch.bottom; ++row, ++noise.position) {
      Real* to = y + (row * width_ + patch.left) * channels_;
      if (fill_.empty()) {
        fill_normal(noise, 0.0_r, values_.upper(), to, run);
        for (Index i = 0; i < run; ++i) to[i] = clipped(to[i], values_);
      } else {
        for (Index i = 0; i < run; ++i) to[i] = clipped(fill_[static_cast<std::size_t>(i) % fill_.size()], values_);
      }
    }
  }

  void gradient(const Draw& drawn, double*, const Real*, Real* dy, Real* dx) const override {
    std::copy_n(dy, size(), dx);
    const Patch patch = this->patch(drawn);
    for (Index row = patch.top; row < patch.bottom; ++row)
      std::fill_n(dx + (row * width_ + patch.left) * channels_, (patch.right - patch.left) * channels_, 0.0_r);
  }

 private:
  struct Patch {
    Index top, bottom, left, right;
  };

  // The pixels whose coordinates lie between the random edges; empty where the image stays unchanged.
  Patch patch(const Draw& drawn) const {
    if (!(drawn[1] < factor_.at(drawn[0]))) return {0, 0, 0, 0};
    const auto between = [](Index size, Real part, Real place, Index* first, Index* last) {
      const Real length = std::sqrt(part) * static_cast<Real>(size);
      const Real start = place * (static_cast<Real>(size) - length);
      *first = static_cast<Index>(std::ceil(start));
      *last = std::min(size, static_cast<Index>(std::ceil(start + length)));
    };
    Patch patch{};
    between(width_, scale_.at(drawn[2]), drawn[3], &patch.left, &patch.right);
    between(height_, scale_.at(drawn[4]), drawn[5], &patch.top, &patch.bottom);
    return patch;
  }

  Range factor_, scale_;
  std::vector<Real> fill_;
};

const bool registered =
    register_layer_class<RandomSaturation>("RandomSaturation") && register_layer_class<RandomHue>("RandomHue") &&
    register_layer_class<RandomSharpness>("RandomSharpness") && register_layer_class<RandomErasing>("RandomErasing") &&
    register_layer_class<RandomBrightness>("RandomBrightness") &&
    register_layer_class<RandomContrast>("RandomContrast") && register_layer_class<RandomInvert>("RandomInvert") &&
    register_layer_class<RandomGrayscale>("RandomGrayscale") &&
    register_layer_class<RandomColorDegeneration>("RandomColorDegeneration") &&
    register_layer_class<Solarization>("Solarization") &&
    register_layer_class<RandomPosterization>("RandomPosterization");

}  // namespace
}  // namespace fastnn
