// Handing out tasks, watching, sleeping.
#include "fastnn/crew.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "fastnn/parallel.hpp"

namespace fastnn {
namespace {

using Clock = std::chrono::steady_clock;

// Helpers look out this long for the next region: what lies between two regions of a step, or two predictions. Sleeping and
// being woken costs 5 to 50 us. Who has lost the processor meanwhile is not alone on it, and sleeps at once.
constexpr auto kWatch = std::chrono::microseconds(300), kLost = std::chrono::microseconds(20);

// Waits for ready() without sleeping, at most kWatch.
template <class Ready>
bool watch(const Ready& ready) {
  for (int i = 0; i < 64; ++i) {
    if (ready()) return true;
    spin_pause();
  }
  auto now = Clock::now(), before = now;
  const auto end = now + kWatch;
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      spin_pause();
    }
    before = std::exchange(now, Clock::now());
  } while (now < end && now - before < kLost);
  return ready();
}

constexpr std::uint64_t number_of(std::uint64_t ticket) { return ticket >> 32; }
constexpr std::uint64_t left_of(std::uint64_t ticket) { return ticket & 0xffffffffu; }

}  // namespace

// On success `ticket` is what was exchanged; else it is what is there now.
bool Crew::take(std::uint64_t& ticket) {
  return ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire);
}

// Takes tasks of the region of `ticket` until none is left.
void Crew::work(std::uint64_t ticket, int thread) {
  const std::uint64_t number = number_of(ticket);
  const Task call = call_.load(std::memory_order_relaxed);
  void* const function = function_.load(std::memory_order_relaxed);
  const Index tasks = tasks_.load(std::memory_order_relaxed);
  while (number_of(ticket) == number && left_of(ticket) > 0) {
    if (!take(ticket)) continue;
    call(function, tasks - static_cast<Index>(left_of(ticket)), thread);
    // The last one wakes the caller, who may have gone to sleep.
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1 && thread > 0) {
      const std::lock_guard lock(mutex_);
      done_.notify_one();
    }
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

bool Crew::run(Index tasks, Task call, void* function, int threads) {
  if (static_cast<std::uint64_t>(tasks) >> 31 || taken_.exchange(true, std::memory_order_acquire)) return false;
  call_.store(call, std::memory_order_relaxed);
  function_.store(function, std::memory_order_relaxed);
  tasks_.store(tasks, std::memory_order_relaxed);
  threads_.store(threads, std::memory_order_relaxed);
  mode_.store(detail::float_mode(), std::memory_order_relaxed);
  unfinished_.store(tasks, std::memory_order_relaxed);
  const std::uint64_t number = number_of(ticket_.load(std::memory_order_relaxed)) + 1;
  const std::uint64_t ticket = number << 32 | static_cast<std::uint64_t>(tasks);
  ticket_.store(ticket);
  if (asleep_.load() > 0) {
    {
      const std::lock_guard lock(mutex_);
    }
    work_.notify_all();
  }
  work(ticket, 0);
  const auto finished = [&] { return unfinished_.load(std::memory_order_acquire) == 0; };
  if (!watch(finished)) {
    std::unique_lock lock(mutex_);
    done_.wait(lock, finished);
  }
  taken_.store(false, std::memory_order_release);
  return true;
}

// The ticket of a region that has tasks left and is not number `seen`, or 0 when the crew is dismissed.
std::uint64_t Crew::await(std::uint64_t seen) {
  std::uint64_t ticket = 0;
  const auto ready = [&] {
    ticket = ticket_.load();
    return (left_of(ticket) > 0 && number_of(ticket) != seen) || dismissed_.load(std::memory_order_relaxed);
  };
  if (!watch(ready)) {
    std::unique_lock lock(mutex_);
    asleep_.fetch_add(1);
    work_.wait(lock, ready);
    asleep_.fetch_sub(1);
  }
  return dismissed_.load(std::memory_order_relaxed) ? 0 : ticket;
}

void Crew::serve(int thread) {
  std::uint64_t seen = 0;
  while (const std::uint64_t ticket = await(seen)) {
    seen = number_of(ticket);
    if (thread >= threads_.load(std::memory_order_relaxed)) continue;
    detail::set_float_mode(mode_.load(std::memory_order_relaxed));
    work(ticket, thread);
  }
}

void Crew::dismiss() {
  const std::lock_guard lock(mutex_);
  dismissed_.store(true, std::memory_order_relaxed);
  work_.notify_all();
}

}  // namespace fastnn
