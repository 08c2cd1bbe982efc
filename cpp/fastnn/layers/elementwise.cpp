// Elementwise nodes: Unary and Binary functions, Where, Clip and Cast. The config names the function; the functions and
// their derivatives are in kernels/elementwise.
//
// Operands broadcast as in NumPy: shapes are aligned from the right, and a size of 1 matches any other. The batch
// matches only the batch in the same position, or an operand without a batch: one value, or one sample, for all rows.
#include "fastnn/kernels/elementwise.hpp"

#include <array>
#include <limits>

#include "fastnn/kernels/fold.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using kernels::Folded;
using kernels::kWalkChunk;
using kernels::Loops;

std::string listed(const std::vector<Spec>& inputs) {
  std::string text;
  for (const Spec& spec : inputs)
    text += (text.empty() ? "" : " and ") + std::string(name_of(spec.dtype)) + " " + to_string(spec.shape);
  return text;
}

void require_inputs(const Layer& layer, const std::vector<Spec>& inputs, std::size_t count) {
  require(inputs.size() == count, layer.who(), " expects ", count, count == 1 ? " input" : " inputs", ", got ",
          inputs.size());
  for (const Spec& spec : inputs)
    require(spec.shape.size() <= kernels::kMostAxes / 2, layer.who(), " expects at most ", kernels::kMostAxes / 2,
            " dimensions, got ", to_string(spec.shape));
}

Shape broadcast(const Layer& layer, const std::vector<Spec>& inputs) {
  std::size_t rank = 0;
  bool batched = false;
  for (const Spec& spec : inputs) {
    rank = std::max(rank, spec.shape.size());
    batched = batched || spec.batched();
  }
  Shape output(rank, 1);
  for (const Spec& spec : inputs) {
    require_rows(!spec.batched() || spec.shape.size() == rank, layer.who(),
                 " expects the batch to stay the first dimension, got ", listed(inputs));
    for (std::size_t d = 0; d < spec.shape.size(); ++d) {
      Index& size = output[d + rank - spec.shape.size()];
      const Index own = spec.shape[d];
      require(own == size || own == 1 || size == 1, layer.who(),
              " expects shapes that broadcast (aligned from the right, equal or 1), got ", listed(inputs),
              own == kUnknown || size == kUnknown ? "; the batch matches no fixed size but 1" : "");
      if (own != 1) size = own;
    }
  }
  require(!batched || output[0] == kUnknown, layer.who(), " got ", listed(inputs));
  return output;
}

template <std::size_t N>
std::array<Shape, N> shapes_of(const std::vector<Spec>& inputs) {
  std::array<Shape, N> shapes;
  for (std::size_t k = 0; k < N; ++k) shapes[k] = inputs[k].shape;
  return shapes;
}

// Calls body(begin, count) for ranges of `count` elements on all threads.
template <class Body>
void in_ranges(Index count, double each, Body&& body) {
  parallel_ranges(count, kWalkChunk, each * static_cast<double>(count),
                  [&](Index begin, Index end, int) { body(begin, end - begin); });
}

class Unary : public Function {
 public:
  Unary(const std::string& kind, const std::string& name, const Config& config) : Function(kind, name) {
    word_ = config.word("op");
    require(kernels::find_unary(word_, op_), "op expects the name of a function of one argument, got \"", word_, "\"");
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require_inputs(*this, inputs, 1);
    input_ = inputs[0];
    using kernels::Unary;
    const bool whole = op_ == Unary::negative || op_ == Unary::abs || op_ == Unary::square || op_ == Unary::sign;
    const bool logical = op_ == Unary::logical_not;
    require(logical == (input_.dtype == DType::boolean) && (input_.dtype != DType::int32 || whole), who(), ": ", word_,
            " expects ", logical ? "bool" : kReal, whole ? " or int32" : "", ", got ", name_of(input_.dtype),
            "; cast it first");
    return {{{input_.shape, kernels::tells(op_) ? DType::boolean : input_.dtype}}, {}};
  }

  bool differentiable() const override { return input_.dtype == DType::real && kernels::differentiable(op_); }
  BackwardReads backward_reads() const override {
    return {kernels::derivative_reads_input(op_), kernels::derivative_reads_output(op_)};
  }

  void forward(const Context& ctx) const override {
    in_ranges(input_.size(ctx.rows()), work(), [&](Index at, Index count) {
      if (op_ == kernels::Unary::logical_not)
        kernels::logical_not(ctx.input<bool>() + at, ctx.output<bool>() + at, count);
      else if (kernels::tells(op_))
        kernels::unary(op_, ctx.input() + at, ctx.output<bool>() + at, count);
      else if (input_.dtype == DType::int32)
        kernels::unary(op_, ctx.input<std::int32_t>() + at, ctx.output<std::int32_t>() + at, count);
      else
        kernels::unary(op_, ctx.input() + at, ctx.output() + at, count);
    });
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    in_ranges(input_.size(ctx.rows()), work(), [&](Index at, Index count) {
      kernels::unary_gradient(op_, ctx.input() + at, ctx.output() + at, ctx.output_gradient() + at, dx + at, count);
    });
  }

