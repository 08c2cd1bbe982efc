// Functions found by the names that Keras gives them.
#pragma once

#include <cstddef>
#include <string_view>

namespace fastnn::kernels {

/// The value of an enumeration whose names are listed in order; false if the name is unknown.
template <class Enum, std::size_t N>
bool find_name(const char* const (&names)[N], std::string_view name, Enum& found) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name != names[i]) continue;
    found = static_cast<Enum>(i);
    return true;
  }
  return false;
}

}  // namespace fastnn::kernels
