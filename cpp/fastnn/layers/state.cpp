// States of the rows of a batch that live from batch to batch: row i begins where row i of the batch before ended.
//
// ReadState gives the rows of a variable as an edge with a batch. KeepState passes its input on and writes it into the
// variable when the step commits.
#include <algorithm>

#include "fastnn/layer.hpp"

namespace fastnn {
namespace {

class RowState : public Function {
 public:
  RowState(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), shape_(config.integers("shape")) {
    require(!shape_.empty() && shape_[0] >= 1, "shape expects the size of the batch first, got ", to_string(shape_));
  }

  bool differentiable() const override { return false; }
  Index fixed_rows() const override { return shape_[0]; }

 protected:
  Spec rows() const {
    Shape shape = shape_;
    shape[0] = kUnknown;
    return {shape, DType::real};
  }
  WeightSpec state() const { return {"state", shape_, false}; }
  /// The numbers of a batch that the variable holds.
  Index stored(const Context& ctx) const { return std::min(ctx.rows(), shape_[0]) * (volume(shape_) / shape_[0]); }

  Shape shape_;
};

class ReadState : public RowState {
 public:
  using RowState::RowState;

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1 && inputs[0].batched(), who(), " expects one input with a batch");
    return {{rows()}, {state()}};
  }
  void forward(const Context& ctx) const override {
    const Index row = volume(shape_) / shape_[0];
    std::copy_n(ctx.weight(0), stored(ctx), ctx.output());
    std::fill(ctx.output() + stored(ctx), ctx.output() + ctx.rows() * row, 0.0_r);
  }
};

class KeepState : public RowState {
 public:
  using RowState::RowState;

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1 && inputs[0].dtype == DType::real && inputs[0].shape == rows().shape, who(),
            " expects a state of shape ", to_string(rows().shape));
    return {{rows()}, {state()}};
  }
  bool updates_state() const override { return true; }
  bool is_effect() const override { return true; }
  void book(Booking& booking) const override { booking.book(kValue, Life::step, volume(shape_)); }
  void forward(const Context& ctx) const override {
    std::copy_n(ctx.input(), stored(ctx), ctx.buffer(kValue));
    std::copy_n(ctx.input(), ctx.rows() * (volume(shape_) / shape_[0]), ctx.output());
  }
  void commit(const Context& ctx) const override { std::copy_n(ctx.buffer(kValue), stored(ctx), ctx.state(0)); }

 private:
  enum : std::size_t { kValue };
};

const bool registered = register_layer_class<ReadState>("ReadState") && register_layer_class<KeepState>("KeepState");

}  // namespace
}  // namespace fastnn
