// Activations as nodes: the elementwise ones (Activation), Softmax, LogSoftmax and Sparsemax, the gated GLU, and PReLU,
// which learns its slopes. Owns their arguments and shapes; the arithmetic is in kernels/activation and
// kernels/softmax.
#include <algorithm>

#include "fastnn/kernels/activation.hpp"
#include "fastnn/kernels/softmax.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

constexpr Index kChunk = 16384;  // elements of a task

class Activation : public Layer {
 public:
  Activation(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), word_(config.word("activation")) {
    require(kernels::find_activation(word_, function_),
            "activation expects the name of an elementwise activation, got \"", word_, "\"");
    using Function = kernels::Activation;
    const bool shrinks = function_ == Function::hard_shrink || function_ == Function::soft_shrink;
    if (shrinks) parameters_.threshold = 0.5_r;
    if (function_ == Function::threshold) {
      require(config.has("threshold") && config.has("default_value"),
              "threshold expects a threshold and a default_value");
      parameters_.threshold = static_cast<Real>(config.number("threshold"));
      parameters_.value = static_cast<Real>(config.number("default_value"));
      return;
    }
    parameters_.b = number(config, "b", parameters_.b);
    parameters_.negative_slope = number(config, "negative_slope", parameters_.negative_slope);
    parameters_.threshold = number(config, "threshold", parameters_.threshold);
    parameters_.max_value = number(config, "max_value", parameters_.max_value);
    parameters_.alpha = number(config, "alpha", parameters_.alpha);
    if (function_ == kernels::Activation::leaky_relu && !config.has("negative_slope"))
      parameters_.negative_slope = 0.2_r;
    require(function_ != Function::celu || parameters_.alpha > 0, "alpha expects a number above 0, got ",
            parameters_.alpha);
    if (word_ == "swish") word_ = "silu";
    if (word_ == "hard_swish") word_ = "hard_silu";
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    row_size_ = inputs[0].row_size();
    return {inputs, {}};
  }

  BackwardReads backward_reads() const override {
    const bool from_output = kernels::derivative_from_output(function_);
    return {!from_output, from_output};
  }

  std::optional<kernels::ActivationFunction> elementwise() const override {
    return kernels::ActivationFunction{function_, parameters_};
  }
  std::optional<std::string> activation() const override {
    if (parametrised_ || function_ == kernels::Activation::leaky_relu) return std::nullopt;
    return word_;
  }

  void forward(const Context& ctx) const override {
    const Real* x = ctx.input();
    Real* y = ctx.output();
    const Index count = ctx.rows() * row_size_;
    parallel_ranges(count, kChunk, cost() * static_cast<double>(count), [&](Index begin, Index end, int) {
      kernels::activate(function_, parameters_, x + begin, y + begin, end - begin);
    });
  }

  bool gradient_in_place(std::size_t) const override { return true; }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    const bool from_output = kernels::derivative_from_output(function_);
    const Real* source = from_output ? ctx.output() : ctx.input();
    const Real* dy = ctx.output_gradient();
    const Index count = ctx.rows() * row_size_;
    parallel_ranges(count, kChunk, cost() * static_cast<double>(count), [&](Index begin, Index end, int) {
      const Real* from = source + begin;
      kernels::activate_backward(function_, parameters_, from, from, dy + begin, dx + begin, end - begin);
    });
  }

 private:
  Real number(const Config& config, const char* key, Real otherwise) {
    if (!config.has(key)) return otherwise;
    const double value = config.number(key);
    require(value >= 0, key, " expects a number of at least 0, got ", value);
    const Real narrow = static_cast<Real>(value);
    parametrised_ = parametrised_ || narrow != otherwise;
    return narrow;
  }

  // Nanoseconds per element.
  double cost() const {
    switch (function_) {
      case kernels::Activation::linear:
      case kernels::Activation::relu:
      case kernels::Activation::relu6:
      case kernels::Activation::leaky_relu:
      case kernels::Activation::hard_sigmoid:
      case kernels::Activation::hard_silu:
      case kernels::Activation::hard_tanh:
      case kernels::Activation::hard_shrink:
      case kernels::Activation::soft_shrink:
      case kernels::Activation::threshold:
      case kernels::Activation::sparse_plus:
      case kernels::Activation::sparse_sigmoid:
        return 0.3;
      default:
        return 1.0;
    }
  }

  std::string word_;
  kernels::Activation function_ = kernels::Activation::linear;
  kernels::ActivationParameters parameters_;
  bool parametrised_ = false;
  Index row_size_ = 0;
};

