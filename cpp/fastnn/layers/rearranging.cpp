// Nodes that copy elements: Transpose, Slice, Pad, Flip, Tile, Repeat, BroadcastTo, BroadcastLike, Join; and ReshapeTo,
// which copies none. Axes count over the whole shape; where the batch does not stay as it is, the node is made for each
// number of rows.
//
// All but Join and mirroring pads are one strided copy (kernels/rearrange) with loops that infer() computes. The
// gradient of an element that is copied several times is the sum over its copies, folded in order.
#include <algorithm>
#include <array>

#include "fastnn/kernels/fold.hpp"
#include "fastnn/kernels/rearrange.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using kernels::Folded;
using kernels::Loops;

constexpr std::size_t kMostRank = kernels::kMostAxes / 2;

/// The bound of a slice that extends to the end (with a negative step: to the beginning) of its axis.
constexpr Index kWhole = kMostSize;

Index settled(const Layer& layer, Index axis, const Spec& input) {
  const auto rank = static_cast<Index>(input.shape.size());
  require(axis >= -rank && axis < rank, layer.who(), " expects axes from ", -rank, " to ", rank - 1, " for an input ",
          to_string(input.shape), ", got ", axis);
  return axis < 0 ? axis + rank : axis;
}

std::vector<Index> strides_of(const Shape& shape) {
  std::vector<Index> strides(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

class Rearranged : public Function {
 public:
  using Function::Function;

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == most_inputs(), who(), " expects ", most_inputs(), " inputs, got ", inputs.size());
    input_ = inputs[0];
    require(input_.shape.size() <= kMostRank, who(), " expects at most ", kMostRank, " dimensions, got ",
            to_string(input_.shape));
    loops_ = {};
    fold_ = {};
    const Shape shape = arrange(input_.shape, inputs.back());
    require(shape.size() <= kMostRank, who(), " would make more than ", kMostRank, " dimensions of ",
            to_string(input_.shape));
    output_ = {shape, input_.dtype};
    return {{output_}, {}};
  }

  bool differentiable() const override { return input_.dtype == DType::real; }
  bool differentiable_input(std::size_t i) const override { return i == 0; }
  BackwardReads backward_reads() const override { return {false, false}; }

  void book(Booking& booking) const override {
    if (booking.backward() && repeats_)
      booking.book(kScratch, Life::backward, kernels::fold_scratch(fold_, booking.capacity()));
  }

  void forward(const Context& ctx) const override {
    if (fills_) kernels::fill(output_.dtype, value_, ctx.output<void>(), output_.size(ctx.rows()));
    kernels::copy(loops_, ctx.rows(), size_of(input_.dtype), ctx.input<void>(), ctx.output<void>());
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (dx == nullptr) return;
    if (repeats_)
      return kernels::fold(kernels::FoldOp::sum, fold_, ctx.rows(), ctx.output_gradient(), dx, ctx.buffer(kScratch));
    if (drops_) kernels::fill(DType::real, 0.0, dx, input_.size(ctx.rows()));
    kernels::copy_back(loops_, ctx.rows(), ctx.output_gradient(), dx);
  }

 protected:
  /// Sets loops_ (operand 0: the input, operand 1: the output), and fold_ where elements repeat; returns the output
  /// shape.
  virtual Shape arrange(const Shape& input, const Spec& last) = 0;
  virtual std::size_t most_inputs() const { return 1; }

  // Lists with one entry per axis.
  void require_axes(const std::vector<Index>& list, const char* what) const {
    require(list.size() == input_.shape.size(), who(), ": ", what, " expects an entry for each of the ",
            input_.shape.size(), " axes of ", to_string(input_.shape), ", got ", list.size());
  }
  void require_batch_stays(bool stays) const {
    require_rows(!input_.batched() || stays, who(), " changes the batch of ", to_string(input_.shape));
  }

  Spec input_, output_;
  Loops<2> loops_;
  Folded fold_;  // axes of the output along which elements are repeated
  bool repeats_ = false;
  bool drops_ = false;  // some elements of the input are not copied
  bool fills_ = false;  // some elements of the output are not copies
  double value_ = 0.0;

 private:
  enum : std::size_t { kScratch };
};

