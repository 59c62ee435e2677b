/* The search for x86-64 machines with AVX-512 and its population count. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "hammingkernel.h"

/* AVX-512 is used where it is written out; the compiler's own use of it in the rest cost a tenth. */
#define TARGET __attribute__((target("avx2,popcnt,bmi,bmi2")))
#define VECTOR __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,avx2,popcnt,bmi,bmi2")))
#define KERNEL_SYMBOL rempart_kernel_avx512
#define KERNEL_NAME "avx512"

TARGET static inline uint32_t popcount64(uint64_t x) { return (uint32_t)__builtin_popcountll(x); }

static int supported(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
#define KERNEL_SUPPORTED supported

#define HAVE_MATCH_LINES
#define HAVE_BRUTE_BLOCK
#include "hammingkernel_rows512.h"

#include "hammingkernel_core.h"
#else
typedef int rempart_no_avx512;
#endif
