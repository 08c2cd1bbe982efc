// Nodes that select elements by index or by order: Take, TakeAlong, OneHot; Sort, ArgSort and TopK.
//
// Axes count over the whole shape. To select or to sort along the batch a node is made for each number of rows. Indices
// are int32;
// negative ones count from the end, and others are clipped to the valid range (OneHot: give a row of zeros).
#include <algorithm>

#include "fastnn/kernels/pick.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using kernels::Picked;

std::size_t settled(const Layer& layer, Index axis, const Spec& input) {
  const auto rank = static_cast<Index>(input.shape.size());
  require(axis >= -rank && axis < rank, layer.who(), " expects an axis from ", -rank, " to ", rank - 1,
          " for an input ", to_string(input.shape), ", got ", axis);
  const auto found = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  require_rows(!input.batched() || found > 0, layer.who(), " selects along the batch of ", to_string(input.shape));
  return found;
}

// A shape as (outer, axis, inner) for one sample; the batch multiplies `outer` in a pass.
Picked along(const Spec& input, std::size_t axis) {
  Picked shape{1, input.shape[axis], volume(input.shape, axis + 1), 0};
  for (std::size_t d = input.batched() ? 1 : 0; d < axis; ++d) shape.outer *= input.shape[d];
  return shape;
}

void require_indices(const Layer& layer, const Spec& spec) {
  require(spec.dtype == DType::int32, layer.who(), " expects int32 indices, got ", name_of(spec.dtype),
          "; cast them first");
}

class Take : public Function {
 public:
  Take(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), axis_(config.integer("axis")) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 2, who(), " expects two inputs, got ", inputs.size());
    input_ = inputs[0];
    indices_ = inputs[1];
    require_indices(*this, indices_);
    const std::size_t axis = settled(*this, axis_, input_);
    require_rows(!indices_.batched() || (axis == 0 && !input_.batched()), who(),
                 " selects for each row along an axis of ", to_string(input_.shape));
    require(input_.shape[axis] > 0, who(), " cannot select from an empty axis, got ", to_string(input_.shape));
    shape_ = along(input_, axis);
    output_ = {Shape(input_.shape.begin(), input_.shape.begin() + static_cast<std::ptrdiff_t>(axis)), input_.dtype};
    output_.shape.insert(output_.shape.end(), indices_.shape.begin(), indices_.shape.end());
    output_.shape.insert(output_.shape.end(), input_.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1,
                         input_.shape.end());
    return {{output_}, {}};
  }

  bool differentiable() const override { return input_.dtype == DType::real; }
  bool differentiable_input(std::size_t i) const override { return i == 0; }
  BackwardReads backward_reads() const override { return {true, false}; }

  void forward(const Context& ctx) const override {
    kernels::take(shape(ctx), size_of(input_.dtype), ctx.input<void>(0), ctx.input<std::int32_t>(1),
                  ctx.output<void>());
  }
  void backward(const Context& ctx) const override {
    if (Real* dx = ctx.input_gradient(0))
      kernels::take_gradient(shape(ctx), ctx.input<std::int32_t>(1), ctx.output_gradient(), dx);
  }

 private:
  Picked shape(const Context& ctx) const {
    Picked shape = shape_;
    if (input_.batched()) shape.outer *= ctx.rows();
    shape.picks = indices_.size(ctx.rows());
    return shape;
  }

  Index axis_;
  Spec input_, indices_, output_;
  Picked shape_{};
};

class TakeAlong : public Function {
 public:
  TakeAlong(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), axis_(config.integer("axis")) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 2, who(), " expects two inputs, got ", inputs.size());
    input_ = inputs[0];
    require_indices(*this, inputs[1]);
    const std::size_t axis = settled(*this, axis_, input_);
    const Shape& picks = inputs[1].shape;
    bool fits = picks.size() == input_.shape.size();
    for (std::size_t d = 0; fits && d < picks.size(); ++d) fits = d == axis || picks[d] == input_.shape[d];
    require(fits, who(), " expects indices whose shape differs along axis ", axis, " alone, got ",
            to_string(input_.shape), " and ", to_string(picks), "; broadcast one of them first");
    require(input_.shape[axis] > 0, who(), " cannot select from an empty axis, got ", to_string(input_.shape));
    shape_ = along(input_, axis);
    shape_.picks = picks[axis];
    return {{{picks, input_.dtype}}, {}};
  }

  bool differentiable() const override { return input_.dtype == DType::real; }
  bool differentiable_input(std::size_t i) const override { return i == 0; }
  BackwardReads backward_reads() const override { return {true, false}; }

  void forward(const Context& ctx) const override {
    kernels::take_along(shape(ctx), size_of(input_.dtype), ctx.input<void>(0), ctx.input<std::int32_t>(1),
                        ctx.output<void>());
  }
  void backward(const Context& ctx) const override {
    if (Real* dx = ctx.input_gradient(0))
      kernels::take_along_gradient(shape(ctx), ctx.input<std::int32_t>(1), ctx.output_gradient(), dx);
  }

 private:
  Picked shape(const Context& ctx) const {
    Picked shape = shape_;
    if (input_.batched()) shape.outer *= ctx.rows();
    return shape;
  }

  Index axis_;
  Spec input_;
  Picked shape_{};
};

