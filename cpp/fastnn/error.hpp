// The errors that reach a user, raised while a graph is built or before a run starts, never inside a step. The bindings
// turn them into Python's ValueError and TypeError.
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

/// Concatenates the parts as text.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

/// Raises a ValueError with the text of `parts` unless `condition` is true.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw ValueError(text(parts...));
}

}  // namespace fastnn