class Transpose : public Rearranged {
 public:
  Transpose(const std::string& kind, const std::string& name, const Config& config)
      : Rearranged(kind, name), permutation_(config.integers("permutation")) {}

 protected:
  Shape arrange(const Shape& input, const Spec&) override {
    require_axes(permutation_, "permutation");
    Shape output;
    std::vector<bool> seen(input.size(), false);
    std::vector<std::size_t> from;
    for (Index axis : permutation_) {
      const auto d = static_cast<std::size_t>(settled(*this, axis, input_));
      require(!seen[d], who(), ": permutation expects each axis once, got axis ", axis, " again");
      seen[d] = true;
      from.push_back(d);
      output.push_back(input[d]);
    }
    require_batch_stays(from.empty() || from[0] == 0);
    const std::vector<Index> in = strides_of(input), out = strides_of(output);
    for (std::size_t d = 0; d < output.size(); ++d) loops_.inside(output[d], {in[from[d]], out[d]});
    return output;
  }

 private:
  std::vector<Index> permutation_;
};

class Slice : public Rearranged {
 public:
  Slice(const std::string& kind, const std::string& name, const Config& config)
      : Rearranged(kind, name),
        begin_(config.integers("begin")),
        end_(config.integers("end")),
        step_(config.integers("strides")) {
    for (Index step : step_) require(step != 0, "strides expects numbers other than 0");
  }

 protected:
  // As a slice in Python: negative bounds count from the end, bounds are clipped to the axis; kWhole is an open bound.
  Shape arrange(const Shape& input, const Spec&) override {
    require_axes(begin_, "begin");
    require_axes(end_, "end");
    require_axes(step_, "strides");
    Shape output;
    const std::vector<Index> in = strides_of(input);
    std::vector<Index> moves;
    drops_ = false;
    for (std::size_t d = 0; d < input.size(); ++d) {
      if (input[d] == kUnknown) {
        require_batch_stays(begin_[d] == 0 && end_[d] == kWhole && step_[d] == 1);
        output.push_back(kUnknown);
        moves.push_back(in[d]);
        continue;
      }
      const Index size = input[d], step = step_[d];
      const auto cut = [&](Index place) {
        if (place < 0) place += size;
        return step > 0 ? std::clamp<Index>(place, 0, size) : std::clamp<Index>(place, -1, size - 1);
      };
      const Index first = begin_[d] == kWhole ? (step > 0 ? 0 : size - 1) : cut(begin_[d]);
      const Index last = end_[d] == kWhole ? (step > 0 ? size : -1) : cut(end_[d]);
      const Index count = step > 0 ? std::max<Index>(0, (last - first + step - 1) / step)
                                   : std::max<Index>(0, (first - last - step - 1) / -step);
      output.push_back(count);
      moves.push_back(in[d] * step);
      if (count > 0) loops_.start[0] += first * in[d];
      drops_ = drops_ || count != size;
    }
    const std::vector<Index> out = strides_of(output);
    for (std::size_t d = 0; d < output.size(); ++d) loops_.inside(output[d], {moves[d], out[d]});
    return output;
  }

 private:
  std::vector<Index> begin_, end_, step_;
};

class Flip : public Rearranged {
 public:
  Flip(const std::string& kind, const std::string& name, const Config& config)
      : Rearranged(kind, name), axes_(config.integers("axes")) {}

 protected:
  Shape arrange(const Shape& input, const Spec&) override {
    std::vector<bool> flipped(input.size(), false);
    for (Index axis : axes_) flipped[static_cast<std::size_t>(settled(*this, axis, input_))] = true;
    if (!input.empty()) require_batch_stays(!flipped[0]);
    const std::vector<Index> strides = strides_of(input);
    for (std::size_t d = 0; d < input.size(); ++d) {
      if (flipped[d]) loops_.start[0] += (input[d] - 1) * strides[d];
      loops_.inside(input[d], {flipped[d] ? -strides[d] : strides[d], strides[d]});
    }
    return input;
  }

 private:
  std::vector<Index> axes_;
};

