// The arguments of a node as they come from Python: a typed map from names to values. A layer reads the arguments that
// it knows; an error names the argument that is missing or of the wrong type.
#pragma once

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "fastnn/error.hpp"
#include "fastnn/tensor.hpp"

namespace fastnn {

/// A constant array among the arguments of a node.
struct Constant {
  Shape shape;
  std::vector<Real> values;
};

/// Integers of which some are the values of a node's inputs: sizes that follow from the number of rows in a batch.
struct Sizes {
  static constexpr int kNumber = -1;

  std::vector<Index> numbers;
  std::vector<int> inputs;  ///< per number: the index of the input that holds it, or kNumber
};

class Config {
 public:
  using Value = std::variant<std::monostate, bool, Index, double, std::string, std::vector<Index>, std::vector<double>,
                             Constant, Sizes>;

  void set(const std::string& key, Value value) { values_[key] = std::move(value); }

  /// The number of inputs that the node has for the sake of their values.
  int size_inputs() const {
    std::set<int> inputs;
    for (const auto& [key, value] : values_)
      if (const auto* sizes = std::get_if<Sizes>(&value))
        for (int input : sizes->inputs)
          if (input != Sizes::kNumber) inputs.insert(input);
    return static_cast<int>(inputs.size());
  }
  /// The same arguments with numbers in place of inputs. value(input) gives the value of an input.
  template <class ValueOf>
  Config settled(ValueOf&& value_of) const {
    Config config = *this;
    for (auto& [key, value] : config.values_)
      if (const auto* sizes = std::get_if<Sizes>(&value)) {
        std::vector<Index> numbers = sizes->numbers;
        for (std::size_t i = 0; i < numbers.size(); ++i)
          if (sizes->inputs[i] != Sizes::kNumber) numbers[i] = value_of(sizes->inputs[i]);
        value = std::move(numbers);
      }
    return config;
  }

  /// True where the key is present and not None.
  bool has(const std::string& key) const {
    auto found = values_.find(key);
    return found != values_.end() && !std::holds_alternative<std::monostate>(found->second);
  }

  bool flag(const std::string& key) const { return get<bool>(key, "True or False"); }
  bool flag(const std::string& key, bool otherwise) const { return has(key) ? flag(key) : otherwise; }

  Index integer(const std::string& key) const { return get<Index>(key, "an integer"); }
  Index integer(const std::string& key, Index otherwise) const { return has(key) ? integer(key) : otherwise; }

  double number(const std::string& key) const {
    if (auto* integer = std::get_if<Index>(&at(key, "a number"))) return static_cast<double>(*integer);
    return get<double>(key, "a number");
  }
  double number(const std::string& key, double otherwise) const { return has(key) ? number(key) : otherwise; }

  std::string word(const std::string& key) const { return get<std::string>(key, "a string"); }
  std::string word(const std::string& key, const std::string& otherwise) const {
    return has(key) ? word(key) : otherwise;
  }

  /// A list of any number of integers; one integer stands for a list of one.
  std::vector<Index> integers(const std::string& key) const {
    if (auto* one = std::get_if<Index>(&at(key, "an integer or a tuple of integers"))) return {*one};
    return get<std::vector<Index>>(key, "an integer or a tuple of integers");
  }

  /// `count` integers; one integer stands for all of them (`kernel_size=3` is (3, 3)).
  std::vector<Index> integers(const std::string& key, std::size_t count) const {
    std::vector<Index> list = integers(key);
    if (list.size() == 1) list.resize(count, list[0]);
    require(list.size() == count, key, " expects one integer or a tuple of ", count, ", got ", list.size(), " values");
    return list;
  }

  const Constant& constant(const std::string& key) const { return get<Constant>(key, "an array"); }

 private:
  // True where a number, as text() writes it, looks like an integer.
  static bool is_whole(double number) { return std::abs(number) < 1e5 && number == std::floor(number); }

  // A value as an error message shows it.
  static std::string show(const Value& value) {
    struct Show {
      std::string operator()(std::monostate) const { return "None"; }
      std::string operator()(bool flag) const { return flag ? "True" : "False"; }
      std::string operator()(Index number) const { return std::to_string(number); }
      std::string operator()(double number) const { return text(number, is_whole(number) ? ".0" : ""); }
      std::string operator()(const std::string& word) const { return "\"" + word + "\""; }
      std::string operator()(const std::vector<Index>& list) const { return to_string(Shape(list)); }
      std::string operator()(const std::vector<double>& list) const { return text(list.size(), " numbers"); }
      std::string operator()(const Sizes& sizes) const { return to_string(Shape(sizes.numbers)); }
      std::string operator()(const Constant& array) const { return "an array of shape " + to_string(array.shape); }
    };
    return std::visit(Show(), value);
  }

  const Value& at(const std::string& key, const char* expected) const {
    auto found = values_.find(key);
    require(found != values_.end(), key, " expects ", expected, ", got nothing");
    return found->second;
  }
  template <class T>
  const T& get(const std::string& key, const char* expected) const {
    const Value& value = at(key, expected);
    if (auto* held = std::get_if<T>(&value)) return *held;
    const auto* number = std::is_same_v<T, Index> ? std::get_if<double>(&value) : nullptr;
    const std::string mend = number != nullptr && is_whole(*number) ? "; write a // b for a quotient of integers" : "";
    throw TypeError(text(key, " expects ", expected, ", got ", show(value), mend));
  }

  std::map<std::string, Value> values_;
};

}  // namespace fastnn