class Softmax : public Layer {
 public:
  Softmax(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), logarithm_(kind == "LogSoftmax") {
    axes_ = config.has("axis") ? config.integers("axis") : std::vector<Index>{-1};
    require(!axes_.empty(), "axis expects at least one axis, got none");
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    const Index rank = static_cast<Index>(shape.size());
    require(rank >= 2, who(), " expects at least (batch, n), got ", to_string(shape),
            "; a softmax over the batch would mix its samples");
    std::vector<bool> reduced(shape.size(), false);
    for (Index axis : axes_) {
      const Index at = axis < 0 ? axis + rank : axis;
      require(at >= 0 && at < rank, who(), ": axis expects -", rank - 1, " to ", rank - 1, " for an input ",
              to_string(shape), ", got ", axis);
      require(at != 0, who(), ": axis ", axis, " is the batch axis; choose one of 1 to ", rank - 1);
      reduced[static_cast<std::size_t>(at)] = true;
    }
    row_size_ = inputs[0].row_size();
    over_last_ = axes_.size() == 1 && reduced.back();
    // Dimensions after the last reduced one form the inner index; those before it go into one of the two tables.
    inner_ = 1;
    Index last = rank - 1;
    while (!reduced[static_cast<std::size_t>(last)]) inner_ *= shape[static_cast<std::size_t>(last--)];
    outer_ = within_ = {0};
    Index stride = inner_;
    for (Index axis = last; axis >= 1; --axis) {
      const auto d = static_cast<std::size_t>(axis);
      std::vector<Index>& table = reduced[d] ? within_ : outer_;
      const std::vector<Index> before = table;
      table.clear();
      for (Index i = 0; i < shape[d]; ++i)
        for (Index offset : before) table.push_back(i * stride + offset);
      stride *= shape[d];
    }
    return {inputs, {}};
  }

  BackwardReads backward_reads() const override { return {false, true}; }

  std::optional<std::string> activation() const override {
    if (logarithm_ || !over_last_) return std::nullopt;
    return "softmax";
  }

  void forward(const Context& ctx) const override {
    const Real* x = ctx.input();
    Real* y = ctx.output();
    each_range(ctx, [&](Index begin, Index end) {
      if (groups().contiguous())
        return kernels::softmax(logarithm_, x + begin * row_size_, y + begin * row_size_, (end - begin) * outer_count(),
                                groups().size);
      for (Index r = begin; r < end; ++r) kernels::softmax(groups(), logarithm_, x + r * row_size_, y + r * row_size_);
    });
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    const Real *y = ctx.output(), *dy = ctx.output_gradient();
    each_range(ctx, [&](Index begin, Index end) {
      const Index at = begin * row_size_;
      if (groups().contiguous())
        return kernels::softmax_backward(logarithm_, y + at, dy + at, dx + at, (end - begin) * outer_count(),
                                         groups().size);
      for (Index r = begin; r < end; ++r)
        kernels::softmax_backward(groups(), logarithm_, y + r * row_size_, dy + r * row_size_, dx + r * row_size_);
    });
  }

 private:
  Index outer_count() const { return static_cast<Index>(outer_.size()); }
  kernels::SoftmaxGroups groups() const {
    return {outer_.data(), outer_count(), within_.data(), static_cast<Index>(within_.size()), inner_};
  }

  template <class Body>
  void each_range(const Context& ctx, Body&& body) const {
    const Index chunk = std::max<Index>(1, kChunk / std::max<Index>(1, row_size_));
    parallel_ranges(ctx.rows(), chunk, 1.5 * static_cast<double>(ctx.rows() * row_size_),
                    [&](Index begin, Index end, int) { body(begin, end); });
  }

  bool logarithm_;
  std::vector<Index> axes_;
  std::vector<Index> outer_, within_;
  Index inner_ = 1, row_size_ = 0;
  bool over_last_ = false;
};