// Each axis of the input becomes two loops of the output: the copies and the axis itself. In Tile the copies are the
// outer loop, in Repeat the inner one.
class Tile : public Rearranged {
 public:
  Tile(const std::string& kind, const std::string& name, const Config& config)
      : Rearranged(kind, name), times_(config.integers("repeats")) {
    inner_ = config.has("axis");
    if (inner_) axis_ = config.integer("axis");
    for (Index times : times_) require(times >= 0, "repeats expects numbers of at least 0, got ", times);
    require(!inner_ || times_.size() == 1, "repeats expects one number, got ", times_.size());
  }

 protected:
  Shape arrange(const Shape& input, const Spec&) override {
    std::vector<Index> times = times_;
    if (inner_) {
      times.assign(input.size(), 1);
      times[static_cast<std::size_t>(settled(*this, axis_, input_))] = times_[0];
    }
    require_axes(times, "repeats");
    if (!input.empty()) require_batch_stays(times[0] == 1);
    repeats_ = std::any_of(times.begin(), times.end(), [](Index count) { return count != 1; });
    Shape output = input;
    for (std::size_t d = 0; d < input.size(); ++d)
      if (input[d] != kUnknown) output[d] *= times[d];
    const std::vector<Index> in = strides_of(input), out = strides_of(output);
    for (std::size_t d = 0; d < input.size(); ++d) {
      const auto copies = [&] {
        loops_.inside(times[d], {0, inner_ ? out[d] : out[d] * input[d]});
        fold_.inside(times[d], true);
      };
      if (!inner_) copies();
      loops_.inside(input[d], {in[d], inner_ ? out[d] * times[d] : out[d]});
      fold_.inside(input[d], false);
      if (inner_) copies();
    }
    return output;
  }

 private:
  std::vector<Index> times_;
  Index axis_ = 0;
  bool inner_ = false;
};

// Broadcasts to a fixed shape, or to the shape of another input.
class Broadcast : public Rearranged {
 public:
  Broadcast(const std::string& kind, const std::string& name, const Config& config)
      : Rearranged(kind, name), like_(kind == "BroadcastLike"), shape_(config.integers("shape")) {}

 protected:
  std::size_t most_inputs() const override { return like_ ? 2 : 1; }

  Shape arrange(const Shape& input, const Spec& like) override {
    Shape output = shape_;
    if (like_) {
      require(!like.shape.empty(), who(), " expects a second input with a first axis, got a single number");
      require_rows(!input_.batched(), who(), " broadcasts a batch, got ", to_string(input));
      output.insert(output.begin(), like.shape[0]);
    }
    require_batch_stays(!output.empty() && input.size() == output.size() && output[0] == -1);
    for (std::size_t d = input_.batched() || like.batched() ? 1 : 0; d < output.size(); ++d)
      require(output[d] >= 0, who(), ": shape expects sizes of at least 0, got ", output[d]);
    require(input.size() <= output.size(), who(), " cannot broadcast ", to_string(input), " to ", to_string(output));
    for (std::size_t d = 0; d < input.size(); ++d) {
      const Index to = output[d + output.size() - input.size()];
      require(input[d] == to || input[d] == 1, who(), " cannot broadcast ", to_string(input), " to ", to_string(output),
              "; sizes are equal or 1, aligned from the right");
    }
    loops_ = kernels::broadcast_loops<2>(output, {input, output});
    fold_ = kernels::broadcast_axes(output, input);
    repeats_ = !fold_.keeps_all();
    return output;
  }

 private:
  bool like_;
  Shape shape_;
};

class Pad : public Rearranged {
 public:
  Pad(const std::string& kind, const std::string& name, const Config& config)
      : Rearranged(kind, name),
        low_(config.integers("low")),
        high_(config.integers("high")),
        mode_(config.word("mode", "constant")) {
    require(mode_ == "constant" || mode_ == "reflect" || mode_ == "symmetric" || mode_ == "edge",
            "mode expects \"constant\", \"reflect\", \"symmetric\" or \"edge\", got \"", mode_, "\"");
    value_ = config.number("value", 0.0);
    for (const auto* list : {&low_, &high_})
      for (Index count : *list) require(count >= 0, "expects widths of at least 0, got ", count);
    fills_ = mode_ == "constant";
  }

