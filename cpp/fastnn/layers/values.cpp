// Sources and sinks of values: Variable, Constant, Assign, Rows, Random; and StopGradient, which passes values but no
// gradients.
//
// A variable that is read as a value is an edge without a batch. The output of Assign is the new value within the step;
// the variable itself changes when the step commits.
#include <algorithm>
#include <cstring>

#include "fastnn/bfloat16.hpp"
#include "fastnn/kernels/draw.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

DType dtype_of(const std::string& word) {
  DType dtype{};
  require(find_dtype(word, dtype), "dtype expects \"", kReal, "\", \"int32\" or \"bool\", got \"", word, "\"");
  return dtype;
}

Shape sizes(const Config& config) {
  Shape shape = config.integers("shape");
  for (Index size : shape) require(size >= 0, "shape expects sizes of at least 0, got ", size);
  return shape;
}

// A variable of integers of 8 bits is read as floats, too.
DType held_or_quantized(const Config& config) {
  return config.word("held", kReal) == name_of(DType::int8) ? DType::int8 : held_dtype(config);
}

class Variable : public Function {
 public:
  Variable(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), shape_(sizes(config)), held_(held_or_quantized(config)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.empty(), who(), " expects no input, got ", inputs.size());
    return {{{shape_, DType::real}}, {{"value", shape_, held_ != DType::int8, held_}}};
  }
  BackwardReads backward_reads() const override { return {false, false}; }

  void forward(const Context& ctx) const override {
    if (held_ == DType::int8)
      std::copy_n(ctx.weight<std::int8_t>(0), volume(shape_), ctx.output());
    else if (held_ == DType::bfloat16)
      widen(ctx.weight<Bfloat16>(0), volume(shape_), ctx.output());
    else
      std::copy_n(ctx.weight(0), volume(shape_), ctx.output());
  }
  void backward(const Context& ctx) const override {
    if (Real* dw = ctx.weight_gradient(0)) std::copy_n(ctx.output_gradient(), volume(shape_), dw);
  }

 private:
  Shape shape_;
  DType held_;
};

// The value is an array, or a list of numbers with a shape (a scalar is one number with shape ()).
class Constant : public Function {
 public:
  Constant(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), dtype_(dtype_of(config.word("dtype", kReal))), value_(config.constant("value")) {
    if (!config.has("shape")) return;
    const Shape shape = sizes(config);
    require(volume(shape) == volume(value_.shape), "value expects ", volume(shape), " numbers for shape ",
            to_string(shape), ", got ", volume(value_.shape));
    value_.shape = shape;
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.empty(), who(), " expects no input, got ", inputs.size());
    return {{{value_.shape, dtype_}}, {}};
  }
  bool differentiable() const override { return false; }

  void forward(const Context& ctx) const override {
    const std::vector<Real>& v = value_.values;
    if (dtype_ == DType::real)
      std::copy(v.begin(), v.end(), ctx.output());
    else if (dtype_ == DType::int32)
      std::transform(v.begin(), v.end(), ctx.output<std::int32_t>(), [](Real x) { return static_cast<int>(x); });
    else
      std::transform(v.begin(), v.end(), ctx.output<bool>(), [](Real x) { return x != 0.0_r; });
  }

 private:
  DType dtype_;
  fastnn::Constant value_;
};

class Assign : public Function {
 public:
  Assign(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), op_(config.word("op", "assign")), held_(held_dtype(config)) {
    require(op_ == "assign" || op_ == "add" || op_ == "subtract",
            "op expects \"assign\", \"add\" or \"subtract\", got \"", op_, "\"");
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype == DType::real, who(), " expects ", kReal, ", got ", name_of(inputs[0].dtype),
            "; cast it first");
    require(!inputs[0].batched(), who(), " expects a value of the variable's shape, got ", to_string(inputs[0].shape),
            "; reduce it over the batch first");
    shape_ = inputs[0].shape;
    return {inputs, {{"value", shape_, false, held_}}};
  }
  bool differentiable() const override { return false; }
  bool updates_state() const override { return true; }
  bool reads_state() const override { return op_ != "assign"; }
  void book(Booking& booking) const override { booking.book(kValue, Life::step, volume(shape_)); }

  void forward(const Context& ctx) const override {
    const Real* x = ctx.input();
    Real* to = ctx.buffer(kValue);
    const bool narrows = held_ == DType::bfloat16;
    const auto old = [&](Index i) {
      return narrows ? static_cast<Real>(widen(ctx.weight<Bfloat16>(0)[i])) : ctx.weight(0)[i];
    };
    const Real sign = op_ == "subtract" ? -1.0_r : 1.0_r;
    for (Index i = 0; i < volume(shape_); ++i) to[i] = op_ == "assign" ? x[i] : old(i) + sign * x[i];
    if (narrows)
      for (Index i = 0; i < volume(shape_); ++i) to[i] = static_cast<Real>(widen(narrow(static_cast<float>(to[i]))));
    std::copy_n(to, volume(shape_), ctx.output());
  }
  bool is_effect() const override { return true; }
  void commit(const Context& ctx) const override {
    if (held_ == DType::bfloat16)
      narrow(ctx.buffer(kValue), volume(shape_), ctx.state<Bfloat16>(0));
    else
      std::copy_n(ctx.buffer(kValue), volume(shape_), ctx.state(0));
  }

 private:
  enum : std::size_t { kValue };

  std::string op_;
  DType held_;
  Shape shape_;
};

