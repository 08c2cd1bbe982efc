// The lock over all variables. There is one per process: a commit takes microseconds, and one lock is easy to reset
// after a fork. A second core uses that of the first, because both may step one random stream.
//
// A fork copies memory at an arbitrary moment of the other threads. `writing` is held only while numbers are being
// written (never while waiting for readers or for Python), and fork() waits for it, so a child never inherits half a
// commit. Readers do not delay a fork; the child, in which they do not exist, starts with new locks.
#include "fastnn/variable.hpp"

#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <new>
#include <shared_mutex>

#include "fastnn/crew.hpp"
#include "fastnn/error.hpp"

namespace fastnn {

struct VariableLock {
  std::shared_mutex readers;
  std::mutex writing;
};

namespace {

VariableLock own_lock;
VariableLock* lock = &own_lock;
std::atomic<std::uint64_t> forks{0};

const int fork_handler = pthread_atfork([] { own_lock.writing.lock(); }, [] { own_lock.writing.unlock(); },
                                        [] {
                                          own_lock.writing.unlock();
                                          new (&own_lock.readers) std::shared_mutex;
                                          forks.fetch_add(1);
                                        });

}  // namespace

VariableLock* variable_lock() { return &own_lock; }
void share_variable_lock(VariableLock* other) { lock = other; }

Variable::Variable(std::string path_, Shape shape, bool trainable_, DType dtype)
    : path(std::move(path_)),
      trainable(trainable_),
      shape_(std::move(shape)),
      dtype_(dtype),
      size_(volume(shape_)),
      memory_(std::max(bytes(), kAlignment)) {
  require(dtype == DType::real || !trainable, path, " is trainable, so it expects dtype ", kReal, ", got ",
          name_of(dtype));
  std::fill_n(data<std::byte>(), bytes(), std::byte{0});
}

double Accumulator::value(Index i) const {
  return static_cast<double>(rounded->data()[i]) + static_cast<double>(remainder->data()[i]);
}

void Accumulator::set(double value, Index i) const {
  const double rest = value - static_cast<double>(rounded->data()[i] = static_cast<Real>(value));
  // What is infinite or NaN has no remainder.
  remainder->data()[i] = std::isfinite(rest) ? static_cast<Real>(rest) : 0.0_r;
}

void Accumulator::touch() const {
  rounded->touch();
  remainder->touch();
}

namespace {

// A step of a small network holds the lock for a few microseconds, which is less than it takes to fall asleep and wake.
constexpr int kTries = 400;

template <class Try>
bool soon(Try&& attempt) {
  for (int i = 0; i < kTries; ++i) {
    if (attempt()) return true;
    spin_pause();
  }
  return false;
}

}  // namespace

ReadVariables::ReadVariables() {
  if (!soon([] { return lock->readers.try_lock_shared(); })) lock->readers.lock_shared();
}
ReadVariables::~ReadVariables() { lock->readers.unlock_shared(); }

WriteVariables::WriteVariables() {
  if (!soon([] { return lock->readers.try_lock(); })) lock->readers.lock();
  lock->writing.lock();
}
WriteVariables::~WriteVariables() {
  lock->writing.unlock();
  lock->readers.unlock();
}

struct ForkSafeMutex::State {
  std::mutex mutex;
  std::uint64_t seen_forks = forks.load();
};

ForkSafeMutex::ForkSafeMutex() : state_(std::make_unique<State>()) {}
ForkSafeMutex::~ForkSafeMutex() = default;

void ForkSafeMutex::lock() {
  if (state_->seen_forks != forks.load()) {
    new (&state_->mutex) std::mutex;
    state_->seen_forks = forks.load();
  }
  state_->mutex.lock();
}
void ForkSafeMutex::unlock() { state_->mutex.unlock(); }

}  // namespace fastnn
