// Activations as nodes of their own: the elementwise ones (Activation), Softmax and LogSoftmax.
// Owns their arguments and shapes; the numbers are made in kernels/activation and kernels/softmax.
#include <algorithm>

#include "fastnn/kernels/activation.hpp"
#include "fastnn/kernels/softmax.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

constexpr Index kChunk = 16384;  // floats a task: enough to be worth handing out

class Activation : public Layer {
 public:
  Activation(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), word_(config.word("activation")) {
    require(kernels::find_activation(word_, function_),
            "activation expects the name of an elementwise activation, got \"", word_, "\"");
    parameters_.negative_slope = number(config, "negative_slope", parameters_.negative_slope);
    parameters_.threshold = number(config, "threshold", parameters_.threshold);
    parameters_.max_value = number(config, "max_value", parameters_.max_value);
    parameters_.alpha = number(config, "alpha", parameters_.alpha);
    if (function_ == kernels::Activation::leaky_relu && !config.has("negative_slope"))
      parameters_.negative_slope = 0.2f;
    if (word_ == "swish") word_ = "silu";
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::float32, who(), " expects float32, got ", name_of(inputs[0].dtype));
    row_size_ = inputs[0].row_size();
    return {inputs, {}};
  }

  BackwardReads backward_reads() const override {
    const bool from_output = kernels::derivative_from_output(function_);
    return {!from_output, from_output};
  }

  std::optional<std::string> activation() const override {
    if (parametrised_ || function_ == kernels::Activation::leaky_relu) return std::nullopt;
    return word_;
  }

  void forward(const Context& ctx) const override {
    const float* x = ctx.input();
    float* y = ctx.output();
    const Index count = ctx.rows() * row_size_;
    parallel_ranges(count, kChunk, cost() * static_cast<double>(count), [&](Index begin, Index end, int) {
      kernels::activate(function_, parameters_, x + begin, y + begin, end - begin);
    });
  }

  void backward(const Context& ctx) const override {
    float* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    const bool from_output = kernels::derivative_from_output(function_);
    const float* source = from_output ? ctx.output() : ctx.input();
    const float* dy = ctx.output_gradient();
    const Index count = ctx.rows() * row_size_;
    parallel_ranges(count, kChunk, cost() * static_cast<double>(count), [&](Index begin, Index end, int) {
      const float* from = source + begin;
      kernels::activate_backward(function_, parameters_, from, from, dy + begin, dx + begin, end - begin);
    });
  }

 private:
  float number(const Config& config, const char* key, float otherwise) {
    if (!config.has(key)) return otherwise;
    const double value = config.number(key);
    require(value >= 0, key, " expects a number of at least 0, got ", value);
    const float narrow = static_cast<float>(value);
    parametrised_ = parametrised_ || narrow != otherwise;
    return narrow;
  }

  // Nanoseconds an element.
  double cost() const {
    switch (function_) {
      case kernels::Activation::linear:
      case kernels::Activation::relu:
      case kernels::Activation::relu6:
      case kernels::Activation::leaky_relu:
      case kernels::Activation::hard_sigmoid:
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
    require(inputs[0].dtype == DType::float32, who(), " expects float32, got ", name_of(inputs[0].dtype));
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
    // Dimensions behind the last reduced one are the inner index; those before it go to one of the two tables.
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
    const float* x = ctx.input();
    float* y = ctx.output();
    each_range(ctx, [&](Index begin, Index end) {
      if (groups().contiguous())
        return kernels::softmax(logarithm_, x + begin * row_size_, y + begin * row_size_, (end - begin) * outer_count(),
                                groups().size);
      for (Index r = begin; r < end; ++r) kernels::softmax(groups(), logarithm_, x + r * row_size_, y + r * row_size_);
    });
  }

  void backward(const Context& ctx) const override {
    float* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    const float *y = ctx.output(), *dy = ctx.output_gradient();
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

const bool registered = register_layer_class<Activation>("Activation") && register_layer_class<Softmax>("Softmax") &&
                        register_layer_class<Softmax>("LogSoftmax");

}  // namespace
}  // namespace fastnn