 private:
  static double work() { return 2.0; }

  kernels::Unary op_{};
  std::string word_;
  Spec input_;
};

class Binary : public Function {
 public:
  Binary(const std::string& kind, const std::string& name, const Config& config) : Function(kind, name) {
    word_ = config.word("op");
    require(kernels::find_binary(word_, op_), "op expects the name of a function of two arguments, got \"", word_,
            "\"");
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require_inputs(*this, inputs, 2);
    dtype_ = inputs[0].dtype;
    require(dtype_ == inputs[1].dtype, who(), ": ", word_, " expects two inputs of the same dtype, got ",
            listed(inputs), "; cast one of them");
    using kernels::Binary;
    const bool equality = op_ == Binary::equal || op_ == Binary::not_equal;
    if (kernels::is_logical(op_))
      require(dtype_ == DType::boolean, who(), ": ", word_, " expects bool, got ", name_of(dtype_), "; cast it first");
    else
      require(dtype_ != DType::boolean || equality, who(), ": ", word_, " expects numbers, got bool; cast it first");
    if (op_ == Binary::divide || op_ == Binary::arctan2)
      require(dtype_ == DType::real, who(), ": ", word_, " expects ", kReal, ", got ", name_of(dtype_),
              "; cast it first");
    output_ = {broadcast(*this, inputs), op_ >= Binary::equal ? DType::boolean : dtype_};
    loops_ = kernels::broadcast_loops<2>(output_.shape, shapes_of<2>(inputs));
    for (std::size_t k = 0; k < 2; ++k) {
      inputs_[k] = inputs[k];
      folds_[k] = kernels::broadcast_axes(output_.shape, inputs[k].shape);
      whole_[k] = folds_[k].keeps_all();
    }
    return {{output_}, {}};
  }

  bool differentiable() const override { return dtype_ == DType::real && kernels::differentiable(op_); }
  BackwardReads backward_reads() const override { return {kernels::derivative_reads_inputs(op_), false}; }

  void book(Booking& booking) const override {
    if (!booking.backward()) return;
    Index scratch = 0;
    for (std::size_t k = 0; k < 2; ++k)
      if (!whole_[k]) scratch = std::max(scratch, kernels::fold_scratch(folds_[k], booking.capacity()));
    booking.book(kScratch, Life::backward, scratch);
    const bool aside = !(whole_[0] && whole_[1]) && kernels::derivative_reads_inputs(op_);
    if (aside) booking.book(kAside, Life::backward, output_.size(booking.capacity()));
  }

  void forward(const Context& ctx) const override {
    if (output_.dtype == DType::real) return compute<Real, Real>(ctx);
    if (output_.dtype == DType::int32) return compute<std::int32_t, std::int32_t>(ctx);
    if (dtype_ == DType::real) return compute<Real, bool>(ctx);
    if (dtype_ == DType::int32) return compute<std::int32_t, bool>(ctx);
    compute<bool, bool>(ctx);
  }

  void backward(const Context& ctx) const override {
    const Real* dy = ctx.output_gradient();
    for (std::size_t k = 0; k < 2; ++k) {
      Real* dx = ctx.input_gradient(k);
      if (dx == nullptr) continue;
      const bool reads = kernels::derivative_reads_inputs(op_);
      Real* to = whole_[k] ? dx : ctx.buffer(kAside);
      if (whole_[k] || reads)
        kernels::binary_gradient(op_, static_cast<int>(k), loops_, ctx.rows(), ctx.input(0), ctx.input(1), dy, to);
      if (whole_[k]) continue;
      // The gradient of a sum or a difference is dy itself, which is folded directly.
      kernels::fold(kernels::FoldOp::sum, folds_[k], ctx.rows(), reads ? to : dy, dx, ctx.buffer(kScratch));
      if (op_ == kernels::Binary::subtract && k == 1) kernels::scale(-1.0_r, dx, inputs_[k].size(ctx.rows()));
    }
  }

 private:
  enum : std::size_t { kScratch, kAside };

  template <class T, class R>
  void compute(const Context& ctx) const {
    kernels::binary(op_, loops_, ctx.rows(), ctx.input<T>(0), ctx.input<T>(1), ctx.output<R>());
  }

  kernels::Binary op_{};
  std::string word_;
  DType dtype_ = DType::real;
  Spec output_;
  std::array<Spec, 2> inputs_;
  Loops<2> loops_;
  std::array<Folded, 2> folds_;
  std::array<bool, 2> whole_{};  // the operand has the shape of the output
};

