// UpSampling1D, UpSampling2D, UpSampling3D: resizing by integer factors. Owns the interpolation weights;
// nearest-neighbor interpolation has one weight per output.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "fastnn/kernels/resample.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/lazy.hpp"
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
  std::vector<Real> weight;

  void add(Index from, const std::vector<double>& weights) {
    first.push_back(from);
    for (double value : weights) weight.push_back(static_cast<Real>(value));
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
    const Index begin = std::max<Index>(0, static_cast<Index>(std::floor(middle - curve->reach)));
    const Index end = std::min<Index>(size, static_cast<Index>(std::ceil(middle + curve->reach)) + 1);
    for (Index i = begin; i < end; ++i) {
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
  // Outputs that read an input lie side by side; those of weight zero at both ends are left out.
  std::vector<Index> from(table.in, table.out), to(table.in, 0);
  const auto each_tap = [&](auto&& visit) {
    for (Index o = 0; o < table.out; ++o)
      for (Index j = table.start[o]; j < table.start[o + 1]; ++j)
        if (table.weight[j] != 0) visit(o, table.first[o] + j - table.start[o], table.weight[j]);
  };
  each_tap([&](Index o, Index i, Real) {
    from[i] = std::min(from[i], o);
    to[i] = std::max(to[i], o + 1);
  });
  Table turned;
  turned.in = table.out;
  for (Index i = 0; i < table.in; ++i) turned.add(from[i], std::vector<double>(to[i] - from[i], 0.0));
  each_tap([&](Index o, Index i, Real weight) { turned.weight[turned.start[i] + o - from[i]] = weight; });
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
      sizes_[i] = there ? shape[axis + 1] : 1;
      const Index size = sizes_[i], factor = there ? factors_[axis] : 1;
      enlarged_[i] = size * factor;
      forward_[i].set([=, curve = curve_] { return larger(size, factor, curve); });
      backward_[i].set([=, forward = &forward_[i]] { return transposed(forward->get()); });
    }
    for (std::size_t i = 0; i < kRank; ++i) shape[i + 1] *= factors_[i];
    return {{{shape, DType::real}}, {}};
  }

  BackwardReads backward_reads() const override { return {false, false}; }

  void book(Booking& booking) const override {
    booking.book(kForward, Life::forward, booking.threads() * sizes_[2] * channels_);
    if (booking.backward()) booking.book(kBackward, Life::backward, booking.threads() * enlarged_[2] * channels_);
  }
  void forward(const Context& context) const override {
    run(forward_, context.rows(), context.input(), context.output(), context.buffer(kForward));
  }
  void backward(const Context& context) const override {
    if (Real* dx = context.input_gradient())
      run(backward_, context.rows(), context.output_gradient(), dx, context.buffer(kBackward));
  }

 private:
  enum : std::size_t { kForward, kBackward };

  using Tables = std::array<Lazy<Table>, 3>;

  void run(const Tables& tables, Index samples, const Real* x, Real* y, Real* scratch) const {
    const Table &depth = tables[0].get(), &height = tables[1].get(), &width = tables[2].get();
    const kernels::Blend d = depth.blend(), h = height.blend(), w = width.blend();
    const Index rows = d.out * h.out, line = w.out * channels_;
    const Index band = std::clamp<Index>(kBand / line, 1, rows), bands = (rows + band - 1) / band;
    const double taps = static_cast<double>(depth.weight.size() * height.weight.size()) / rows +
                        static_cast<double>(width.weight.size()) / w.out;
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
  std::array<Index, 3> sizes_{}, enlarged_{};  // of the input and the output
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
