// Embedding: a row of a learned table for each index. Owns the shapes and the range of indices; rows are copied and
// gradients are added in kernels/lookup.
#include <algorithm>

#include "fastnn/kernels/lookup.hpp"
#include "fastnn/layer.hpp"
#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

// Columns of a task: a cache line, so that no two tasks write to the same one.
constexpr Index kColumns = 16;

class Embedding : public Function {
 public:
  Embedding(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), rows_(config.integer("input_dim")), width_(config.integer("output_dim")) {
    require(rows_ >= 1, "input_dim expects a positive integer, got ", rows_);
    require(width_ >= 1, "output_dim expects a positive integer, got ", width_);
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    require(inputs[0].dtype != DType::boolean, who(), " expects integers in int32 or float32, got ",
            name_of(inputs[0].dtype));
    dtype_ = inputs[0].dtype;
    ids_ = inputs[0];
    Spec output{inputs[0].shape, DType::float32};
    output.shape.push_back(width_);
    return {{output}, {{"embeddings", {rows_, width_}, true}}};
  }

  bool differentiable_input(std::size_t) const override { return false; }
  BackwardReads backward_reads() const override { return {true, false}; }
  std::optional<std::pair<Index, Index>> range(std::size_t) const override { return std::pair<Index, Index>{0, rows_}; }

  void forward(const Context& ctx) const override {
    if (dtype_ == DType::int32)
      look_up<std::int32_t>(ctx);
    else
      look_up<float>(ctx);
  }

  void backward(const Context& ctx) const override {
    if (ctx.weight_gradient(0) == nullptr) return;
    if (dtype_ == DType::int32)
      add_up<std::int32_t>(ctx);
    else
      add_up<float>(ctx);
  }

 private:
  template <class Id>
  void look_up(const Context& ctx) const {
    const Id* ids = ctx.input<Id>();
    const Index count = ids_.size(ctx.rows());
    parallel_ranges(count, std::max<Index>(1, 8192 / width_), byte_work(8.0 * static_cast<double>(count * width_)),
                    [&](Index begin, Index end, int) {
                      kernels::look_up(ids + begin, end - begin, ctx.weight(0), rows_, width_,
                                       ctx.output() + begin * width_);
                    });
  }

  // The gradient of each element is one sum over the indices in order, in whichever task.
  template <class Id>
  void add_up(const Context& ctx) const {
    const Id* ids = ctx.input<Id>();
    const Index count = ids_.size(ctx.rows()), size = rows_ * width_;
    float* gradient = ctx.weight_gradient(0);
    parallel_ranges(size, 65536, byte_work(4.0 * static_cast<double>(size)),
                    [&](Index begin, Index end, int) { std::fill(gradient + begin, gradient + end, 0.0f); });
    parallel_ranges(width_, kColumns, 0.5 * static_cast<double>(count * width_), [&](Index first, Index last, int) {
      kernels::look_up_backward(ids, count, ctx.output_gradient(), rows_, width_, first, last, gradient);
    });
  }

  Index rows_, width_;
  Spec ids_;
  DType dtype_ = DType::float32;
};

const bool registered = register_layer_class<Embedding>("Embedding");

}  // namespace
}  // namespace fastnn