// The size of an axis.
class Rows : public Function {
 public:
  Rows(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), axis_(config.integer("axis", 0)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1 && axis_ >= 0 && axis_ < static_cast<Index>(inputs[0].shape.size()), who(),
            " expects one input that has axis ", axis_);
    size_ = inputs[0].shape[static_cast<std::size_t>(axis_)];
    return {{{{}, DType::int32}}, {}};
  }
  bool differentiable() const override { return false; }
  bool reads_values() const override { return false; }
  void forward(const Context& ctx) const override {
    *ctx.output<std::int32_t>() = static_cast<std::int32_t>(size_ == kUnknown ? ctx.rows() : size_);
  }

 private:
  Index axis_, size_ = kUnknown;
};

class StopGradient : public Function {
 public:
  StopGradient(const std::string& kind, const std::string& name, const Config&) : Function(kind, name) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    spec_ = inputs[0];
    return {inputs, {}};
  }
  // A copy, because an alias would share the gradient of its input.
  bool differentiable() const override { return false; }
  void forward(const Context& ctx) const override {
    std::memcpy(ctx.output<void>(), ctx.input<void>(), spec_.bytes(ctx.rows()));
  }

 private:
  Spec spec_;
};

class Random : public Function {
 public:
  Random(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name),
        batched_(config.flag("batched", false)),
        shape_(sizes(config)),
        a_(config.number("a", 0.0)),
        b_(config.number("b", 1.0)) {
    const std::string word = config.word("op");
    require(kernels::find_draw(word, op_),
            "op expects \"uniform\", \"normal\", \"truncated_normal\", \"bernoulli\" or \"randint\", got \"", word,
            "\"");
    if (op_ == kernels::Draw::bernoulli) require(a_ >= 0.0 && a_ <= 1.0, "a expects a probability in [0, 1], got ", a_);
    if (op_ == kernels::Draw::whole)
      require(a_ < b_ && a_ >= -2147483648.0 && b_ <= 2147483648.0, "randint expects a < b, both of 32 bits, got ", a_,
              " and ", b_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == (batched_ ? 1u : 0u), who(), batched_ ? " expects one input" : " expects no input",
            ", got ", inputs.size());
    output_.shape = shape_;
    if (batched_) {
      require(!inputs[0].shape.empty(), who(), " expects an input with a first axis, got a single number");
      output_.shape.insert(output_.shape.begin(), inputs[0].shape[0]);
    }
    output_.dtype = op_ == kernels::Draw::bernoulli ? DType::boolean
                    : op_ == kernels::Draw::whole   ? DType::int32
                                                    : DType::real;
    return {{output_}, {}};
  }
  bool differentiable() const override { return false; }
  bool random() const override { return true; }

  void forward(const Context& ctx) const override {
    const Index count = output_.size(ctx.rows());
    parallel_ranges(count, 32 * kernels::kDrawBlock, 12.0 * static_cast<double>(count),
                    [&](Index begin, Index end, int) {
                      kernels::draw(op_, ctx.stream(), a_, b_, begin, ctx.output<void>(), end - begin);
                    });
  }

 private:
  kernels::Draw op_{};
  bool batched_;
  Shape shape_;
  double a_, b_;
  Spec output_;
};

const bool registered = register_layer_class<Variable>("Variable") && register_layer_class<Constant>("Constant") &&
                        register_layer_class<Assign>("Assign") && register_layer_class<Rows>("Rows") &&
                        register_layer_class<StopGradient>("StopGradient") && register_layer_class<Random>("Random");

}  // namespace
}  // namespace fastnn
