// The registry of update rules.
#include "fastnn/update_rule.hpp"

#include <map>

#include "fastnn/error.hpp"

namespace fastnn {
namespace {

// Inside a function, so that it exists before the first file that registers a rule is initialized.
std::map<std::string, UpdateRuleFactory>& registry() {
  static std::map<std::string, UpdateRuleFactory> rules;
  return rules;
}

}  // namespace

bool register_update_rule(const std::string& kind, UpdateRuleFactory factory) {
  return registry().emplace(kind, std::move(factory)).second;
}

std::unique_ptr<UpdateRule> make_update_rule(const std::string& kind, const Config& config) {
  auto found = registry().find(kind);
  require(found != registry().end(), "no optimizer is called \"", kind, "\"");
  return found->second(config);
}

}  // namespace fastnn
