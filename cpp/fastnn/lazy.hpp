// Values that follow from the shapes of a layer, made when they are first used.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace fastnn {

/// A table that a layer derives from its shapes. A model that is described but never run (read from a file, summarized)
/// makes none, and its sizes can be checked before memory is allocated for them.
template <class T>
class Lazy {
 public:
  /// Forgets the value; `make` will return the new one.
  void set(std::function<T()> make) {
    const std::lock_guard<std::mutex> lock(mutex_);
    make_ = std::move(make);
    value_.reset();
  }

  /// Returns the value. Threads may call it at the same time.
  const T& get() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!value_) value_.emplace(make_());
    return *value_;
  }

 private:
  std::function<T()> make_;
  mutable std::mutex mutex_;
  mutable std::optional<T> value_;
};

}  // namespace fastnn
