// The lock that keeps readers of variables from seeing half a commit, and mutexes that a fork leaves usable.
//
// What programs use together (the variables and streams of their graphs, their optimizers) is a family: its steps wait for
// one another, and for nothing else, so that many models may be trained side by side. A family is known by the addresses
// of its members. Families that a new program joins become one; that, and whatever writes without a program, waits until
// nobody holds the lock.
//
// A thread that holds the lock says so in a place of its own, which costs it nothing that other threads would notice.
//
// A fork copies memory at an arbitrary moment of the other threads. It waits for those that are writing numbers (never for
// readers, or for those that wait), so a child never inherits half a commit. Readers do not delay a fork; the child, in
// which they do not exist, starts with new locks.
#pragma once

#include <memory>
#include <vector>

namespace fastnn {

class Family;

/// The family of all that has one of these addresses. Waits until nobody holds the lock where it is not known yet.
std::shared_ptr<Family> family_of(const std::vector<const void*>& members);

/// Held while variables are read: by a step or a prediction of a family, or of what has these addresses. There may be any
/// number of readers; where an address belongs to no family, there is one, and no writer.
class ReadVariables {
 public:
  explicit ReadVariables(Family& family);
  explicit ReadVariables(const std::vector<const void*>& members);
  ~ReadVariables();
  ReadVariables(const ReadVariables&) = delete;
  ReadVariables& operator=(const ReadVariables&) = delete;

 private:
  Family* family_ = nullptr;                     // the one that was joined, if there is one
  std::vector<std::shared_ptr<Family>> others_;  // of the members
  bool alone_ = false;
};

/// Held while variables are written: by a commit of a family, or by an assignment to any. Excludes readers of the family,
/// or all, and other writers and fork() likewise.
class WriteVariables {
 public:
  explicit WriteVariables(Family& family);
  WriteVariables();
  ~WriteVariables();
  WriteVariables(const WriteVariables&) = delete;
  WriteVariables& operator=(const WriteVariables&) = delete;

 private:
  Family* family_ = nullptr;
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
