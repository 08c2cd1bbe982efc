// Resizing and CenterCrop of images. Owns the input pixels and weights of each output pixel, computed once per axis;
// kernels/warp applies them.
//
// Resizing is that of Keras on JAX: pixels are squares with their centers at half-integers. The weights of an output
// pixel are the interpolation kernel around its center, normalized to a sum of 1. With antialias the kernel is widened
// where the image shrinks. "nearest" takes the pixel that contains the center.
#include <algorithm>
#include <cmath>

#include "fastnn/kernels/warp.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/lazy.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

kernels::Picture picture_of(const Layer& layer, const std::vector<Spec>& inputs) {
  require(inputs.size() == 1, layer.who(), " expects one input, got ", inputs.size());
  require(inputs[0].dtype == DType::real, layer.who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
  const Shape& shape = inputs[0].shape;
  require(shape.size() == 4, layer.who(), " expects images (batch, height, width, channels), got ", to_string(shape));
  require(inputs[0].row_size() > 0, layer.who(), " expects images of at least one pixel, got ", to_string(shape));
  return {shape[1], shape[2], shape[3]};
}

enum class Curve { nearest, bilinear, bicubic, lanczos3, lanczos5 };

// sin(pi x) / (pi x).
double sinc(double x) {
  if (x == 0) return 1;
  double sine, cosine;
  kernels::sine_cosine(x / 2, &sine, &cosine);
  return sine / (3.14159265358979323846 * x);
}

// The weight at a distance of `x` pixels. Bicubic is the kernel of Keys with a = -1/2.
double weight_at(Curve curve, double x) {
  x = std::fabs(x);
  switch (curve) {
    case Curve::bicubic:
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
    case Curve::lanczos3:
      return x < 3 ? sinc(x) * sinc(x / 3) : 0;
    case Curve::lanczos5:
      return x < 5 ? sinc(x) * sinc(x / 5) : 0;
    default:
      return x < 1 ? 1 - x : 0;
  }
}

double reach(Curve curve) {
  return curve == Curve::bicubic ? 2 : curve == Curve::lanczos3 ? 3 : curve == Curve::lanczos5 ? 5 : 1;
}

// The taps of one axis: `target` outputs from the `size` values from `first` on of an axis of `present` values. Values
// before 0 and from `present` on are outside the image.
class AxisTaps {
 public:
  AxisTaps(Curve curve, bool antialias, Index present, Index first, Index size, Index target) {
    const double scale = static_cast<double>(size) / static_cast<double>(target);
    const double wide = antialias && scale > 1 ? scale : 1;
    std::vector<std::vector<double>> all;
    for (Index o = 0; o < target; ++o) {
      const double centre = (static_cast<double>(o) + 0.5) * scale - 0.5;
      Index from = static_cast<Index>(std::floor(centre + 0.5)), to = from + 1;
      if (curve == Curve::nearest) {
        from = (2 * o + 1) * size / (2 * target);
        to = from + 1;
      } else {
        from = std::max<Index>(0, static_cast<Index>(std::ceil(centre - reach(curve) * wide)));
        to = std::min(size, static_cast<Index>(std::floor(centre + reach(curve) * wide)) + 1);
      }
      std::vector<double> weights;
      double sum = 0;
      for (Index i = from; i < to; ++i) {
        const double distance = (static_cast<double>(i) - centre) / wide;
        weights.push_back(curve == Curve::nearest ? 1 : weight_at(curve, distance));
        sum += weights.back();
      }
      // All values outside the image are equal, so their weights are summed.
      double outside = 0;
      while (!weights.empty() && (weights.back() == 0 || first + to > present)) {
        outside += weights.back(), weights.pop_back(), --to;
      }
      std::size_t skip = 0;
      while (skip < weights.size() && (weights[skip] == 0 || first + from < 0)) outside += weights[skip++], ++from;
      weights.erase(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(skip));
      for (double& weight : weights) weight /= sum;
      first_.push_back(weights.empty() ? 0 : first + from);
      count_.push_back(static_cast<Index>(weights.size()));
      outside_.push_back(static_cast<Real>(outside / sum));
      most_ = std::max(most_, count_.back());
      all.push_back(std::move(weights));
    }
    for (const std::vector<double>& weights : all)
      for (std::size_t k = 0; k < static_cast<std::size_t>(most_); ++k)
        weights_.push_back(k < weights.size() ? static_cast<Real>(weights[k]) : 0.0_r);
  }

  kernels::Taps view() const { return {first_.data(), count_.data(), weights_.data(), outside_.data(), most_}; }
  Index most() const { return most_; }

 private:
  std::vector<Index> first_, count_;
  std::vector<Real> weights_, outside_;
  Index most_ = 1;
};

class Resizing : public Layer {
 public:
  Resizing(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name),
        height_(config.integer("height")),
        width_(config.integer("width")),
        crop_(config.flag("crop_to_aspect_ratio", false)),
        pad_(config.flag("pad_to_aspect_ratio", false)),
        antialias_(config.flag("antialias", false)),
        fill_value_(static_cast<Real>(config.number("fill_value", 0.0))) {
    require(height_ >= 1 && width_ >= 1, "height and width expect numbers of at least 1, got ", height_, " and ",
            width_);
    require(!crop_ || !pad_, "crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other");
    const std::string fill = config.word("fill_mode", "constant");
    require(fill == "constant", "fill_mode expects \"constant\", got \"", fill, "\"");
    const std::string word = config.word("interpolation", "bilinear");
    static const std::pair<const char*, Curve> curves[] = {{"nearest", Curve::nearest},
                                                           {"bilinear", Curve::bilinear},
                                                           {"bicubic", Curve::bicubic},
                                                           {"lanczos3", Curve::lanczos3},
                                                           {"lanczos5", Curve::lanczos5}};
    const auto* found = std::find_if(std::begin(curves), std::end(curves), [&](auto& c) { return c.first == word; });
    require(found != std::end(curves),
            "interpolation expects \"nearest\", \"bilinear\", \"bicubic\", \"lanczos3\" or \"lanczos5\", got \"", word,
            "\"");
    curve_ = found->second;
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    picture_ = picture_of(*this, inputs);
    const Index h = picture_.height, w = picture_.width;
    // The largest window with the aspect ratio of the target inside the image, or the smallest around it.
    const Index fit_h = w * height_ / width_, fit_w = h * width_ / height_;
    Index top = 0, left = 0, rows = h, columns = w;
    if (crop_) {
      rows = std::clamp<Index>(fit_h, 1, h), columns = std::clamp<Index>(fit_w, 1, w);
      top = (h - rows) / 2, left = (w - columns) / 2;
    } else if (pad_) {
      // Padding is equal on both sides, and along one axis only.
      const Index above = (std::max(h, fit_h) - h) / 2;
      const Index before = above > 0 ? 0 : (std::max(w, fit_w) - w) / 2;
      top = -above, left = -before;
      rows = h + 2 * above, columns = w + 2 * before;
    }
    rows_.set([this, h, top, rows] { return AxisTaps(curve_, antialias_, h, top, rows, height_); });
    columns_.set([this, w, left, columns] { return AxisTaps(curve_, antialias_, w, left, columns, width_); });
    return {{{{inputs[0].shape[0], height_, width_, picture_.channels}, DType::real}}, {}};
  }

  BackwardReads backward_reads() const override { return {false, false}; }

  void book(Booking& booking) const override {
    booking.book(kForward, Life::forward, booking.threads() * line());
    if (booking.backward()) booking.book(kBackward, Life::backward, booking.threads() * line());
  }

  void forward(const Context& ctx) const override {
    const Index run = width_ * picture_.channels, in = picture_.height * line();
    const AxisTaps &rows = rows_.get(), &columns = columns_.get();
    parallel_for(ctx.rows() * height_, work(ctx), [&](Index task, int thread) {
      kernels::resample_row(picture_, rows.view(), columns.view(), task % height_, width_, fill_value_,
                            ctx.input() + task / height_ * in, ctx.buffer(kForward) + thread * line(),
                            ctx.output() + task * run);
    });
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    const Index out = height_ * width_ * picture_.channels, in = picture_.height * line();
    const AxisTaps &rows = rows_.get(), &columns = columns_.get();
    parallel_for(ctx.rows(), work(ctx), [&](Index row, int thread) {
      kernels::resample_gradient(picture_, rows.view(), columns.view(), height_, width_,
                                 ctx.output_gradient() + row * out, ctx.buffer(kBackward) + thread * line(),
                                 ctx.input_gradient() + row * in);
    });
  }

 private:
  enum : std::size_t { kForward, kBackward };

  Index line() const { return picture_.width * picture_.channels; }
  double work(const Context& ctx) const {
    const Index across = width_ * picture_.channels * columns_.get().most();
    return 0.5 * static_cast<double>(ctx.rows() * height_ * (rows_.get().most() * line() + across));
  }

  Index height_, width_;
  bool crop_, pad_, antialias_;
  Real fill_value_;
  Curve curve_ = Curve::bilinear;
  kernels::Picture picture_{1, 1, 1};
  Lazy<AxisTaps> rows_, columns_;
};

class CenterCrop : public Layer {
 public:
  CenterCrop(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), height_(config.integer("height")), width_(config.integer("width")) {
    require(height_ >= 1 && width_ >= 1, "height and width expect numbers of at least 1, got ", height_, " and ",
            width_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    picture_ = picture_of(*this, inputs);
    require(picture_.height >= height_ && picture_.width >= width_, who(), " expects images of at least (", height_,
            ", ", width_, "), got ", to_string(inputs[0].shape));
    return {{{{inputs[0].shape[0], height_, width_, picture_.channels}, DType::real}}, {}};
  }

  BackwardReads backward_reads() const override { return {false, false}; }

  void forward(const Context& ctx) const override {
    each_row(ctx, [&](Index row) {
      kernels::crop(picture_, window(), ctx.input() + row * picture_size(), ctx.output() + row * window_size());
    });
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    each_row(ctx, [&](Index row) {
      kernels::crop_gradient(picture_, window(), ctx.output_gradient() + row * window_size(),
                             ctx.input_gradient() + row * picture_size());
    });
  }

 private:
  kernels::Window window() const {
    return {(picture_.height - height_) / 2, (picture_.width - width_) / 2, height_, width_};
  }
  Index window_size() const { return height_ * width_ * picture_.channels; }
  Index picture_size() const { return picture_.height * picture_.width * picture_.channels; }
  template <class Body>
  void each_row(const Context& ctx, Body&& body) const {
    parallel_for(ctx.rows(), 0.3 * static_cast<double>(ctx.rows() * picture_size()),
                 [&](Index row, int) { body(row); });
  }

  Index height_, width_;
  kernels::Picture picture_{1, 1, 1};
};

const bool registered = register_layer_class<Resizing>("Resizing") && register_layer_class<CenterCrop>("CenterCrop");

}  // namespace
}  // namespace fastnn
