// UpSampling1D, UpSampling2D, UpSampling3D: resizing by integer factors. Owns the interpolation weights;
// nearest-neighbor interpolation has one weight per output.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "fastnn/kernels/resample.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"
#include "fastnn/window.hpp"

namespace fastnn {
namespace {

constexpr Index kBand = 16384;  // output elements of a task

double sinc(double x) {
  constexpr double kPi = 3.14159265358979323846;
  return x == 0 ? 1.0 : std::sin(kPi * x) / (kPi * x);
}

// An interpolation kernel: a function of the distance between an output and an input pixel, zero from `reach` on.
struct Curve {
  const char* name;
  double reach;
  double (*value)(double distance);
};

constexpr Curve kCurves[] = {
    {"bilinear", 1, [](double x) { return 1 - x; }},
    // The cubic kernel of Keys (1981) with a = -1/2.
    {"bicubic", 2, [](double x) { return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2; }},
    {"lanczos3", 3, [](double x) { return sinc(x) * sinc(x / 3); }},
    {"lanczos5", 5, [](double x) { return sinc(x) * sinc(x / 5); }},
};

// The memory of a kernels::Blend.
struct Table {
  Index in = 0, out = 0;
  std::vector<Index> first, start{0};
  std::vector<float> weight;

  void add(Index from, const std::vector<double>& weights) {
    first.push_back(from);
    for (double value : weights) weight.push_back(static_cast<float>(value));
    start.push_back(static_cast<Index>(weight.size()));
    ++out;
  }
  kernels::Blend blend() const { return {in, out, first.data(), start.data(), weight.data()}; }
};

// Pixels are squares: the center of output o is at (o + 1/2) / factor in the input. At the borders the remaining
// weights are normalized to a sum of 1.
Table larger(Index size, Index factor, const Curve* curve) {
  Table table;
  table.in = size;
  for (Index o = 0; o < size * factor; ++o) {
    if (curve == nullptr || factor == 1) {
      table.add(o / factor, {1.0});
      continue;
    }
    const double middle = (static_cast<double>(o) + 0.5) / static_cast<double>(factor) - 0.5;
    Index from = 0;
    std::vector<double> weights;
    double total = 0;
    for (Index i = 0; i < size; ++i) {
      const double distance = std::abs(middle - static_cast<double>(i));
      double value = distance < curve->reach ? curve->value(distance) : 0.0;
      if (std::abs(value) < 1e-12) value = 0;  // a sine of pi is not quite zero
      if (weights.empty() && value == 0) continue;
      if (weights.empty()) from = i;
      weights.push_back(value);
      total += value;
    }
    while (weights.back() == 0) weights.pop_back();
    for (double& value : weights) value /= total;
    table.add(from, weights);
  }
  return table;
}

Table transposed(const Table& table) {
  Table turned;
  turned.in = table.out;
  for (Index i = 0; i < table.in; ++i) {
    const auto weight_of = [&](Index o) {
      const Index tap = i - table.first[o];
      return tap >= 0 && tap < table.start[o + 1] - table.start[o] ? double(table.weight[table.start[o] + tap]) : 0.0;
    };
    Index from = 0, to = table.out;
    while (weight_of(from) == 0) ++from;
    while (weight_of(to - 1) == 0) --to;
    std::vector<double> weights;
    for (Index o = from; o < to; ++o) weights.push_back(weight_of(o));
    turned.add(from, weights);
  }
  return turned;
}

template <std::size_t kRank>
class UpSampling : public Layer {
 public:
  UpSampling(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), factors_(read_sizes(config, "size", kRank, std::vector<Index>(kRank, 2))) {
    const std::string interpolation = config.word("interpolation", "nearest");
    for (const Curve& curve : kCurves)
      if (interpolation == curve.name) curve_ = &curve;
    require(curve_ != nullptr || interpolation == "nearest",
            "interpolation expects \"nearest\", \"bilinear\", \"bicubic\", \"lanczos3\" or \"lanczos5\", got \"",
            interpolation, "\"");
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    check_windowed(who(), inputs, kRank);
    Shape shape = inputs[0].shape;
    channels_ = shape.back();
    for (std::size_t i = 0; i < 3; ++i) {
      // Missing axes have size 1. A sequence is an image of one column, so that it can be divided into bands of rows.
      const std::size_t missing = 3 - kRank;
      const bool there = kRank == 1 ? i == 1 : i >= missing;
      const std::size_t axis = kRank == 1 ? 0 : i - missing;
      forward_[i] = there ? larger(shape[axis + 1], factors_[axis], curve_) : larger(1, 1, nullptr);
      backward_[i] = transposed(forward_[i]);
    }
    for (std::size_t i = 0; i < kRank; ++i) shape[i + 1] *= factors_[i];
    return {{{shape, DType::float32}}, {}};
  }

  BackwardReads backward_reads() const override { return {false, false}; }

  void book(Booking& booking) const override {
    booking.book(kForward, Life::forward, booking.threads() * forward_[2].in * channels_);
    if (booking.backward()) booking.book(kBackward, Life::backward, booking.threads() * backward_[2].in * channels_);
  }
  void forward(const Context& context) const override {
    run(forward_, context.rows(), context.input(), context.output(), context.buffer(kForward));
  }
  void backward(const Context& context) const override {
    if (float* dx = context.input_gradient())
      run(backward_, context.rows(), context.output_gradient(), dx, context.buffer(kBackward));
  }

 private:
  enum : std::size_t { kForward, kBackward };

  using Tables = std::array<Table, 3>;

  void run(const Tables& tables, Index samples, const float* x, float* y, float* scratch) const {
    const kernels::Blend d = tables[0].blend(), h = tables[1].blend(), w = tables[2].blend();
    const Index rows = d.out * h.out, line = w.out * channels_;
    const Index band = std::clamp<Index>(kBand / line, 1, rows), bands = (rows + band - 1) / band;
    const double taps = static_cast<double>(tables[0].weight.size() * tables[1].weight.size()) / rows +
                        static_cast<double>(tables[2].weight.size()) / w.out;
    parallel_for(samples * bands, 0.1 * taps * static_cast<double>(samples * rows * line), [&](Index task, int thread) {
      const Index sample = task / bands, begin = task % bands * band;
      kernels::resample(d, h, w, channels_, x + sample * d.in * h.in * w.in * channels_,
                        y + (sample * rows + begin) * line, begin, std::min(begin + band, rows),
                        scratch + thread * w.in * channels_);
    });
  }

  std::vector<Index> factors_;
  const Curve* curve_ = nullptr;
  Index channels_ = 0;
  Tables forward_, backward_;
};

using UpSampling1D = UpSampling<1>;
using UpSampling2D = UpSampling<2>;
using UpSampling3D = UpSampling<3>;

const bool registered = register_layer_class<UpSampling1D>("UpSampling1D") &&
                        register_layer_class<UpSampling2D>("UpSampling2D") &&
                        register_layer_class<UpSampling3D>("UpSampling3D");

}  // namespace
}  // namespace fastnn
