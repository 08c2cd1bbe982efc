// A mailbox: short messages between processes that share memory. Every process takes part in each exchange, in one order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "fastnn/tensor.hpp"

namespace fastnn {

class Mailbox {
 public:
  /// The largest message.
  static constexpr std::size_t kBytes = std::size_t{1} << 16;

  static std::size_t bytes(Index processes) { return static_cast<std::size_t>(processes) * sizeof(Box); }

  /// window: memory of bytes() that all processes see, zeros at first.
  Mailbox(std::shared_ptr<void> window, Index rank)
      : window_(std::move(window)), boxes_(static_cast<Box*>(window_.get())), rank_(rank) {}

  /// Begins an exchange.
  void begin() { ++turn_; }
  /// Posts what this process says in this exchange.
  void post(const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(place(rank_), from, bytes);
    boxes_[rank_].turn.store(turn_, std::memory_order_release);
  }
  /// True when a process has posted in this exchange.
  bool has_posted(Index rank) const { return boxes_[rank].turn.load(std::memory_order_acquire) >= turn_; }
  void read(Index rank, void* to, std::size_t bytes) const {
    if (bytes > 0) std::memcpy(to, place(rank), bytes);
  }

 private:
  using Turn = std::atomic<Index>;
  static_assert(Turn::is_always_lock_free, "processes share no locks");

  // Who posts for the next exchange may still be read in this one, but in no earlier one: an exchange ends when the last
  // process, or all, have posted, which each does after it has read what it wants of the one before.
  struct Box {
    alignas(kAlignment) Turn turn;
    alignas(kAlignment) std::byte places[2][kBytes];
  };

  std::byte* place(Index rank) const { return boxes_[rank].places[turn_ % 2]; }

  std::shared_ptr<void> window_;
  Box* boxes_;  // by rank
  Index rank_;
  Index turn_ = 0;
};

}  // namespace fastnn
