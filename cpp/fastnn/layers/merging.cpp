// Layers that merge several inputs: Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate and Dot.
//
// The elementwise ones broadcast as in Keras: shapes with fewer dimensions get ones after the batch, and a size of 1
// matches any other. A sample is divided into runs along the last dimension of the output, and each input has a step
// from run to run for each other dimension. Inputs of equal shapes, the usual case, are one long run over all samples.
#include <algorithm>
#include <array>

#include "fastnn/fusing_layer.hpp"
#include "fastnn/kernels/merge.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using kernels::Strand;

constexpr Index kChunk = 8192;

void require_floats(const Layer& layer, const std::vector<Spec>& inputs, std::size_t least) {
  require(inputs.size() >= least, layer.who(), " expects a list of at least ", least, " inputs, got ", inputs.size());
  for (const Spec& spec : inputs)
    require(spec.dtype == DType::real, layer.who(), " expects ", kReal, ", got ", name_of(spec.dtype));
}

class Elementwise : public FusingLayer {
 public:
  Elementwise(const std::string& kind, const std::string& name, kernels::Merge merge)
      : FusingLayer(kind, name), merge_(merge) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require_floats(*this, inputs, 1);
    require(merge_ != kernels::Merge::subtract || inputs.size() == 2, who(), " expects exactly 2 inputs, got ",
            inputs.size());
    require(static_cast<Index>(inputs.size()) <= kernels::kMostMerged, who(), " expects at most ", kernels::kMostMerged,
            " inputs, got ", inputs.size(), "; merge them in groups");
    std::size_t rank = 1;
    for (const Spec& spec : inputs) rank = std::max(rank, spec.shape.size());
    Shape output(rank, 1);
    output[0] = inputs[0].shape[0];
    std::vector<Shape> padded;
    for (const Spec& spec : inputs) {
      Shape shape = spec.shape;
      shape.insert(shape.begin() + 1, rank - shape.size(), 1);
      for (std::size_t d = 1; d < rank; ++d) {
        require(shape[d] == output[d] || shape[d] == 1 || output[d] == 1, who(),
                " expects inputs of equal shapes, or with sizes of 1 where they differ, got ", listed(inputs));
        if (shape[d] != 1) output[d] = shape[d];
      }
      padded.push_back(std::move(shape));
    }
    require(rank <= kMostDimensions, who(), " expects inputs of at most ", kMostDimensions, " dimensions, got ", rank);
    row_size_ = volume(output, 1);
    last_ = rank > 1 ? output[rank - 1] : 1;
    outer_ = rank > 2 ? Shape(output.begin() + 1, output.end() - 1) : Shape{};
    same_ = true;
    operands_.clear();
    for (const Shape& shape : padded) {
      operands_.push_back(operand(shape, output));
      same_ = same_ && operands_.back().whole;
    }
    return {{{output, DType::real}}, {}};
  }

  BackwardReads backward_reads() const override {
    const bool linear =
        merge_ == kernels::Merge::add || merge_ == kernels::Merge::subtract || merge_ == kernels::Merge::average;
    return {!linear, !fused().linear()};
  }

  bool gradient_in_place(std::size_t i) const override {
    return same_ && (merge_ == kernels::Merge::add || (merge_ == kernels::Merge::subtract && i == 0));
  }

  void book(Booking& booking) const override {
    // The gradient of a broadcast input per element of the output, before it is summed.
    if (booking.backward() && !same_) booking.book(kElements, Life::backward, booking.capacity() * row_size_);
  }

  void forward(const Context& ctx) const override {
    Real* y = ctx.output();
    over_strands(ctx, [&](const Strand* x, Index at, Index size) {
      kernels::merge(merge_, x, count(), y + at, size);
      if (!fused().linear()) kernels::activate(fused().activation, fused().parameters, y + at, y + at, size);
    });
  }

  void backward(const Context& ctx) const override {
    backward_through_fused(ctx, ctx.rows() * row_size_);
    Real* dy = ctx.output_gradient();
    for (Index which = 0; which < count(); ++which) {
      const auto i = static_cast<std::size_t>(which);
      Real* dx = ctx.input_gradient(i);
      if (dx == nullptr || dx == dy) continue;
      const Operand& own = operands_[i];
      Real* to = own.whole ? dx : ctx.buffer(kElements);
      over_strands(ctx, [&](const Strand* x, Index at, Index size) {
        kernels::merge_gradient(merge_, x, count(), which, dy + at, to + at, size);
      });
      if (own.whole) continue;
      parallel_for(ctx.rows(), work(ctx), [&](Index row, int) {
        Real* sample = dx + row * own.row_size;
        std::fill_n(sample, own.row_size, 0.0_r);
        const Real* from = to + row * row_size_;
        Index start = 0;
        for (Place place{}; from < to + (row + 1) * row_size_; from += last_) {
          kernels::collect(from, own.moves, sample + start, last_);
          advance(place, [&](std::size_t d, Index steps) { start += steps * own.steps[d]; });
        }
      });
    }
  }

 private:
  enum : std::size_t { kElements };

  static constexpr std::size_t kMostDimensions = 16;
  using Place = std::array<Index, kMostDimensions>;  // of a run in the dimensions between the batch and the last

  // The layout of an input: how far it moves from run to run along each dimension, and the step along the run.
  struct Operand {
    Index row_size;
    bool whole;  // has the shape of the output
    bool moves;
    Place steps;
  };

  static Operand operand(const Shape& shape, const Shape& output) {
    Operand made{};
    const std::size_t rank = shape.size();
    made.row_size = volume(shape, 1);
    made.whole = shape == output;
    made.moves = rank > 1 && shape[rank - 1] == output[rank - 1];
    Index stride = rank > 1 ? shape[rank - 1] : 1;
    for (std::size_t d = rank - 1; d-- > 1;) {
      made.steps[d - 1] = shape[d] == 1 ? 0 : stride;
      stride *= shape[d];
    }
    return made;
  }

  // Goes on to the next run; calls moved(dimension, by how much) for what changes.
  template <class Moved>
  void advance(Place& place, Moved&& moved) const {
    for (std::size_t d = outer_.size(); d-- > 0;) {
      moved(d, 1);
      if (++place[d] < outer_[d]) return;
      moved(d, -outer_[d]);
      place[d] = 0;
    }
  }

  static std::string listed(const std::vector<Spec>& inputs) {
    std::string text;
    for (const Spec& spec : inputs) text += (text.empty() ? "" : " and ") + to_string(spec.shape);
    return text;
  }

  Index count() const { return static_cast<Index>(operands_.size()); }
  double work(const Context& ctx) const {
    return 0.5 * static_cast<double>(ctx.rows() * row_size_) * static_cast<double>(operands_.size());
  }

  // Calls body(strands, offset in the output, size) for all runs of the batch.
  template <class Body>
  void over_strands(const Context& ctx, Body&& body) const {
    const std::size_t many = operands_.size();
    if (same_) {
      parallel_ranges(ctx.rows() * row_size_, kChunk, work(ctx), [&](Index begin, Index end, int) {
        std::array<Strand, kernels::kMostMerged> x;
        for (std::size_t k = 0; k < many; ++k) x[k] = {ctx.input(k) + begin, true};
        body(x.data(), begin, end - begin);
      });
      return;
    }
    parallel_for(ctx.rows(), work(ctx), [&](Index row, int) {
      std::array<Strand, kernels::kMostMerged> x;
      for (std::size_t k = 0; k < many; ++k) x[k] = {ctx.input(k) + row * operands_[k].row_size, operands_[k].moves};
      const Index end = (row + 1) * row_size_;
      Place place{};
      for (Index at = row * row_size_; at < end; at += last_) {
        body(x.data(), at, last_);
        advance(place, [&](std::size_t d, Index steps) {
          for (std::size_t k = 0; k < many; ++k) x[k].data += steps * operands_[k].steps[d];
        });
      }
    });
  }

  kernels::Merge merge_;
  std::vector<Operand> operands_;
  Shape outer_;  // the dimensions of the output between the batch and the last
  Index row_size_ = 0, last_ = 1;
  bool same_ = true;
};

