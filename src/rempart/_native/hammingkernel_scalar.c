/* The search in plain C; on aarch64 the compiler's own population count is the vector one. */
#include "hammingkernel.h"

#define TARGET

#if defined(__aarch64__)
#define KERNEL_SYMBOL rempart_kernel_neon
#define KERNEL_NAME "neon"
static inline uint32_t popcount64(uint64_t x) { return (uint32_t)__builtin_popcountll(x); }
#else
#define KERNEL_SYMBOL rempart_kernel_scalar
#define KERNEL_NAME "scalar"
static inline uint32_t popcount64(uint64_t x) {
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (uint32_t)(x * 0x0101010101010101u >> 56);
}
#endif

static int supported(void) { return 1; }
#define KERNEL_SUPPORTED supported

#include "hammingkernel_core.h"

#if defined(__aarch64__)
const Kernel rempart_kernel_scalar = {"scalar", supported, search};
#endif
