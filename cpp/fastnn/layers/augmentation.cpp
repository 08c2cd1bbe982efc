// Random geometric transformations of images: flips, rotations, zooms, translations, shears, crops. They are part of
// training graphs only. Owns the random parameters and their meaning; pixels are computed in kernels/warp.
//
// The parameters of a sample are drawn from block `sample` of the node's stream. They depend on the seed, the step and
// the index in the batch alone, and the backward pass draws the same values again.
#include <algorithm>
#include <array>

#include "fastnn/kernels/warp.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using kernels::Affine;
using kernels::Picture;

// Four random numbers in [0, 1) per sample.
using Draw = std::array<Real, 4>;

Draw draw(const Context& ctx, Index sample) {
  const Philox words = philox(ctx.stream(), static_cast<std::uint64_t>(ctx.first_row() + sample));
  return {to_unit(words[0]), to_unit(words[1]), to_unit(words[2]), to_unit(words[3])};
}

// A random number between the arguments "<name>_lower" and "<name>_upper".
class Range {
 public:
  Range(const Config& config, const std::string& name)
      : lower_(config.number(name + "_lower")), upper_(config.number(name + "_upper")) {
    require(lower_ <= upper_, name, " expects the smaller number first, got ", lower_, " and ", upper_);
  }
  double at(Real unit) const { return lower_ + (upper_ - lower_) * static_cast<double>(unit); }

 private:
  double lower_, upper_;
};

class Augmentation : public Layer {
 public:
  using Layer::Layer;

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    require(shape.size() == 4, who(), " expects images (batch, height, width, channels), got ", to_string(shape));
    require(inputs[0].row_size() > 0, who(), " expects images of at least one pixel, got ", to_string(shape));
    picture_ = {shape[1], shape[2], shape[3]};
    return {inputs, {}};
  }

  bool random() const override { return true; }
  BackwardReads backward_reads() const override { return {false, false}; }

  void forward(const Context& ctx) const override {
    each_sample(ctx, [&](Index sample, int thread) {
      apply(ctx, draw(ctx, sample), thread, ctx.input() + sample * size(), ctx.output() + sample * output_size());
    });
  }

  void backward(const Context& ctx) const override {
    if (ctx.input_gradient() == nullptr) return;
    each_sample(ctx, [&](Index sample, int thread) {
      gradient(ctx, draw(ctx, sample), thread, backward_reads().inputs ? ctx.input() + sample * size() : nullptr,
               ctx.output_gradient() + sample * output_size(), ctx.input_gradient() + sample * size());
    });
  }

 protected:
  // Transforms the image of one sample, or its gradient.
  virtual void apply(const Context&, const Draw&, int thread, const Real* x, Real* y) const = 0;
  virtual void gradient(const Context&, const Draw&, int thread, const Real* x, const Real* dy, Real* dx) const = 0;
  virtual Index output_size() const { return size(); }
  // Nanoseconds per element.
  virtual double cost() const { return 1; }

  Index size() const { return picture_.height * picture_.width * picture_.channels; }
  Picture picture_{1, 1, 1};

 private:
  template <class Body>
  void each_sample(const Context& ctx, Body&& body) const {
    parallel_for(ctx.rows(), cost() * static_cast<double>(ctx.rows() * size()), body);
  }
};

class RandomFlip : public Augmentation {
 public:
  RandomFlip(const std::string& kind, const std::string& name, const Config& config) : Augmentation(kind, name) {
    const std::string mode = config.word("mode", "horizontal_and_vertical");
    require(mode == "horizontal" || mode == "vertical" || mode == "horizontal_and_vertical",
            "mode expects \"horizontal\", \"vertical\" or \"horizontal_and_vertical\", got \"", mode, "\"");
    left_right_ = mode != "vertical";
    top_bottom_ = mode != "horizontal";
  }

 protected:
  void apply(const Context&, const Draw& drawn, int, const Real* x, Real* y) const override {
    kernels::flip(picture_, left_right_ && drawn[0] < 0.5_r, top_bottom_ && drawn[1] < 0.5_r, x, y);
  }
  void gradient(const Context& ctx, const Draw& drawn, int thread, const Real*, const Real* dy,
                Real* dx) const override {
    apply(ctx, drawn, thread, dy, dx);
  }

 private:
  bool left_right_, top_bottom_;
};

// A layer whose output pixels are sampled from the input at positions given by an affine map.
class Warp : public Augmentation {
 public:
  Warp(const std::string& kind, const std::string& name, const Config& config)
      : Augmentation(kind, name), fill_value_(static_cast<Real>(config.number("fill_value", 0.0))) {
    const std::string fill = config.word("fill_mode", "reflect");
    if (fill == "reflect")
      fill_ = kernels::Fill::reflect;
    else if (fill == "wrap")
      fill_ = kernels::Fill::wrap;
    else if (fill == "constant")
      fill_ = kernels::Fill::constant;
    else if (fill == "nearest")
      fill_ = kernels::Fill::nearest;
    else
      throw ValueError(
          text("fill_mode expects \"reflect\", \"wrap\", \"constant\" or \"nearest\", got \"", fill, "\""));
    const std::string interpolation = config.word("interpolation", "bilinear");
    require(interpolation == "bilinear" || interpolation == "nearest",
            "interpolation expects \"bilinear\" or \"nearest\", got \"", interpolation, "\"");
    interpolation_ = interpolation == "bilinear" ? kernels::Interpolation::bilinear : kernels::Interpolation::nearest;
  }

