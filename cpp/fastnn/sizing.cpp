// Nodes that are made for one number of rows.
#include "fastnn/sizing.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>

namespace fastnn {
namespace {

// The inputs as a layer that needs a batch sees them: the first dimension is its batch.
Index take_rows(const Layer& layer, std::vector<Spec>& specs) {
  Index rows = kUnknown;
  for (Spec& spec : specs) {
    require(!spec.shape.empty() && (rows == kUnknown || spec.shape[0] == rows), layer.who(),
            " expects inputs with the same first dimension, got ", to_string(specs[0].shape), " and ",
            to_string(spec.shape));
    rows = spec.shape[0];
  }
  require(rows != kUnknown, layer.who(), " expects an input");
  for (Spec& spec : specs) spec.shape[0] = kUnknown;
  return rows;
}

void write(double value, DType dtype, void* to) {
  const auto put = [&](auto number) { std::memcpy(to, &number, sizeof number); };
  if (dtype == DType::real)
    put(static_cast<Real>(value));
  else if (dtype == DType::int32)
    put(static_cast<std::int32_t>(value));
  else
    put(static_cast<std::uint8_t>(value != 0));
}

double read(DType dtype, const void* from) {
  const auto get = [&](auto number) {
    std::memcpy(&number, from, sizeof number);
    return static_cast<double>(number);
  };
  if (dtype == DType::real) return get(0.0_r);
  if (dtype == DType::int32) return get(std::int32_t{0});
  return get(std::uint8_t{0});
}

// The only output of a layer whose inputs are single numbers, computed as in a step.
double computed(const Layer& layer, const std::vector<Sized>& inputs, DType dtype) {
  struct alignas(kAlignment) Cell {
    std::byte bytes[kAlignment];
  };
  std::vector<Cell> cells(inputs.size() + 1);
  Context context;
  context.rows_ = context.capacity_ = 1;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].value) write(*inputs[i].value, inputs[i].spec.dtype, cells[i].bytes);
    context.inputs_.push_back(cells[i].bytes);
  }
  context.outputs_.push_back(cells.back().bytes);
  layer.forward(context);
  return read(dtype, cells.back().bytes);
}

}  // namespace

bool operator==(const Sized& a, const Sized& b) {
  return a.spec.shape == b.spec.shape && a.spec.dtype == b.spec.dtype && a.value == b.value;
}

SizedNode make_sized(const std::string& kind, const std::string& name, const Config& config,
                     const std::vector<Sized>& inputs) {
  const auto own = inputs.size() - static_cast<std::size_t>(config.size_inputs());
  const auto size_of_input = [&](int input) {
    require(input >= 0 && static_cast<std::size_t>(input) < inputs.size(), kind, " \"", name, "\": there is no input ",
            input);
    const std::optional<double>& value = inputs[static_cast<std::size_t>(input)].value;
    require(value.has_value(), kind, " \"", name,
            "\" expects sizes that follow from the shapes of tensors, such as ops.shape(x)[0] // 2; got a tensor whose "
            "value is known only when the model runs");
    require(std::floor(*value) == *value, kind, " \"", name, "\" expects integers as sizes, got ", *value,
            "; divide sizes by //");
    return static_cast<Index>(*value);
  };
  SizedNode made;
  made.layer = make_layer(kind, name, config.settled(size_of_input));
  std::vector<Spec> specs;
  for (std::size_t i = 0; i < own; ++i) specs.push_back(inputs[i].spec);
  if (!made.layer->takes_unbatched()) made.rows = take_rows(*made.layer, specs);
  const Signature signature = made.layer->checked_infer(specs);
  made.weights = signature.weights;
  for (Spec spec : signature.outputs) {
    if (spec.batched()) spec.shape[0] = made.rows;
    made.outputs.push_back({std::move(spec), std::nullopt});
  }
  const bool known = std::all_of(inputs.begin(), inputs.end(), [](const Sized& one) { return one.value.has_value(); });
  if (made.outputs.size() == 1 && made.outputs[0].spec.shape.empty() && made.weights.empty() && !made.layer->random() &&
      made.layer->takes_unbatched() && (known || !made.layer->reads_values()))
    made.outputs[0].value = computed(*made.layer, inputs, made.outputs[0].spec.dtype);
  return made;
}

std::string about_any_batch(const std::string& message, Index rows) {
  std::string told;
  for (std::size_t i = 0; i < message.size();) {
    const auto is_digit = [&](std::size_t at) {
      return at < message.size() && std::isdigit(static_cast<unsigned char>(message[at])) != 0;
    };
    const char before = told.empty() ? ' ' : told.back();
    const bool in_word = std::isalnum(static_cast<unsigned char>(before)) != 0 || before == '_' || before == '.';
    std::size_t end = i;
    while (is_digit(end)) ++end;
    if (end == i || end - i > 18 || in_word) {
      told += message[i++];
      continue;
    }
    Index number = std::stoll(message.substr(i, end - i));
    std::string batches;
    for (; number != 0 && number % rows == 0; number /= rows) batches += "*batch";
    if (batches.empty() && number >= 1000 && rows % number == 0)
      told += "batch/" + std::to_string(rows / number);
    else if (batches.empty())
      told += message.substr(i, end - i);
    else
      told += number == 1 ? batches.substr(1) : std::to_string(number) + batches;
    i = end;
  }
  return told;
}

}  // namespace fastnn
