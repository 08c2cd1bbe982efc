// Memory, of huge pages where it is large.
#include "fastnn/tensor.hpp"

#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace fastnn {
namespace {

// Linux hands out pages of 4 KiB unless it is asked for those of 2 MiB: then a sweep over a weight misses the table of
// addresses 512 times less often, and memory is there after as many fewer faults. The end of a buffer, which fills no
// such page, keeps small ones.
constexpr std::size_t kHugePage = std::size_t{1} << 21, kLarge = 4 * kHugePage;

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  // The standard wants a multiple of the alignment. What is never touched costs nothing.
  const std::size_t alignment = bytes < kLarge ? kAlignment : kHugePage;
  data_ = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (data_ == nullptr) throw std::bad_alloc();
#if defined(__linux__)
  // Where it is refused, small pages serve.
  if (bytes >= kLarge) madvise(data_, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
}

}  // namespace fastnn
