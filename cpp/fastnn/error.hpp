// The errors that reach a user, raised while building or at the door of a run, never inside a step.
// The binding turns them into Python's ValueError and TypeError.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace fastnn {

struct ValueError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

struct TypeError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// The parts written one after the other.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

/// Raises a ValueError that says `parts` unless `condition` holds.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw ValueError(text(parts...));
}

}  // namespace fastnn
