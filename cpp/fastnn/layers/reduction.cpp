// Reduce: sums, means, extremes, products and others over any axes, including the batch; and Cumulative sums and
// products.
//
// Axes count over the whole shape. The batch is axis 0; a result reduced over it has no batch. The order of summation
// is that of kernels/fold. If several elements are the largest, each gets an equal part of the gradient.
#include <algorithm>
#include <array>
#include <limits>

#include "fastnn/kernels/elementwise.hpp"
#include "fastnn/kernels/fold.hpp"
#include "fastnn/kernels/fold_gradient.hpp"
#include "fastnn/kernels/scan.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using kernels::Folded;
using kernels::FoldOp;
using kernels::Loops;

std::size_t settled(const Layer& layer, Index axis, const Spec& input) {
  const auto rank = static_cast<Index>(input.shape.size());
  require(axis >= -rank && axis < rank, layer.who(), " expects axes from ", -rank, " to ", rank - 1, " for an input ",
          to_string(input.shape), ", got ", axis);
  return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
}

void require_rank(const Layer& layer, const std::vector<Spec>& inputs) {
  require(inputs.size() == 1, layer.who(), " expects one input, got ", inputs.size());
  require(inputs[0].shape.size() <= kernels::kMostAxes / 2, layer.who(), " expects at most ", kernels::kMostAxes / 2,
          " dimensions, got ", to_string(inputs[0].shape));
}

class Reduce : public Function {
 public:
  Reduce(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name),
        word_(config.word("op")),
        axes_(config.has("axes") ? config.integers("axes") : std::vector<Index>{}),
        keepdims_(config.flag("keepdims", false)) {
    constexpr const char* kNames[] = {"sum", "mean", "max",    "min",    "prod",
                                      "any", "all",  "argmax", "argmin", "logsumexp"};
    const auto* found = std::find(std::begin(kNames), std::end(kNames), word_);
    require(found != std::end(kNames), "op expects the name of a reduction (sum, mean, max, ...), got \"", word_, "\"");
    op_ = static_cast<Op>(found - std::begin(kNames));
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require_rank(*this, inputs);
    input_ = inputs[0];
    check_dtype();
    const std::size_t rank = input_.shape.size();
    std::array<bool, kernels::kMostAxes> gone{};
    if (axes_.empty()) gone.fill(true);
    for (Index axis : axes_) {
      bool& mark = gone[settled(*this, axis, input_)];
      require(!mark, who(), " expects each axis once, got ", axis, " again");
      mark = true;
    }
    axes_gone_ = {};
    fixed_count_ = 1;
    over_batch_ = false;
    Shape kept, output;
    for (std::size_t d = 0; d < rank; ++d) {
      const Index size = input_.shape[d];
      axes_gone_.inside(size, gone[d]);
      over_batch_ = over_batch_ || (gone[d] && size == kUnknown);
      if (gone[d] && size != kUnknown) fixed_count_ *= size;
      kept.push_back(gone[d] ? 1 : size);
      if (!gone[d] || keepdims_) output.push_back(kept.back());
    }
    const bool places = op_ == Op::argmax || op_ == Op::argmin;
    if (op_ >= Op::max && op_ != Op::prod && op_ != Op::any && op_ != Op::all && op_ != Op::logsumexp)
      require(fixed_count_ > 0, who(), ": the ", word_, " of an empty axis is not defined, got ",
              to_string(input_.shape));
    if (places) {
      require(axes_.size() == 1 || rank <= 1, who(), ": ", word_, " expects one axis, got ", axes_.size());
      const std::size_t axis = rank == 0 ? 0 : axes_.empty() ? 0 : settled(*this, axes_[0], input_);
      middle_ = rank == 0 ? 1 : input_.shape[axis];
      inner_ = rank == 0 ? 1 : volume(input_.shape, axis + 1);
      outer_ = 1;
      for (std::size_t d = input_.batched() ? 1 : 0; d < axis; ++d) outer_ *= input_.shape[d];
    }
    output_ = {output, places ? DType::int32 : input_.dtype};
    // Loops over the elements of the input (operand 0) and their results (operand 1).
    expand_ = kernels::broadcast_loops<2>(input_.shape, {input_.shape, kept});
    return {{output_}, {}};
  }