// The axis counted from 0; a negative one counts from the end. The batch, axis 0, is not allowed.
std::size_t settled_axis(const Layer& layer, Index axis, std::size_t rank) {
  const Index settled = axis < 0 ? axis + static_cast<Index>(rank) : axis;
  require(settled >= 1 && settled < static_cast<Index>(rank), layer.who(), " expects an axis from 1 to ", rank - 1,
          " (0 is the batch), or counted from the end, got ", axis);
  return static_cast<std::size_t>(settled);
}

class Concatenate : public Layer {
 public:
  Concatenate(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), axis_(config.integer("axis", -1)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require_floats(*this, inputs, 1);
    Spec output = inputs[0];
    const std::size_t rank = output.shape.size();
    const std::size_t axis = settled_axis(*this, axis_, rank);
    outer_ = 1;
    for (std::size_t d = 1; d < axis; ++d) outer_ *= output.shape[d];
    pieces_ = {volume(output.shape, axis)};
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      const Shape& shape = inputs[i].shape;
      bool fits = shape.size() == rank;
      for (std::size_t d = 0; fits && d < rank; ++d) fits = d == axis || shape[d] == output.shape[d];
      require(fits, who(), " expects inputs that differ along axis ", axis, " alone, got ", to_string(inputs[0].shape),
              " and ", to_string(shape));
      pieces_.push_back(volume(shape, axis));
      output.shape[axis] += shape[axis];
    }
    stride_ = volume(output.shape, axis);
    return {{output}, {}};
  }

  BackwardReads backward_reads() const override { return {false, false}; }

  void forward(const Context& ctx) const override {
    parallel_for(ctx.rows(), work(ctx), [&](Index row, int) {
      Real* y = ctx.output() + row * outer_ * stride_;
      for (std::size_t i = 0; i < pieces_.size(); y += pieces_[i++]) {
        const Real* x = ctx.input(i) + row * outer_ * pieces_[i];
        for (Index o = 0; o < outer_; ++o) std::copy_n(x + o * pieces_[i], pieces_[i], y + o * stride_);
      }
    });
  }

  void backward(const Context& ctx) const override {
    parallel_for(ctx.rows(), work(ctx), [&](Index row, int) {
      const Real* dy = ctx.output_gradient() + row * outer_ * stride_;
      for (std::size_t i = 0; i < pieces_.size(); dy += pieces_[i++]) {
        if (ctx.input_gradient(i) == nullptr) continue;
        Real* dx = ctx.input_gradient(i) + row * outer_ * pieces_[i];
        for (Index o = 0; o < outer_; ++o) std::copy_n(dy + o * stride_, pieces_[i], dx + o * pieces_[i]);
      }
    });
  }

 private:
  double work(const Context& ctx) const { return byte_work(8.0 * static_cast<double>(ctx.rows() * outer_ * stride_)); }

  Index axis_;
  Index outer_ = 1, stride_ = 0;  // of a sample: the number of blocks, and the size of an output block
  std::vector<Index> pieces_;     // the block size of each input
};