// A shape as (outer, the size along one axis, inner). The axis may be negative and must not be the batch.
struct Along {
  Along() = default;
  Along(const Layer& layer, const Shape& shape, Index axis) {
    const Index rank = static_cast<Index>(shape.size());
    const Index at = axis < 0 ? axis + rank : axis;
    require(at >= 1 && at < rank, layer.who(), ": axis expects 1 to ", rank - 1, " or -1 to -", rank - 1,
            " for an input ", to_string(shape), ", got ", axis, at == 0 ? ", the batch axis" : "");
    dimension = static_cast<std::size_t>(at);
    size = shape[dimension];
    inner = volume(shape, dimension + 1);
    outer = volume(shape, 1) / std::max<Index>(1, size * inner);
  }
  std::size_t dimension = 1;
  Index outer = 1, size = 1, inner = 1;
};

class Sparsemax : public Layer {
 public:
  Sparsemax(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), axis_(config.integer("axis", -1)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    along_ = Along(*this, inputs[0].shape, axis_);
    return {inputs, {}};
  }

  BackwardReads backward_reads() const override { return {false, true}; }

  void forward(const Context& ctx) const override {
    const Real* x = ctx.input();
    Real* y = ctx.output();
    each_group(ctx, 8.0, [&](Index at) { kernels::sparsemax(x + at, y + at, along_.size, along_.inner); });
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    const Real *y = ctx.output(), *dy = ctx.output_gradient();
    each_group(ctx, 2.0,
               [&](Index at) { kernels::sparsemax_backward(y + at, dy + at, dx + at, along_.size, along_.inner); });
  }

 private:
  template <class Body>
  void each_group(const Context& ctx, double cost, Body&& body) const {
    const Index block = along_.size * along_.inner, blocks = ctx.rows() * along_.outer;
    parallel_ranges(blocks, std::max<Index>(1, kChunk / std::max<Index>(1, 8 * block)),
                    cost * static_cast<double>(blocks * block), [&](Index begin, Index end, int) {
                      for (Index o = begin; o < end; ++o)
                        for (Index i = 0; i < along_.inner; ++i) body(o * block + i);
                    });
  }

  Index axis_;
  Along along_;
};

// The first half along an axis times the sigmoid of the second half.
class GLU : public Layer {
 public:
  GLU(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), axis_(config.integer("axis", -1)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    along_ = Along(*this, inputs[0].shape, axis_);
    require(along_.size % 2 == 0, who(), ": glu expects an even size along axis ", axis_, ", got ",
            to_string(inputs[0].shape));
    Spec output = inputs[0];
    output.shape[along_.dimension] /= 2;
    return {{output}, {}};
  }

  BackwardReads backward_reads() const override { return {true, false}; }

  void forward(const Context& ctx) const override {
    const Real* x = ctx.input();
    Real* y = ctx.output();
    each_block(ctx, [&](Index block, Index half) {
      const Real* a = x + 2 * block * half;
      kernels::glu(a, a + half, y + block * half, half);
    });
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    const Real *x = ctx.input(), *dy = ctx.output_gradient();
    each_block(ctx, [&](Index block, Index half) {
      const Index at = 2 * block * half;
      kernels::glu_backward(x + at, x + at + half, dy + block * half, dx + at, dx + at + half, half);
    });
  }

 private:
  template <class Body>
  void each_block(const Context& ctx, Body&& body) const {
    const Index half = along_.size / 2 * along_.inner, blocks = ctx.rows() * along_.outer;
    parallel_ranges(blocks, std::max<Index>(1, kChunk / std::max<Index>(1, half)),
                    1.5 * static_cast<double>(blocks * half), [&](Index begin, Index end, int) {
                      for (Index block = begin; block < end; ++block) body(block, half);
                    });
  }

  Index axis_;
  Along along_;
};