  bool differentiable() const override { return input_.dtype == DType::real && op_ != Op::argmax && op_ != Op::argmin; }
  BackwardReads backward_reads() const override {
    const bool linear = op_ == Op::sum || op_ == Op::mean;
    return {!linear, op_ == Op::max || op_ == Op::min || op_ == Op::logsumexp};
  }

  void book(Booking& booking) const override {
    const Index capacity = booking.capacity();
    booking.book(kScratch, Life::forward, kernels::fold_scratch(axes_gone_, capacity));
    const Index in = input_.size(capacity), out = output_.size(capacity);
    if (op_ == Op::logsumexp) {
      booking.book(kPowers, Life::forward, in);
      booking.book(kSums, Life::forward, out);
    } else if (booking.backward() && !(op_ == Op::sum || op_ == Op::mean)) {
      booking.book(kFold, Life::backward, kernels::fold_scratch(axes_gone_, capacity));
      booking.book(kMarks, Life::backward, in);
      booking.book(kCounts, Life::backward, out);
      booking.book(kOthers, Life::backward, out);
    }
  }

  void forward(const Context& ctx) const override {
    const Index rows = ctx.rows();
    if (op_ == Op::argmax || op_ == Op::argmin) {
      const bool first = input_.batched() && over_batch_;
      const Index outer = input_.batched() && !first ? rows * outer_ : outer_, middle = first ? rows : middle_;
      if (input_.dtype == DType::int32)
        kernels::fold_places(op_ == Op::argmax, ctx.input<std::int32_t>(), ctx.output<std::int32_t>(), outer, middle,
                             inner_);
      else
        kernels::fold_places(op_ == Op::argmax, ctx.input(), ctx.output<std::int32_t>(), outer, middle, inner_);
      return;
    }
    if (op_ == Op::logsumexp) return log_sum_exp(ctx);
    if (input_.dtype == DType::boolean) return fold<bool>(ctx);
    if (input_.dtype == DType::int32) return fold<std::int32_t>(ctx);
    fold<Real>(ctx);
    if (op_ == Op::mean) kernels::scale(share(rows), ctx.output(), output_.size(rows));
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    const Index rows = ctx.rows();
    Real* dy = ctx.output_gradient();
    const Real *x = ctx.input(), *y = ctx.output();
    switch (op_) {
      case Op::mean:
        kernels::scale(share(rows), dy, output_.size(rows));
        [[fallthrough]];
      case Op::sum:
        return kernels::spread(expand_, rows, dy, dx);
      case Op::logsumexp:
        return kernels::exp_gradient(expand_, rows, x, y, dy, dx);
      case Op::max:
      case Op::min: {
        Real *ties = ctx.buffer(kMarks), *count = ctx.buffer(kCounts);
        kernels::mark_equal(expand_, rows, x, y, ties);
        kernels::fold(FoldOp::sum, axes_gone_, rows, ties, count, ctx.buffer(kFold));
        return kernels::share_gradient(expand_, rows, ties, count, dy, dx);
      }
      case Op::prod: {
        Real *marks = ctx.buffer(kMarks), *zeros = ctx.buffer(kCounts), *others = ctx.buffer(kOthers);
        kernels::mark_zeros(x, marks, input_.size(rows));
        kernels::fold(FoldOp::sum, axes_gone_, rows, marks, zeros, ctx.buffer(kFold));
        kernels::replace_zeros(x, marks, input_.size(rows));
        kernels::fold(FoldOp::product, axes_gone_, rows, marks, others, ctx.buffer(kFold));
        return kernels::product_gradient(expand_, rows, x, zeros, others, dy, dx);
      }
      default:
        return;
    }
  }

 private:
  enum class Op { sum, mean, max, min, prod, any, all, argmax, argmin, logsumexp };
  enum : std::size_t { kScratch, kPowers, kSums, kFold, kMarks, kCounts, kOthers };

