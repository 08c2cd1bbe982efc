// The registry of update rules, and what a rule does that does not say otherwise.
#include "fastnn/update_rule.hpp"

#include <map>
#include <stdexcept>

#include "fastnn/error.hpp"

namespace fastnn {
namespace {

// Inside a function, so that it exists before the first file that registers a rule is initialized.
std::map<std::string, UpdateRuleFactory>& registry() {
  static std::map<std::string, UpdateRuleFactory> rules;
  return rules;
}

}  // namespace

void UpdateRule::update(const UpdateRange&) const { throw std::logic_error("this rule updates whole weights"); }
void UpdateRule::update_weight(const WholeUpdate&) { throw std::logic_error("this rule updates ranges of weights"); }
double UpdateRule::weight_decay(const Variable&, double common) const { return common; }
void UpdateRule::set_apart(const Variable& weight) { throw ValueError(text("no rule treats ", weight.path, " apart")); }
void UpdateRule::trace(const Variable& weight, const TracedStep&) {
  throw ValueError(text("the rule of ", weight.path, " is not written in Python"));
}

bool register_update_rule(const std::string& kind, UpdateRuleFactory factory) {
  return registry().emplace(kind, std::move(factory)).second;
}

std::unique_ptr<UpdateRule> make_update_rule(const std::string& kind, const Config& config) {
  auto found = registry().find(kind);
  require(found != registry().end(), "no optimizer is called \"", kind, "\"");
  return found->second(config);
}

}  // namespace fastnn
