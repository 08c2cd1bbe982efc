// Layers that only see their input with another shape: Flatten, Reshape, Identity. They are aliases and run no pass.
#include "fastnn/layer.hpp"

namespace fastnn {
namespace {

class Alias : public Layer {
 public:
  using Layer::Layer;

  Signature infer(const std::vector<Spec>& inputs) override {
    require(inputs.size() == 1, who(), " expects one input, got ", inputs.size());
    return {{{reshaped(inputs[0].shape), inputs[0].dtype}}, {}};
  }
  bool is_alias() const override { return true; }
  BackwardReads backward_reads() const override { return {false, false}; }
  void forward(const Context&) const override {}

 protected:
  virtual Shape reshaped(const Shape& input) const = 0;
};

class Identity : public Alias {
 public:
  Identity(const std::string& kind, const std::string& name, const Config&) : Alias(kind, name) {}

 protected:
  Shape reshaped(const Shape& input) const override { return input; }
};

class Flatten : public Alias {
 public:
  Flatten(const std::string& kind, const std::string& name, const Config&) : Alias(kind, name) {}

 protected:
  Shape reshaped(const Shape& input) const override { return {input[0], volume(input, 1)}; }
};

class Reshape : public Alias {
 public:
  Reshape(const std::string& kind, const std::string& name, const Config& config)
      : Alias(kind, name), target_(config.integers("target_shape")) {
    int open = 0;
    for (Index size : target_) {
      require(size == -1 || size >= 0, "target_shape expects sizes of at least 0 and one -1 at most, got ", size);
      open += size == -1;
    }
    require(open <= 1, "target_shape expects one -1 at most, got ", open);
  }

 protected:
  Shape reshaped(const Shape& input) const override {
    const Index total = volume(input, 1);
    Index known = 1;
    bool open = false;
    for (Index size : target_) {
      if (size == -1)
        open = true;
      else
        known *= size;
    }
    const bool fits = open ? known > 0 && total % known == 0 : known == total;
    require(fits, who(), " expects inputs of ", known, " values a sample", open ? " or a multiple" : "",
            " for target_shape ", written(), ", got ", to_string(input), " with ", total,
            open ? "" : "; one size of target_shape may be -1");
    Shape shape{input[0]};
    for (Index size : target_) shape.push_back(size == -1 ? total / known : size);
    return shape;
  }

 private:
  std::string written() const {
    std::string list = "(";
    for (std::size_t i = 0; i < target_.size(); ++i) list += (i > 0 ? ", " : "") + std::to_string(target_[i]);
    return list + (target_.size() == 1 ? ",)" : ")");
  }

  std::vector<Index> target_;
};

const bool registered = register_layer_class<Flatten>("Flatten") && register_layer_class<Reshape>("Reshape") &&
                        register_layer_class<Identity>("Identity");

}  // namespace
}  // namespace fastnn