  void check_dtype() const {
    if (op_ == Op::any || op_ == Op::all)
      require(input_.dtype == DType::boolean, who(), ": ", word_, " expects bool, got ", name_of(input_.dtype),
              "; cast it first");
    else if (op_ == Op::mean || op_ == Op::logsumexp)
      require(input_.dtype == DType::real, who(), ": ", word_, " expects ", kReal, ", got ", name_of(input_.dtype),
              "; cast it first");
    else
      require(input_.dtype != DType::boolean, who(), ": ", word_, " expects numbers, got bool; cast it first");
  }

  Real share(Index rows) const {
    return static_cast<Real>(1.0 / static_cast<double>(fixed_count_ * (over_batch_ ? rows : 1)));
  }

  FoldOp fold_op() const {
    switch (op_) {
      case Op::max:
      case Op::any:
      case Op::logsumexp:
        return FoldOp::maximum;
      case Op::min:
      case Op::all:
        return FoldOp::minimum;
      case Op::prod:
        return FoldOp::product;
      default:
        return FoldOp::sum;
    }
  }

  template <class T>
  void fold(const Context& ctx) const {
    kernels::fold(fold_op(), axes_gone_, ctx.rows(), ctx.input<T>(), ctx.output<T>(), ctx.buffer<T>(kScratch));
  }

  // log(sum(exp(x - top))) + top, where top is the largest element.
  void log_sum_exp(const Context& ctx) const {
    const Index rows = ctx.rows(), count = output_.size(rows);
    Real *y = ctx.output(), *powers = ctx.buffer(kPowers), *sums = ctx.buffer(kSums);
    fold<Real>(ctx);
    kernels::finite_or_zero(y, count);
    kernels::exp_shifted(expand_, rows, ctx.input(), y, powers);
    kernels::fold(FoldOp::sum, axes_gone_, rows, powers, sums, ctx.buffer(kScratch));
    kernels::add_log(sums, y, count);
  }

  std::string word_;
  std::vector<Index> axes_;
  bool keepdims_;
  Op op_{};
  Spec input_, output_;
  Folded axes_gone_;
  Loops<2> expand_;
  Index fixed_count_ = 1, outer_ = 1, middle_ = 1, inner_ = 1;
  bool over_batch_ = false;
};

class Cumulative : public Function {
 public:
  Cumulative(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), axis_(config.integer("axis", -1)), reverse_(config.flag("reverse", false)) {
    const std::string word = config.word("op", "sum");
    require(word == "sum" || word == "prod", "op expects \"sum\" or \"prod\", got \"", word, "\"");
    product_ = word == "prod";
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require_rank(*this, inputs);
    input_ = inputs[0];
    require(input_.dtype != DType::boolean, who(), " expects numbers, got bool; cast it first");
    const std::size_t axis = settled(*this, axis_, input_);
    require_rows(!input_.batched() || axis > 0, who(), " runs along the batch of ", to_string(input_.shape));
    along_ = {1, input_.shape[axis], volume(input_.shape, axis + 1)};
    for (std::size_t d = input_.batched() ? 1 : 0; d < axis; ++d) along_.outer *= input_.shape[d];
    return {inputs, {}};
  }

  bool differentiable() const override { return input_.dtype == DType::real; }
  BackwardReads backward_reads() const override { return {product_, product_}; }

  void forward(const Context& ctx) const override {
    if (input_.dtype == DType::int32) return run<std::int32_t>(ctx);
    run<Real>(ctx);
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    if (product_)
      kernels::running_product_gradient(along(ctx), reverse_, ctx.input(), ctx.output(), ctx.output_gradient(), dx);
    else
      kernels::running_sum(along(ctx), !reverse_, ctx.output_gradient(), dx);
  }

 private:
  kernels::Along along(const Context& ctx) const {
    kernels::Along along = along_;
    if (input_.batched()) along.outer *= ctx.rows();
    return along;
  }
  template <class T>
  void run(const Context& ctx) const {
    if (product_)
      kernels::running_product(along(ctx), reverse_, ctx.input<T>(), ctx.output<T>());
    else
      kernels::running_sum(along(ctx), reverse_, ctx.input<T>(), ctx.output<T>());
  }

  Index axis_;
  bool reverse_, product_ = false;
  Spec input_;
  kernels::Along along_{1, 1, 1};
};

const bool registered = register_layer_class<Reduce>("Reduce") && register_layer_class<Cumulative>("Cumulative");

}  // namespace
}  // namespace fastnn