class Dot : public Layer {
 public:
  Dot(const std::string& kind, const std::string& name, const Config& config)
      : Layer(kind, name), axes_(config.integers("axes", 2)), normalize_(config.flag("normalize", false)) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require_floats(*this, inputs, 2);
    require(inputs.size() == 2, who(), " expects exactly 2 inputs, got ", inputs.size());
    Shape output{inputs[0].shape[0]};
    for (std::size_t i = 0; i < 2; ++i) {
      const Shape& shape = inputs[i].shape;
      require(shape.size() >= 2, who(), " expects inputs of at least 2 dimensions, got ", to_string(shape));
      const std::size_t axis = settled_axis(*this, axes_[i], shape.size());
      along_[i] = {1, shape[axis], volume(shape, axis + 1)};
      for (std::size_t d = 1; d < axis; ++d) along_[i].outer *= shape[d];
      sizes_[i] = volume(shape, 1);
      for (std::size_t d = 1; d < shape.size(); ++d)
        if (d != axis) output.push_back(shape[d]);
    }
    require(along_[0].size == along_[1].size, who(), " expects equal sizes along its axes, got ",
            to_string(inputs[0].shape), " and ", to_string(inputs[1].shape));
    if (output.size() == 1) output.push_back(1);
    size_ = volume(output, 1);
    return {{{output, DType::real}}, {}};
  }

  BackwardReads backward_reads() const override { return {true, false}; }

  void book(Booking& booking) const override {
    if (!normalize_) return;
    for (std::size_t i = 0; i < 2; ++i)
      booking.book(kNormalized + i, booking.backward() ? Life::step : Life::forward, booking.capacity() * sizes_[i]);
  }

  void forward(const Context& ctx) const override {
    parallel_for(ctx.rows(), work(ctx), [&](Index row, int) {
      for (std::size_t i = 0; normalize_ && i < 2; ++i)
        kernels::normalize_along(ctx.input(i) + row * sizes_[i], along_[i],
                                 ctx.buffer(kNormalized + i) + row * sizes_[i]);
      kernels::dot(operand(ctx, 0, row), along_[0], operand(ctx, 1, row), along_[1], ctx.output() + row * size_);
    });
  }

  void backward(const Context& ctx) const override {
    parallel_for(ctx.rows(), 2 * work(ctx), [&](Index row, int) {
      std::array<Real*, 2> dx{};
      for (std::size_t i = 0; i < 2; ++i)
        if (ctx.input_gradient(i) != nullptr) dx[i] = ctx.input_gradient(i) + row * sizes_[i];
      kernels::dot_gradient(operand(ctx, 0, row), along_[0], operand(ctx, 1, row), along_[1],
                            ctx.output_gradient() + row * size_, dx[0], dx[1]);
      for (std::size_t i = 0; normalize_ && i < 2; ++i)
        if (dx[i] != nullptr)
          kernels::normalize_along_gradient(ctx.input(i) + row * sizes_[i], along_[i], dx[i], dx[i]);
    });
  }

 private:
  enum : std::size_t { kNormalized };  // and the next: the normalized operands

  const Real* operand(const Context& ctx, std::size_t i, Index row) const {
    return (normalize_ ? ctx.buffer(kNormalized + i) : ctx.input(i)) + row * sizes_[i];
  }
  double work(const Context& ctx) const {
    return static_cast<double>(ctx.rows() * size_ * along_[0].size + ctx.rows() * (sizes_[0] + sizes_[1]));
  }

  std::vector<Index> axes_;
  bool normalize_;
  std::array<kernels::Axis, 2> along_{};
  std::array<Index, 2> sizes_{};
  Index size_ = 0;
};

bool register_elementwise(const std::string& kind, kernels::Merge merge) {
  return register_layer(kind, [kind, merge](const std::string& name, const Config&) {
    return std::make_unique<Elementwise>(kind, name, merge);
  });
}

const bool registered = register_elementwise("Add", kernels::Merge::add) &&
                        register_elementwise("Subtract", kernels::Merge::subtract) &&
                        register_elementwise("Multiply", kernels::Merge::multiply) &&
                        register_elementwise("Average", kernels::Merge::average) &&
                        register_elementwise("Maximum", kernels::Merge::maximum) &&
                        register_elementwise("Minimum", kernels::Merge::minimum) &&
                        register_layer_class<Concatenate>("Concatenate") && register_layer_class<Dot>("Dot");

}  // namespace
}  // namespace fastnn
