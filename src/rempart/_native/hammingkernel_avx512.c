/* The search for x86-64 machines with AVX-512 and its population count. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "hammingkernel.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,avx2,popcnt,bmi,bmi2")))
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

/* One line is one register: keep the wanted buckets that are not empty (top bit clear), check, pack. */
#define HAVE_GATHER_LINE
TARGET static inline int gather_line(const uint32_t *line, uint32_t wanted, uint32_t rows, uint32_t *out) {
    __m512i places = _mm512_loadu_si512(line);
    __mmask16 keep = _mm512_mask_testn_epi32_mask((__mmask16)wanted, places, _mm512_set1_epi32((int)EMPTY));
    if (_mm512_mask_cmpge_epu32_mask(keep, places, _mm512_set1_epi32((int)rows))) return -1;
    _mm512_mask_compressstoreu_epi32(out, keep, places);
    return _mm_popcnt_u32(keep);
}

#define HAVE_BRUTE_BLOCK
#include "hammingkernel_brute512.h"

#include "hammingkernel_core.h"
#else
typedef int rempart_no_avx512;
#endif