  void forward(const Context& ctx) const override {
    if (fills_) return Rearranged::forward(ctx);
    const std::size_t bytes = size_of(input_.dtype);
    each_row(ctx, [&](Index row) {
      kernels::gather_row(bytes, places_.data(), width_, ctx.input<char>() + row * row_ * static_cast<Index>(bytes),
                          ctx.output<char>() + row * width_ * static_cast<Index>(bytes));
    });
  }

  void backward(const Context& ctx) const override {
    Real* dx = ctx.input_gradient();
    if (fills_ || dx == nullptr) return Rearranged::backward(ctx);
    each_row(ctx, [&](Index row) {
      kernels::fill(DType::real, 0.0, dx + row * row_, row_);
      kernels::scatter_row(places_.data(), width_, ctx.output_gradient() + row * width_, dx + row * row_);
    });
  }

 protected:
  Shape arrange(const Shape& input, const Spec&) override {
    require_axes(low_, "low");
    require_axes(high_, "high");
    if (!input.empty()) require_batch_stays(low_[0] == 0 && high_[0] == 0);
    Shape output = input;
    for (std::size_t d = 0; d < input.size(); ++d) {
      if (input[d] == kUnknown) continue;
      output[d] += low_[d] + high_[d];
      const Index most = mode_ == "reflect" ? input[d] - 1 : mode_ == "symmetric" ? input[d] : kWhole;
      require(std::max(low_[d], high_[d]) <= std::max<Index>(0, most) && (fills_ || input[d] > 0 || output[d] == 0),
              who(), ": mode \"", mode_, "\" expects at most ", std::max<Index>(0, most), " on each side of axis ", d,
              " of ", to_string(input), ", got ", low_[d], " and ", high_[d]);
    }
    const std::vector<Index> in = strides_of(input), out = strides_of(output);
    for (std::size_t d = 0; d < input.size(); ++d) {
      loops_.inside(input[d], {in[d], out[d]});
      if (input[d] != kUnknown) loops_.start[1] += low_[d] * out[d];
    }
    if (fills_) return output;
    row_ = volume(input, input_.batched() ? 1 : 0);
    width_ = volume(output, input_.batched() ? 1 : 0);
    places_ = {0};
    for (std::size_t d = input_.batched() ? 1 : 0; d < input.size(); ++d) {
      const std::vector<Index> before = places_;
      places_.clear();
      for (Index start : before)
        for (Index i = 0; i < output[d]; ++i) places_.push_back(start + source(i - low_[d], input[d]) * in[d]);
    }
    return output;
  }

 private:
  // The index on the axis from which a padded position is filled.
  Index source(Index place, Index size) const {
    if (mode_ == "edge") return std::clamp<Index>(place, 0, size - 1);
    const Index turn = mode_ == "reflect" ? 0 : 1;
    if (place < 0) return -place - turn;
    return place < size ? place : 2 * (size - 1) - place + turn;
  }
  template <class Body>
  void each_row(const Context& ctx, Body&& body) const {
    const Index rows = input_.batched() ? ctx.rows() : 1;
    parallel_for(rows, 1.0 * static_cast<double>(rows * width_), [&](Index row, int) { body(row); });
  }

  std::vector<Index> low_, high_;
  std::string mode_;
  std::vector<Index> places_;  // per element of an output row: its index in the input row
  Index row_ = 0, width_ = 0;
};

