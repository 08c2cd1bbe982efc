// Accumulate: adds to a variable without losing what a float32 cannot hold.
#include <algorithm>
#include <cmath>

#include "fastnn/layer.hpp"

namespace fastnn {
namespace {

// The sum is held by two variables: its value as a float32, and the remainder, which that value lacks. So a count is
// exact up to 2^48, where a float32 alone stops at 2^24. The inputs are what is added and, where the step has changed
// the variables before, their values at that point. The outputs are the new values.
class Accumulate : public Function {
 public:
  Accumulate(const std::string& kind, const std::string& name, const Config&) : Function(kind, name) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1 || inputs.size() == 3, who(), " expects one input, or three, got ", inputs.size());
    for (const Spec& input : inputs)
      require(input.dtype == DType::real && !input.batched() && input.shape == inputs[0].shape, who(), " expects a ",
              kReal, " value of the variable's shape, got ", name_of(input.dtype), " of ", to_string(input.shape),
              "; reduce it over the batch first");
    shape_ = inputs[0].shape;
    from_inputs_ = inputs.size() == 3;
    return {{inputs[0], inputs[0]}, {{"value", shape_, false}, {"remainder", shape_, false}}};
  }
  bool differentiable() const override { return false; }
  bool updates_state() const override { return true; }
  bool reads_state() const override { return !from_inputs_; }
  bool is_effect() const override { return true; }
  void book(Booking& booking) const override { booking.book(kSums, Life::step, 2 * volume(shape_)); }

  void forward(const Context& ctx) const override {
    const Index size = volume(shape_);
    const Real* added = ctx.input();
    const Real* value = from_inputs_ ? ctx.input(1) : ctx.weight(0);
    const Real* remainder = from_inputs_ ? ctx.input(2) : ctx.weight(1);
    Real *sums = ctx.buffer(kSums), *rests = sums + size;
    for (Index i = 0; i < size; ++i) {
      const double sum = static_cast<double>(value[i]) + static_cast<double>(remainder[i]) + added[i];
      sums[i] = static_cast<Real>(sum);
      rests[i] = std::isfinite(sums[i]) ? static_cast<Real>(sum - static_cast<double>(sums[i])) : 0.0_r;
    }
    std::copy_n(sums, size, ctx.output(0));
    std::copy_n(rests, size, ctx.output(1));
  }
  void commit(const Context& ctx) const override {
    const Index size = volume(shape_);
    std::copy_n(ctx.buffer(kSums), size, ctx.state(0));
    std::copy_n(ctx.buffer(kSums) + size, size, ctx.state(1));
  }

 private:
  enum : std::size_t { kSums };

  Shape shape_;
  bool from_inputs_ = false;
};

const bool registered = register_layer_class<Accumulate>("accumulate");

}  // namespace
}  // namespace fastnn