 protected:
  virtual Affine map(const Draw& drawn) const = 0;

  void apply(const Context&, const Draw& drawn, int, const Real* x, Real* y) const override {
    kernels::warp(picture_, map(drawn), interpolation_, fill_, fill_value_, x, y);
  }
  void gradient(const Context&, const Draw& drawn, int, const Real*, const Real* dy, Real* dx) const override {
    kernels::warp_gradient(picture_, map(drawn), interpolation_, fill_, dy, dx);
  }
  double cost() const override { return 6; }

  // The map with these factors that keeps the center of the image fixed.
  Affine around_middle(double a, double b, double d, double e) const {
    const double x = static_cast<double>(picture_.width - 1) / 2, y = static_cast<double>(picture_.height - 1) / 2;
    return {a, b, x - a * x - b * y, d, e, y - d * x - e * y};
  }

 private:
  kernels::Fill fill_ = kernels::Fill::reflect;
  kernels::Interpolation interpolation_ = kernels::Interpolation::bilinear;
  Real fill_value_;
};

class RandomRotation : public Warp {
 public:
  RandomRotation(const std::string& kind, const std::string& name, const Config& config)
      : Warp(kind, name, config), turns_(config, "factor") {}

 protected:
  Affine map(const Draw& drawn) const override {
    double sine, cosine;
    kernels::sine_cosine(turns_.at(drawn[0]), &sine, &cosine);
    return around_middle(cosine, -sine, sine, cosine);
  }

 private:
  Range turns_;
};

class RandomZoom : public Warp {
 public:
  RandomZoom(const std::string& kind, const std::string& name, const Config& config)
      : Warp(kind, name, config), height_(config, "height_factor") {
    if (config.has("width_factor_lower")) width_.emplace(config, "width_factor");
  }

 protected:
  Affine map(const Draw& drawn) const override {
    const double down = 1 + height_.at(drawn[0]);
    return around_middle(width_ ? 1 + width_->at(drawn[1]) : down, 0, 0, down);
  }

 private:
  Range height_;
  std::optional<Range> width_;
};

class RandomTranslation : public Warp {
 public:
  RandomTranslation(const std::string& kind, const std::string& name, const Config& config)
      : Warp(kind, name, config), height_(config, "height_factor"), width_(config, "width_factor") {}

 protected:
  Affine map(const Draw& drawn) const override {
    const double down = height_.at(drawn[0]) * static_cast<double>(picture_.height);
    const double right = width_.at(drawn[1]) * static_cast<double>(picture_.width);
    return {1, 0, -right, 0, 1, -down};
  }

 private:
  Range height_, width_;
};

// Shifts rows and columns in proportion to their index.
class RandomShear : public Warp {
 public:
  RandomShear(const std::string& kind, const std::string& name, const Config& config)
      : Warp(kind, name, config), across_(config, "x_factor"), down_(config, "y_factor") {}

 protected:
  Affine map(const Draw& drawn) const override {
    const double way = drawn[2] > 0.5_r ? -1 : 1;
    return {1, way * across_.at(drawn[0]), 0, way * down_.at(drawn[1]), 1, 0};
  }

 private:
  Range across_, down_;
};

// Crops the same window from all images of a batch.
class RandomCrop : public Augmentation {
 public:
  RandomCrop(const std::string& kind, const std::string& name, const Config& config)
      : Augmentation(kind, name), height_(config.integer("height")), width_(config.integer("width")) {
    require(height_ >= 1 && width_ >= 1, "height and width expect numbers of at least 1, got ", height_, " and ",
            width_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    Signature signature = Augmentation::infer(inputs);
    require(picture_.height >= height_ && picture_.width >= width_, who(), " expects images of at least (", height_,
            ", ", width_, "), got ", to_string(inputs[0].shape));
    signature.outputs[0].shape = {inputs[0].shape[0], height_, width_, picture_.channels};
    return signature;
  }

 protected:
  void apply(const Context& ctx, const Draw&, int, const Real* x, Real* y) const override {
    kernels::crop(picture_, window(ctx), x, y);
  }
  void gradient(const Context& ctx, const Draw&, int, const Real*, const Real* dy, Real* dx) const override {
    kernels::crop_gradient(picture_, window(ctx), dy, dx);
  }
  Index output_size() const override { return height_ * width_ * picture_.channels; }

 private:
  kernels::Window window(const Context& ctx) const {
    const Draw drawn = draw(ctx, 0);
    const auto start = [](Real unit, Index room) {
      return static_cast<Index>(static_cast<double>(unit) * static_cast<double>(room + 1));
    };
    return {start(drawn[0], picture_.height - height_), start(drawn[1], picture_.width - width_), height_, width_};
  }

  Index height_, width_;
};

const bool registered =
    register_layer_class<RandomFlip>("RandomFlip") && register_layer_class<RandomRotation>("RandomRotation") &&
    register_layer_class<RandomZoom>("RandomZoom") && register_layer_class<RandomTranslation>("RandomTranslation") &&
    register_layer_class<RandomShear>("RandomShear") && register_layer_class<RandomCrop>("RandomCrop");

}  // namespace
}  // namespace fastnn