// Leaky ReLU with learned slopes: one for each element of a sample, except along axes that share one slope.
class PReLU : public Layer {
 public:
  PReLU(const std::string& kind, const std::string& name, const Config& config) : Layer(kind, name) {
    if (config.has("shared_axes")) shared_ = config.integers("shared_axes");
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype));
    const Shape& shape = inputs[0].shape;
    const std::size_t rank = shape.size();
    require(rank >= 2, who(), " expects at least (batch, n), got ", to_string(shape));
    Shape slopes(shape.begin() + 1, shape.end());
    for (Index axis : shared_) {
      require(axis >= 1 && axis < static_cast<Index>(rank), who(), ": shared_axes expects axes from 1 to ", rank - 1,
              " for an input ", to_string(shape), ", got ", axis);
      slopes[static_cast<std::size_t>(axis - 1)] = 1;
    }
    row_size_ = inputs[0].row_size();
    slopes_ = volume(slopes);
    chunk_ = std::max<Index>(8, kChunk / std::max<Index>(1, row_size_));
    // For each run along the last dimension, the offset of its slopes.
    last_ = shape.back();
    step_ = slopes.back() == last_ ? 1 : 0;
    runs_ = {0};
    Index stride = slopes.back();
    for (std::size_t d = rank - 1; d-- > 1;) {
      const std::vector<Index> inner = runs_;
      runs_.clear();
      const bool whole = slopes[d - 1] == shape[d];
      for (Index i = 0; i < shape[d]; ++i)
        for (Index offset : inner) runs_.push_back((whole ? i * stride : 0) + offset);
      stride *= slopes[d - 1];
    }
    return {inputs, {{"alpha", slopes, true}}};
  }

  BackwardReads backward_reads() const override { return {true, false}; }

  void book(Booking& booking) const override {
    if (booking.backward()) booking.book(kParts, Life::backward, slopes_ * chunks(booking.capacity()));
  }

  void forward(const Context& ctx) const override {
    const Real *x = ctx.input(), *alpha = ctx.weight(0);
    Real* y = ctx.output();
    each_chunk(ctx, [&](Index at, Index run, Index) { kernels::prelu(x + at, alpha + run, step_, y + at, last_); });
  }

  void backward(const Context& ctx) const override {
    const Real *x = ctx.input(), *alpha = ctx.weight(0), *dy = ctx.output_gradient();
    Real *dx = ctx.input_gradient(), *dalpha = ctx.weight_gradient(0), *parts = ctx.buffer(kParts);
    const Index count = chunks(ctx.rows());
    if (dalpha != nullptr) std::fill(parts, parts + count * slopes_, 0.0_r);
    each_chunk(ctx, [&](Index at, Index run, Index chunk) {
      Real* part = dalpha == nullptr ? nullptr : parts + chunk * slopes_ + run;
      kernels::prelu_backward(x + at, alpha + run, step_, dy + at, dx == nullptr ? nullptr : dx + at, part, last_);
    });
    if (dalpha == nullptr) return;
    parallel_ranges(slopes_, 4096, 1.0 * static_cast<double>(slopes_ * count), [&](Index begin, Index end, int) {
      for (Index i = begin; i < end; ++i) {
        double sum = 0;
        for (Index c = 0; c < count; ++c) sum += parts[c * slopes_ + i];
        dalpha[i] = static_cast<Real>(sum);
      }
    });
  }

 private:
  enum : std::size_t { kParts };

  Index chunks(Index rows) const { return (rows + chunk_ - 1) / chunk_; }

  // Calls body(offset in the batch, offset in the slopes, chunk) for each run along the last dimension.
  template <class Body>
  void each_chunk(const Context& ctx, Body&& body) const {
    parallel_ranges(ctx.rows(), chunk_, 0.5 * static_cast<double>(ctx.rows() * row_size_),
                    [&](Index begin, Index end, int) {
                      Index at = begin * row_size_;
                      for (Index row = begin; row < end; ++row)
                        for (Index run : runs_) {
                          body(at, run, begin / chunk_);
                          at += last_;
                        }
                    });
  }

  std::vector<Index> shared_, runs_;
  Index row_size_ = 0, slopes_ = 0, chunk_ = 1, last_ = 1, step_ = 1;
};

const bool registered = register_layer_class<Activation>("Activation") && register_layer_class<Softmax>("Softmax") &&
                        register_layer_class<Softmax>("LogSoftmax") && register_layer_class<Sparsemax>("Sparsemax") &&
                        register_layer_class<GLU>("GLU") && register_layer_class<PReLU>("PReLU");

}  // namespace
}  // namespace fastnn