class Where : public Function {
 public:
  Where(const std::string& kind, const std::string& name, const Config&) : Function(kind, name) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require_inputs(*this, inputs, 3);
    require(inputs[0].dtype == DType::boolean && inputs[1].dtype == inputs[2].dtype, who(),
            " expects a bool condition and two inputs of the same dtype, got ", listed(inputs), "; cast them first");
    output_ = {broadcast(*this, inputs), inputs[1].dtype};
    loops_ = kernels::broadcast_loops<3>(output_.shape, shapes_of<3>(inputs));
    for (std::size_t k = 0; k < 2; ++k) {
      folds_[k] = kernels::broadcast_axes(output_.shape, inputs[k + 1].shape);
      whole_[k] = folds_[k].keeps_all();
    }
    return {{output_}, {}};
  }

  bool differentiable() const override { return output_.dtype == DType::real; }
  bool differentiable_input(std::size_t i) const override { return i > 0; }
  BackwardReads backward_reads() const override { return {true, false}; }

  void book(Booking& booking) const override {
    if (!booking.backward() || (whole_[0] && whole_[1])) return;
    booking.book(kScratch, Life::backward,
                 std::max(kernels::fold_scratch(folds_[0], booking.capacity()),
                          kernels::fold_scratch(folds_[1], booking.capacity())));
    booking.book(kAside, Life::backward, output_.size(booking.capacity()));
  }

  void forward(const Context& ctx) const override {
    if (output_.dtype == DType::real) return choose<Real>(ctx);
    if (output_.dtype == DType::int32) return choose<std::int32_t>(ctx);
    choose<bool>(ctx);
  }

  void backward(const Context& ctx) const override {
    for (std::size_t k = 0; k < 2; ++k) {
      Real* dx = ctx.input_gradient(k + 1);
      if (dx == nullptr) continue;
      Real* to = whole_[k] ? dx : ctx.buffer(kAside);
      kernels::where_gradient(loops_, ctx.rows(), k == 0, ctx.input<bool>(0), ctx.output_gradient(), to);
      if (!whole_[k]) kernels::fold(kernels::FoldOp::sum, folds_[k], ctx.rows(), to, dx, ctx.buffer(kScratch));
    }
  }

 private:
  enum : std::size_t { kScratch, kAside };

  template <class T>
  void choose(const Context& ctx) const {
    kernels::where(loops_, ctx.rows(), ctx.input<bool>(0), ctx.input<T>(1), ctx.input<T>(2), ctx.output<T>());
  }

  Spec output_;
  Loops<3> loops_;
  std::array<Folded, 2> folds_;
  std::array<bool, 2> whole_{};
};

class Clip : public Function {
 public:
  Clip(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name),
        low_(static_cast<Real>(config.number("low", -std::numeric_limits<double>::infinity()))),
        high_(static_cast<Real>(config.number("high", std::numeric_limits<double>::infinity()))) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require_inputs(*this, inputs, 1);
    input_ = inputs[0];
    require(input_.dtype != DType::boolean, who(), " expects numbers, got bool; cast it first");
    return {inputs, {}};
  }

  bool differentiable() const override { return input_.dtype == DType::real; }
  BackwardReads backward_reads() const override { return {true, false}; }

  void forward(const Context& ctx) const override {
    in_ranges(input_.size(ctx.rows()), 0.8, [&](Index at, Index count) {
      if (input_.dtype == DType::int32)
        kernels::clip(low_, high_, ctx.input<std::int32_t>() + at, ctx.output<std::int32_t>() + at, count);
      else
        kernels::clip(low_, high_, ctx.input() + at, ctx.output() + at, count);
    });
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    in_ranges(input_.size(ctx.rows()), 0.8, [&](Index at, Index count) {
      kernels::clip_gradient(low_, high_, ctx.input() + at, ctx.output_gradient() + at, dx + at, count);
    });
  }

 private:
  Real low_, high_;
  Spec input_;
};

class Cast : public Function {
 public:
  Cast(const std::string& kind, const std::string& name, const Config& config) : Function(kind, name) {
    const std::string word = config.word("dtype");
    require(find_dtype(word, output_.dtype), "dtype expects \"", kReal, "\", \"int32\" or \"bool\", got \"", word,
            "\"");
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require_inputs(*this, inputs, 1);
    from_ = inputs[0].dtype;
    output_.shape = inputs[0].shape;
    return {{output_}, {}};
  }

  bool is_alias() const override { return from_ == output_.dtype; }
  bool differentiable() const override { return from_ == DType::real && output_.dtype == DType::real; }
  BackwardReads backward_reads() const override { return {false, false}; }

  void forward(const Context& ctx) const override {
    const auto in = static_cast<Index>(size_of(from_)), out = static_cast<Index>(size_of(output_.dtype));
    in_ranges(output_.size(ctx.rows()), 0.8, [&](Index at, Index count) {
      kernels::cast(from_, ctx.input<char>() + at * in, output_.dtype, ctx.output<char>() + at * out, count);
    });
  }

 private:
  DType from_ = DType::real;
  Spec output_;
};

const bool registered = register_layer_class<Unary>("Unary") && register_layer_class<Binary>("Binary") &&
                        register_layer_class<Where>("Where") && register_layer_class<Clip>("Clip") &&
                        register_layer_class<Cast>("Cast");

}  // namespace
}  // namespace fastnn
