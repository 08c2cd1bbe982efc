// Places of threads, families, forks.
#include "fastnn/variable_lock.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <thread>
#include <unordered_map>

#include "fastnn/crew.hpp"

namespace fastnn {

class Family {
 public:
  std::shared_mutex lock;
  std::shared_ptr<Family> joined;  // the family that this one has become part of
};

namespace {

enum State : int { kAway, kHolding, kWriting };

// Where a thread says what it does. Places are never given back, but taken over from threads that have ended.
struct alignas(64) Place {
  std::atomic<int> state{kAway};
  std::atomic<bool> taken{true};
  std::thread::id owner = std::this_thread::get_id();
  int depth = 0;  // of the holds of its thread, one within the other
  Place* next = nullptr;
};

}  // namespace

struct VariableLock {
  std::atomic<Place*> places{nullptr};
  std::atomic<bool> excluded{false}, forking{false};
  std::mutex exclusive, fork, registry;  // the first is held by who excludes all others
  std::unordered_map<const void*, std::weak_ptr<Family>> families;
  std::shared_ptr<Family> strangers = std::make_shared<Family>();  // of all that no program uses
  std::size_t swept = 64;  // the number of families at which those are forgotten that nothing uses
};

namespace {

VariableLock own_lock;
VariableLock* lock = &own_lock;
std::atomic<std::uint64_t> forks{0};

Place* take_place() {
  for (Place* place = lock->places; place != nullptr; place = place->next)
    if (!place->taken.exchange(true)) {
      place->owner = std::this_thread::get_id();
      return place;
    }
  auto* place = new Place;
  place->next = lock->places;
  while (!lock->places.compare_exchange_weak(place->next, place)) {
  }
  return place;
}

// The place of this thread in the lock that this core uses.
Place& own_place() {
  struct Held {
    Place* place = take_place();
    ~Held() { place->taken = false; }
  };
  thread_local Held held;
  return *held.place;
}

// A step of a small network holds its family for a few microseconds, less than it takes to fall asleep and wake.
template <class Try>
bool soon(Try&& attempt) {
  for (int i = 0; i < 400; ++i) {
    if (attempt()) return true;
    spin_pause();
  }
  return false;
}

void tell(const BeforeWaiting& before_waiting) {
  if (before_waiting) before_waiting();
}

// Waits until no place of a lock has a state of at least `least`, other than that of this thread.
void wait_for_others(const VariableLock& of, State least) {
  const Place* const own = &own_place();
  for (Place* place = of.places; place != nullptr; place = place->next)
    while (place != own && !soon([&] { return place->state.load() < least; }))
      std::this_thread::sleep_for(std::chrono::microseconds(50));
}

void hold(const BeforeWaiting& before_waiting = {}) {
  Place& place = own_place();
  if (place.depth++ > 0) return;
  for (;;) {
    place.state.store(kHolding);
    if (!lock->excluded.load()) return;
    place.state.store(kAway);
    if (soon([] { return !lock->excluded.load(); })) continue;
    tell(before_waiting);
    const std::lock_guard<std::mutex> until_it_ends(lock->exclusive);
  }
}

void leave() {
  Place& place = own_place();
  if (--place.depth == 0) place.state.store(kAway);
}

// Writing begins, unless a fork is under way.
void begin_writing(const BeforeWaiting& before_waiting = {}) {
  Place& place = own_place();
  for (;;) {
    place.state.store(kWriting);
    if (!lock->forking.load()) return;
    place.state.store(kHolding);
    tell(before_waiting);
    const std::lock_guard<std::mutex> until_it_ends(lock->fork);
  }
}

void end_writing() { own_place().state.store(kHolding); }

// Families join only while nobody holds the lock.
Family& root(Family& family) {
  Family* found = &family;
  while (found->joined) found = found->joined.get();
  return *found;
}

// Finds the families of members, each once and in the order in which they are to be locked. Expects the lock to be held and
// `found` to have room, since memory may not end while it is.
void find_families(const Members& members, std::vector<std::shared_ptr<Family>>& found) {
  {
    const std::lock_guard<std::mutex> guard(lock->registry);
    for (const void* member : members) {
      const auto known = lock->families.find(member);
      std::shared_ptr<Family> family = known == lock->families.end() ? nullptr : known->second.lock();
      while (family && family->joined) family = family->joined;
      found.push_back(family ? std::move(family) : lock->strangers);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
}

void share(Family& family, const BeforeWaiting& before_waiting = {}) {
  if (soon([&] { return family.lock.try_lock_shared(); })) return;
  tell(before_waiting);
  family.lock.lock_shared();
}

void own(Family& family, const BeforeWaiting& before_waiting = {}) {
  if (soon([&] { return family.lock.try_lock(); })) return;
  tell(before_waiting);
  family.lock.lock();
}

// While this exists, no other thread holds the lock.
class Alone {
 public:
  Alone() {
    lock->exclusive.lock();
    lock->excluded.store(true);
    wait_for_others(*lock, kHolding);
  }
  ~Alone() {
    lock->excluded.store(false);
    lock->exclusive.unlock();
  }
};

void before_fork() {
  own_lock.registry.lock();
  own_lock.fork.lock();
  own_lock.forking.store(true);
  wait_for_others(own_lock, kWriting);
}

void after_fork() {
  own_lock.forking.store(false);
  own_lock.fork.unlock();
  own_lock.registry.unlock();
}

void in_child() {
  // The thread may have another place in this lock, of a second core.
  for (Place* place = own_lock.places; place != nullptr; place = place->next)
    if (place->owner != std::this_thread::get_id()) place->state = kAway, place->depth = 0, place->taken = false;
  own_lock.excluded = false;
  own_lock.forking = false;
  for (std::mutex* mutex : {&own_lock.exclusive, &own_lock.fork, &own_lock.registry}) new (mutex) std::mutex;
  new (&own_lock.strangers->lock) std::shared_mutex;
  for (const auto& [member, family] : own_lock.families)
    if (const std::shared_ptr<Family> found = family.lock()) new (&root(*found).lock) std::shared_mutex;
  forks.fetch_add(1);
}

const int fork_handler = pthread_atfork(before_fork, after_fork, in_child);

}  // namespace

VariableLock* variable_lock() { return &own_lock; }
void share_variable_lock(VariableLock* other) { lock = other; }

std::shared_ptr<Family> family_of(const Members& members) {
  if (members.empty()) return std::make_shared<Family>();
  const Alone alone;
  std::shared_ptr<Family> family;
  {
    const std::lock_guard<std::mutex> guard(lock->registry);
    auto& families = lock->families;
    if (families.size() > lock->swept) {
      for (auto each = families.begin(); each != families.end();)
        each = each->second.expired() ? families.erase(each) : std::next(each);
      lock->swept = 2 * families.size() + 64;
    }
    for (const void* member : members) {
      std::shared_ptr<Family> found = families[member].lock();
      while (found && found->joined) found = found->joined;
      if (!found || found == family) continue;
      if (family)
        found->joined = family;
      else
        family = std::move(found);
    }
    if (!family) family = std::make_shared<Family>();
    for (const void* member : members) families[member] = family;
  }
  return family;
}

ReadVariables::ReadVariables(Family& family) {
  hold();
  family_ = &root(family);
  share(*family_);
}

ReadVariables::ReadVariables(const Members& members, const BeforeWaiting& before_waiting) {
  of_members_.reserve(members.size());
  hold(before_waiting);
  find_families(members, of_members_);
  for (const auto& family : of_members_) share(*family, before_waiting);
}

ReadVariables::~ReadVariables() {
  if (family_ != nullptr) family_->lock.unlock_shared();
  for (const auto& family : of_members_) family->lock.unlock_shared();
  leave();
}

WriteVariables::WriteVariables(Family& family) {
  hold();
  family_ = &root(family);
  own(*family_);
  begin_writing();
}

WriteVariables::WriteVariables(const Members& members, const BeforeWaiting& before_waiting) {
  of_members_.reserve(members.size());
  hold(before_waiting);
  find_families(members, of_members_);
  for (const auto& family : of_members_) own(*family, before_waiting);
  begin_writing(before_waiting);
}

WriteVariables::~WriteVariables() {
  end_writing();
  if (family_ != nullptr) family_->lock.unlock();
  for (const auto& family : of_members_) family->lock.unlock();
  leave();
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