class ReshapeTo : public Function {
 public:
  ReshapeTo(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), shape_(config.integers("shape")) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    const Spec& input = inputs[0];
    Shape output = shape_;
    const std::size_t first = input.batched() ? 1 : 0;
    const Index total = volume(input.shape, first);
    const bool infers = first == 1 && std::find(output.begin() + !output.empty(), output.end(), -1) != output.end();
    require_rows(first == 0 || (!output.empty() && output[0] == kUnknown && (infers || volume(output, 1) == total)),
                 who(), " changes the batch of ", to_string(input.shape));
    Index known = 1, open = 0;
    for (std::size_t d = first; d < output.size(); ++d) {
      require(output[d] >= -1, who(), ": shape expects sizes of at least 0 and one -1 at most, got ", output[d]);
      if (output[d] == -1)
        ++open;
      else
        known *= output[d];
    }
    require(open <= 1 && (open == 0 ? known == total : known > 0 && total % known == 0), who(), " cannot see the ",
            total, " elements of ", to_string(input.shape), " as ", listed(shape_));
    for (std::size_t d = first; d < output.size(); ++d)
      if (output[d] == -1) output[d] = total / known;
    return {{{output, input.dtype}}, {}};
  }
  bool is_alias() const override { return true; }
  BackwardReads backward_reads() const override { return {false, false}; }
  void forward(const Context&) const override {}

 private:
  // A shape as it was asked for, with -1 for the size that follows from the others.
  static std::string listed(const Shape& shape) {
    std::string list;
    for (Index size : shape) list += (list.empty() ? "(" : ", ") + std::to_string(size);
    return list.empty() ? "()" : list + ")";
  }

  Shape shape_;
};

class Join : public Function {
 public:
  Join(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), axis_(config.integer("axis", -1)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(!inputs.empty(), who(), " expects at least one input, got none");
    output_ = inputs[0];
    require(output_.shape.size() <= kMostRank, who(), " expects at most ", kMostRank, " dimensions, got ",
            to_string(output_.shape));
    const auto axis = static_cast<std::size_t>(settled(*this, axis_, output_));
    for (const Spec& input : inputs)
      require_rows(!input.batched() || (axis > 0 && output_.batched()), who(), " joins along the batch");
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      const Shape& shape = inputs[i].shape;
      bool fits = shape.size() == output_.shape.size() && inputs[i].dtype == output_.dtype;
      for (std::size_t d = 0; fits && d < shape.size(); ++d) fits = d == axis || shape[d] == inputs[0].shape[d];
      require(fits, who(), " expects inputs of the same dtype that differ along axis ", axis, " alone, got ",
              name_of(inputs[0].dtype), " ", to_string(inputs[0].shape), " and ", name_of(inputs[i].dtype), " ",
              to_string(shape));
      output_.shape[axis] += shape[axis];
    }
    const std::vector<Index> out = strides_of(output_.shape);
    pieces_.clear();
    Index done = 0;
    for (const Spec& input : inputs) {
      const std::vector<Index> in = strides_of(input.shape);
      Loops<2> piece;
      piece.start[1] = done * out[axis];
      for (std::size_t d = 0; d < in.size(); ++d) piece.inside(input.shape[d], {in[d], out[d]});
      pieces_.push_back(piece);
      done += input.shape[axis];
    }
    return {{output_}, {}};
  }

  bool differentiable() const override { return output_.dtype == DType::real; }
  BackwardReads backward_reads() const override { return {false, false}; }

  void forward(const Context& ctx) const override {
    for (std::size_t i = 0; i < pieces_.size(); ++i)
      kernels::copy(pieces_[i], ctx.rows(), size_of(output_.dtype), ctx.input<void>(i), ctx.output<void>());
  }
  void backward(const Context& ctx) const override {
    for (std::size_t i = 0; i < pieces_.size(); ++i)
      if (Real* dx = ctx.input_gradient(i)) kernels::copy_back(pieces_[i], ctx.rows(), ctx.output_gradient(), dx);
  }

 private:
  Index axis_;
  Spec output_;
  std::vector<Loops<2>> pieces_;
};

const bool registered = register_layer_class<Transpose>("Transpose") && register_layer_class<Slice>("Slice") &&
                        register_layer_class<Flip>("Flip") && register_layer_class<Tile>("Tile") &&
                        register_layer_class<Tile>("Repeat") && register_layer_class<Broadcast>("BroadcastTo") &&
                        register_layer_class<Broadcast>("BroadcastLike") && register_layer_class<Pad>("Pad") &&
                        register_layer_class<ReshapeTo>("ReshapeTo") && register_layer_class<Join>("Join");

}  // namespace
}  // namespace fastnn
