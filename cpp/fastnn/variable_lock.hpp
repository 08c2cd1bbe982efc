// The lock that keeps readers of variables from seeing half a commit, and mutexes that a fork leaves usable.
//
// What programs use together (the variables and streams of their graphs, their optimizers) is a family: its steps wait for
// one another, and for nothing else, so that many models may be trained side by side. A family is known by the addresses
// of its members; what no program uses yet is one family, too. Families that a new program joins become one, which waits
// until nobody holds the lock.
//
// A thread that holds the lock says so in a place of its own, which costs it nothing that other threads would notice.
//
// A fork copies memory at an arbitrary moment of the other threads. It waits for those that are writing numbers (never for
// readers, or for those that wait), so a child never inherits half a commit. Readers do not delay a fork; the child, in
// which they do not exist, starts with new locks.
#pragma once

#include <functional>
#include <memory>
#include <vector>

namespace fastnn {

class Family;

/// Addresses of variables, streams and optimizers.
using Members = std::vector<const void*>;

/// Called, maybe more than once, before a thread waits for longer than a step of a small network takes.
using BeforeWaiting = std::function<void()>;

/// The family of all these members. Waits until nobody holds the lock, so the caller may not hold what others wait for.
std::shared_ptr<Family> family_of(const Members& members);

/// Held while variables are read: those of a program by a step or a prediction, or some by their addresses. There may be any
/// number of readers.
class ReadVariables {
 public:
  explicit ReadVariables(Family& family);
  explicit ReadVariables(const Members& members, const BeforeWaiting& before_waiting = {});
  ~ReadVariables();
  ReadVariables(const ReadVariables&) = delete;
  ReadVariables& operator=(const ReadVariables&) = delete;

 private:
  Family* family_ = nullptr;
  std::vector<std::shared_ptr<Family>> of_members_;
};

/// Held while variables are written: by a commit of a program, or by an assignment. Excludes other writers and the readers
/// of these families, and fork().
class WriteVariables {
 public:
  explicit WriteVariables(Family& family);
  explicit WriteVariables(const Members& members, const BeforeWaiting& before_waiting = {});
  ~WriteVariables();
  WriteVariables(const WriteVariables&) = delete;
  WriteVariables& operator=(const WriteVariables&) = delete;

 private:
  Family* family_ = nullptr;
  std::vector<std::shared_ptr<Family>> of_members_;
};

/// What both stand for.
struct VariableLock;

/// The lock of this core.
VariableLock* variable_lock();

/// Makes this core use the lock of another one, because both may step one random stream; before it has variables.
void share_variable_lock(VariableLock* other);

/// A mutex that is unlocked in a forked child, whichever thread held it in the parent.
class ForkSafeMutex {
 public:
  ForkSafeMutex();
  ~ForkSafeMutex();
  void lock();
  void unlock();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fastnn
