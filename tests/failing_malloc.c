/* An allocator in which the k-th allocation that the core asks for fails. Preloaded by failing_allocations.py.

   Only allocations of `_native` and `_kernels_*` count, also where the standard library of C++ asks on their behalf:
   what Python, NumPy and HDF5 do without memory is theirs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

struct range {
  uintptr_t begin, end;
};
static struct range core[8], standard[4];
static int cores, standards;
static atomic_int armed;
static atomic_long seen, failing, failed;
static size_t least;
static __thread int inside;

static int add_library(struct dl_phdr_info* info, size_t size, void* unused) {
  (void)size, (void)unused;
  const int of_core = strstr(info->dlpi_name, "/_native.") || strstr(info->dlpi_name, "/_kernels_");
  if (!of_core && !strstr(info->dlpi_name, "/libstdc++")) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X)) continue;
    const uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    const struct range one = {begin, begin + info->dlpi_phdr[i].p_memsz};
    if (of_core && cores < 8) core[cores++] = one;
    if (!of_core && standards < 4) standard[standards++] = one;
  }
  return 0;
}

static int lies_in(const struct range* ranges, int count, const void* address) {
  for (int i = 0; i < count; ++i)
    if ((uintptr_t)address >= ranges[i].begin && (uintptr_t)address < ranges[i].end) return 1;
  return 0;
}

/* Whether the allocation of `size` bytes that is asked for now is the one that fails. */
static __attribute__((noinline)) int fails(size_t size) {
  if (!atomic_load_explicit(&armed, memory_order_relaxed) || size < least || inside) return 0;
  inside = 1;
  void* frames[8];
  const int depth = backtrace(frames, 8);
  inside = 0;
  /* This function, the allocator that called it, and who called that. */
  int i = 2;
  while (i < depth && lies_in(standard, standards, frames[i])) ++i;
  if (i >= depth || !lies_in(core, cores, frames[i])) return 0;
  if (atomic_fetch_add(&seen, 1) + 1 != atomic_load(&failing)) return 0;
  atomic_store(&failed, 1);
  errno = ENOMEM;
  return 1;
}

/* From now on the k-th allocation of at least `bytes` fails, counted from 1; none where k is 0. */
void failing_begin(long k, size_t bytes) {
  void* frame;
  if (!cores) dl_iterate_phdr(add_library, NULL);
  backtrace(&frame, 1);  /* loads what it needs */
  least = bytes;
  atomic_store(&seen, 0);
  atomic_store(&failed, 0);
  atomic_store(&failing, k);
  atomic_store(&armed, 1);
}

/* Ends it; returns how many allocations were seen, negative where one of them failed. */
long failing_end(void) {
  atomic_store(&armed, 0);
  return atomic_load(&failed) ? -atomic_load(&seen) : atomic_load(&seen);
}

void* malloc(size_t size) { return fails(size) ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return fails(count * size) ? NULL : __libc_calloc(count, size); }
void* realloc(void* block, size_t size) { return fails(size) ? NULL : __libc_realloc(block, size); }
void* memalign(size_t alignment, size_t size) { return fails(size) ? NULL : __libc_memalign(alignment, size); }
void* aligned_alloc(size_t alignment, size_t size) { return fails(size) ? NULL : __libc_memalign(alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  if (fails(size)) return ENOMEM;
  void* const found = __libc_memalign(alignment, size);
  if (!found) return ENOMEM;
  *block = found;
  return 0;
}
