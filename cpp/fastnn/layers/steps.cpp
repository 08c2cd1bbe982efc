// Nodes by which a graph says how a step proceeds: gradients of what was computed, weights that are moved by them, and
// the points at which changes become visible to the nodes after them.
//
// None of them computes here. Graph::differentiated() puts backward passes in the place of a Gradient; Update and
// Commit are what a phase does between the parts of a pass.
#include <algorithm>

#include "fastnn/kernels/update.hpp"
#include "fastnn/layer.hpp"

namespace fastnn {
namespace {

// The inputs are n targets, n gradients of them, and the edges whose gradients come first among the outputs. The
// gradients of the weights follow. `recorded` holds the first and the end of each range of nodes that a tape recorded. The shapes of the weights are given as ranks, and the sizes of all in one list.
class Gradient : public Function {
 public:
  Gradient(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), request_{static_cast<std::size_t>(config.integer("targets"))} {
    const std::vector<Index> recorded = config.integers("recorded");
    for (std::size_t i = 0; i + 1 < recorded.size(); i += 2)
      request_.recorded.emplace_back(recorded[i], recorded[i + 1]);
    const std::vector<Index> sizes = config.integers("sizes");
    auto size = sizes.begin();
    for (const Index rank : config.integers("ranks")) {
      weights_.push_back({"weight", Shape(size, size + rank), false});
      size += rank;
    }
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    const std::size_t targets = request_.targets;
    require(targets >= 1 && inputs.size() >= 2 * targets, who(), " expects ", targets,
            " targets and a gradient of each");
    for (std::size_t i = 0; i < targets; ++i) {
      require(inputs[i].dtype == DType::real, who(), " expects targets of ", kReal, ", got ", name_of(inputs[i].dtype));
      require(inputs[i].shape == inputs[targets + i].shape && inputs[targets + i].dtype == DType::real, who(),
              " expects a gradient of shape ", to_string(inputs[i].shape), " for its target, got ",
              to_string(inputs[targets + i].shape));
    }
    Signature signature{{inputs.begin() + static_cast<std::ptrdiff_t>(2 * targets), inputs.end()}, weights_};
    for (const WeightSpec& weight : weights_) signature.outputs.push_back({weight.shape, DType::real});
    return signature;
  }
  const GradientRequest* differentiates() const override { return &request_; }
  bool differentiable() const override { return false; }
  void forward(const Context&) const override {}

 private:
  GradientRequest request_;
  std::vector<WeightSpec> weights_;
};

// Moves its weights by its inputs, their gradients.
class Update : public Function {
 public:
  Update(const std::string& kind, const std::string& name, const Config& config)
      : Function(kind, name), optimizers_(config.integers("optimizers")) {
    require(!optimizers_.empty(), who(), " expects an optimizer");
  }

  Signature infer(const std::vector<Spec>& inputs) override {
    Signature signature;
    for (const Spec& input : inputs) {
      require(input.dtype == DType::real && !input.batched(), who(), " expects gradients of weights, got ",
              to_string(input.shape));
      signature.weights.push_back({"weight", input.shape, false});
    }
    return signature;
  }
  const std::vector<Index>& updates() const override { return optimizers_; }
  bool is_effect() const override { return true; }
  bool differentiable() const override { return false; }
  void forward(const Context&) const override {}

 private:
  std::vector<Index> optimizers_;
};

class Commit : public Function {
 public:
  Commit(const std::string& kind, const std::string& name, const Config&) : Function(kind, name) {}

  Signature infer(const std::vector<Spec>&) override { return {}; }
  bool is_effect() const override { return true; }
  bool commits_before() const override { return true; }
  bool differentiable() const override { return false; }
  void forward(const Context&) const override {}
};

// The sum of gradients, added in their order.
class AddGradients : public Function {
 public:
  AddGradients(const std::string& kind, const std::string& name, const Config&) : Function(kind, name) {}

  Signature infer(const std::vector<Spec>& inputs) override {
    require(!inputs.empty(), who(), " expects an input");
    spec_ = inputs[0];
    count_ = inputs.size();
    return {{spec_}, {}};
  }
  bool differentiable() const override { return false; }
  void forward(const Context& ctx) const override {
    const Index size = spec_.size(ctx.rows());
    std::copy_n(ctx.input(0), size, ctx.output());
    for (std::size_t i = 1; i < count_; ++i) kernels::add(ctx.input(i), ctx.output(), size);
  }

 private:
  Spec spec_;
  std::size_t count_ = 0;
};

// The same numbers under another name, or with another shape.
class SameGradient : public Function {
 public:
  SameGradient(const std::string& kind, const std::string& name, const Config&) : Function(kind, name) {}

  Signature infer(const std::vector<Spec>& inputs) override { return {inputs, {}}; }
  bool is_alias() const override { return true; }
  void forward(const Context&) const override {}
};

// Stands for the backward pass of another node.
class BackwardPass : public Function {
 public:
  BackwardPass(const std::string& kind, const std::string& name, const Config&) : Function(kind, name) {}

  Signature infer(const std::vector<Spec>&) override { return {}; }
  bool differentiable() const override { return false; }
  void forward(const Context&) const override {}
};

const bool registered = register_layer_class<Gradient>("Gradient") && register_layer_class<Update>("Update") &&
                        register_layer_class<Commit>("Commit") && register_layer_class<AddGradients>("AddGradients") &&
                        register_layer_class<SameGradient>("SameGradient") &&
                        register_layer_class<BackwardPass>("BackwardPass");

}  // namespace
}  // namespace fastnn
