// Embedding: a row of a learned table for each index. Owns the shapes and the range of indices; rows are copied and
// gradients are added in kernels/lookup.
#include <algorithm>
#include <limits>

#include "fastnn/bfloat16.hpp"
#include "fastnn/kernels/gemm_int8.hpp"
#include "fastnn/kernels/lookup.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

// Columns of a task: a cache line, so that no two tasks write to the same one.
constexpr Index kColumns = 16;

// A table and the indices of the rows that are read.
class Lookup : public Function {
 public:
  Lookup(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), rows_(config.integer("input_dim")), width_(config.integer("output_dim")) {
    require(rows_ >= 1, "input_dim expects a positive integer, got ", rows_);
    require(width_ >= 1, "output_dim expects a positive integer, got ", width_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype != DType::boolean, who(), " expects integers in int32 or ", kReal, ", got ",
            name_of(inputs[0].dtype));
    ids_ = inputs[0];
    Spec output{inputs[0].shape, DType::real};
    output.shape.push_back(width_);
    return {{output}, weights()};
  }

  std::optional<std::pair<Index, Index>> range(std::size_t) const override { return std::pair<Index, Index>{0, rows_}; }

 protected:
  virtual std::vector<WeightSpec> weights() const = 0;

  Index rows_, width_;
  Spec ids_;
};

class Embedding : public Lookup {
 public:
  Embedding(const std::string& kind, const std::string& name, const Config& config)
      : Lookup(kind, name, config), held_(held_dtype(config)) {}

  bool differentiable_input(std::size_t) const override { return false; }
  BackwardReads backward_reads() const override { return {true, false}; }

  void forward(const Context& ctx) const override {
    if (ids_.dtype == DType::int32)
      look_up<std::int32_t>(ctx);
    else
      look_up<Real>(ctx);
  }

  void backward(const Context& ctx) const override {
    if (ctx.weight_gradient(0) == nullptr) return;
    if (ids_.dtype == DType::int32)
      add_up<std::int32_t>(ctx);
    else
      add_up<Real>(ctx);
  }

 private:
  template <class Id>
  void look_up(const Context& ctx) const {
    const Id* ids = ctx.input<Id>();
    const Index count = ids_.size(ctx.rows());
    parallel_ranges(count, std::max<Index>(1, 8192 / width_), byte_work(8.0 * static_cast<double>(count * width_)),
                    [&](Index begin, Index end, int) {
                      if (held_ == DType::bfloat16)
                        return look_up_narrow(ids, ctx.weight<Bfloat16>(0), begin, end, ctx.output());
                      kernels::look_up(ids + begin, end - begin, ctx.weight(0), rows_, width_,
                                       ctx.output() + begin * width_);
                    });
  }

  template <class Id>
  void look_up_narrow(const Id* ids, const Bfloat16* table, Index begin, Index end, Real* y) const {
    for (Index i = begin; i < end; ++i) {
      const Index row = kernels::row_of(ids[i], rows_);
      if (row < 0)
        std::fill_n(y + i * width_, width_, std::numeric_limits<Real>::quiet_NaN());
      else
        widen(table + row * width_, width_, y + i * width_);
    }
  }

  // The gradient of each element is one sum over the indices in order, in whichever task.
  template <class Id>
  void add_up(const Context& ctx) const {
    const Id* ids = ctx.input<Id>();
    const Index count = ids_.size(ctx.rows()), size = rows_ * width_;
    Real* gradient = ctx.weight_gradient(0);
    parallel_ranges(size, 65536, byte_work(4.0 * static_cast<double>(size)),
                    [&](Index begin, Index end, int) { std::fill(gradient + begin, gradient + end, 0.0_r); });
    parallel_ranges(width_, kColumns, 0.5 * static_cast<double>(count * width_), [&](Index first, Index last, int) {
      kernels::look_up_backward(ids, count, ctx.output_gradient(), rows_, width_, first, last, gradient);
    });
  }

  std::vector<WeightSpec> weights() const override { return {{"embeddings", {rows_, width_}, true, held_}}; }

  DType held_;
};

#if !defined(FASTNN_REAL_IS_DOUBLE)
// Rows of integers of 8 bits, each with a scale. They do not learn.
class QuantizedEmbedding : public Lookup {
 public:
  using Lookup::Lookup;

  bool differentiable() const override { return false; }

  void forward(const Context& context) const override {
    const bool whole = ids_.dtype == DType::int32;
    const auto* const table = context.weight<std::int8_t>(0);
    const Index count = ids_.size(context.rows());
    parallel_ranges(count, std::max<Index>(1, 8192 / width_), byte_work(5.0 * static_cast<double>(count * width_)),
                    [&](Index begin, Index end, int) {
                      for (Index i = begin; i < end; ++i) {
                        const Index row = whole ? kernels::row_of(context.input<std::int32_t>()[i], rows_)
                                                : kernels::row_of(context.input()[i], rows_);
                        Real* const to = context.output() + i * width_;
                        // An index that another node computed may be invalid: its row is NaN.
                        if (row < 0)
                          std::fill_n(to, width_, std::numeric_limits<Real>::quiet_NaN());
                        else
                          kernels::dequantize(table + row * width_, width_, context.weight(1)[row], to);
                      }
                    });
  }

 private:
  std::vector<WeightSpec> weights() const override {
    return {{"embeddings", {rows_, width_}, false, DType::int8}, {"embeddings_scale", {rows_}, false}};
  }
};

const bool registered_quantized = register_layer_class<QuantizedEmbedding>("QuantizedEmbedding");
#endif

const bool registered = register_layer_class<Embedding>("Embedding");

}  // namespace
}  // namespace fastnn
