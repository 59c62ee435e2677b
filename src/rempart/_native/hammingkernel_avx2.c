/* The search for x86-64 machines with AVX2 and POPCNT. */
#if defined(__x86_64__)
#include "hammingkernel.h"

#define TARGET __attribute__((target("avx2,popcnt,bmi,bmi2")))
#define KERNEL_SYMBOL rempart_kernel_avx2
#define KERNEL_NAME "avx2"

TARGET static inline uint32_t popcount64(uint64_t x) { return (uint32_t)__builtin_popcountll(x); }

static int supported(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}
#define KERNEL_SUPPORTED supported

#include "hammingkernel_core.h"
#else
typedef int rempart_no_avx2;
#endif