class OneHot : public Function {
 public:
  OneHot(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), classes_(config.integer("num_classes")) {
    require(classes_ >= 1, "num_classes expects a positive integer, got ", classes_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require_indices(*this, inputs[0]);
    input_ = inputs[0];
    Shape output = input_.shape;
    output.push_back(classes_);
    return {{{output, DType::real}}, {}};
  }
  bool differentiable() const override { return false; }
  void forward(const Context& ctx) const override {
    kernels::one_hot(ctx.input<std::int32_t>(), input_.size(ctx.rows()), classes_, ctx.output());
  }

 private:
  Index classes_;
  Spec input_;
};

// Sort returns values, ArgSort indices, TopK both for the k largest along the last axis. The indices are kept from the
// forward pass for the gradient.
class Ordered : public Function {
 public:
  Ordered(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), axis_(config.integer("axis", -1)), descending_(config.flag("descending", false)) {
    if (kind != "TopK") return;
    top_ = config.integer("k");
    require(top_ >= 1, "k expects a positive integer, got ", top_);
    descending_ = true;
    axis_ = -1;
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    input_ = inputs[0];
    require(input_.dtype != DType::boolean, who(), " expects numbers, got bool; cast it first");
    const std::size_t axis = settled(*this, axis_, input_);
    shape_ = along(input_, axis);
    require(top_ <= shape_.size, who(), ": k expects at most the ", shape_.size, " elements of the last axis of ",
            to_string(input_.shape), ", got ", top_);
    shape_.picks = top_ > 0 ? top_ : shape_.size;
    Shape output = input_.shape;
    output[axis] = shape_.picks;
    const Spec values{output, input_.dtype}, places{output, DType::int32};
    if (top_ > 0) return {{values, places}, {}};
    return {{kind() == "ArgSort" ? places : values}, {}};
  }

  bool differentiable() const override { return input_.dtype == DType::real && kind() != "ArgSort"; }
  BackwardReads backward_reads() const override { return {false, top_ > 0}; }

  void book(Booking& booking) const override {
    booking.book<std::int32_t>(kOrder, Life::forward, booking.threads() * shape_.size);
    if (kind() == "Sort")
      booking.book<std::int32_t>(kPlaces, booking.backward() ? Life::step : Life::forward,
                                 input_.size(booking.capacity()));
  }

  void forward(const Context& ctx) const override {
    if (input_.dtype == DType::int32) return run<std::int32_t>(ctx);
    run<Real>(ctx);
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    kernels::take_along_gradient(shape(ctx), places(ctx), ctx.output_gradient(0), dx);
  }

 private:
  enum : std::size_t { kOrder, kPlaces };

  Picked shape(const Context& ctx) const {
    Picked shape = shape_;
    if (input_.batched()) shape.outer *= ctx.rows();
    return shape;
  }
  std::int32_t* places(const Context& ctx) const {
    if (kind() == "Sort") return ctx.buffer<std::int32_t>(kPlaces);
    return ctx.output<std::int32_t>(top_ > 0 ? 1 : 0);
  }

  template <class T>
  void run(const Context& ctx) const {
    const Picked s = shape(ctx);
    const T* x = ctx.input<T>();
    std::int32_t* to = places(ctx);
    const Index columns = s.outer * s.inner, chunk = std::max<Index>(1, 256 / std::max<Index>(1, s.size));
    const double work = 20.0 * static_cast<double>(columns * s.size);
    parallel_ranges(columns, chunk, work, [&](Index begin, Index end, int thread) {
      std::int32_t* order = ctx.buffer<std::int32_t>(kOrder) + thread * s.size;
      for (Index c = begin; c < end; ++c) {
        const Index o = c / s.inner, i = c % s.inner;
        kernels::order_of(x + o * s.size * s.inner + i, s.size, s.inner, descending_, s.picks, order);
        for (Index p = 0; p < s.picks; ++p) to[(o * s.picks + p) * s.inner + i] = order[p];
      }
    });
    if (kind() != "ArgSort") kernels::take_along(s, sizeof(T), x, to, ctx.output<void>(0));
  }

  Index axis_;
  bool descending_;
  Index top_ = 0;
  Spec input_;
  Picked shape_{};
};

const bool registered = register_layer_class<Take>("Take") && register_layer_class<TakeAlong>("TakeAlong") &&
                        register_layer_class<OneHot>("OneHot") && register_layer_class<Ordered>("Sort") &&
                        register_layer_class<Ordered>("ArgSort") && register_layer_class<Ordered>("TopK");

}  // namespace
}  // namespace fastnn
