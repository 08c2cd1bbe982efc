// The registry of kinds.
#include "fastnn/layer.hpp"

#include <map>
#include <string_view>

namespace fastnn {
namespace {

// Inside a function, so that it exists before the first file that registers a kind is initialised.
std::map<std::string, LayerFactory>& registry() {
  static std::map<std::string, LayerFactory> kinds;
  return kinds;
}

}  // namespace

std::string Layer::who() const {
  // Kinds whose products are of integers or of bfloat16 serve the layer that users know.
  std::size_t begin = 0;
  for (const std::string_view prefix : {"Quantized", "Bfloat16"})
    if (kind_.compare(0, prefix.size(), prefix) == 0) begin = prefix.size();
  return kind_.substr(begin) + " \"" + name_ + "\"";
}

Signature Layer::checked_infer(const std::vector<Spec>& inputs) {
  for (const Spec& spec : inputs)
    require_rows(spec.batched() || takes_unbatched(), who(), " expects a batch, got a tensor of the fixed shape ",
                 to_string(spec.shape), "; give it one that depends on the model's inputs");
  const auto require_feasible = [&](const char* what, const Shape& shape) {
    require(is_feasible(shape), who(), ": ", what, " of shape ", to_string(shape),
            " is too large: a dimension is at most ", kMostSize, ", and the elements of a row or a weight are at most ",
            kMostElements);
  };
  for (const Spec& spec : inputs) require_feasible("an input", spec.shape);
  Signature signature = infer(inputs);
  for (const Spec& spec : signature.outputs) require_feasible("an output", spec.shape);
  for (const auto& weight : signature.weights) require_feasible("a weight", weight.shape);
  return signature;
}

DType held_dtype(const Config& config) {
  const std::string word = config.word("held", kReal);
  DType dtype{};
  require(find_held_dtype(word, dtype) && (dtype == DType::real || dtype == DType::bfloat16), "held expects \"", kReal,
          "\" or \"bfloat16\", got \"", word, "\"");
  return dtype;
}

bool register_layer(const std::string& kind, LayerFactory factory) {
  return registry().emplace(kind, std::move(factory)).second;
}

std::unique_ptr<Layer> make_layer(const std::string& kind, const std::string& name, const Config& config) {
  auto found = registry().find(kind);
  require(found != registry().end(), "no kind of layer is called \"", kind, "\"");
  try {
    return found->second(name, config);
  } catch (const ValueError& error) {
    throw ValueError(text(kind, " \"", name, "\": ", error.what()));
  } catch (const TypeError& error) {
    throw TypeError(text(kind, " \"", name, "\": ", error.what()));
  }
}

std::vector<std::string> layer_kinds() {
  std::vector<std::string> names;
  for (const auto& [kind, factory] : registry()) names.push_back(kind);
  return names;
}

}  // namespace fastnn
