/* The search for x86-64 machines with AVX2 and POPCNT. */
#if defined(__x86_64__)
#include <immintrin.h>

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

/* Which of eight entries have a tag that is near enough, as a bit mask. */
TARGET static inline uint32_t near_entries(const uint32_t *entries, __m256i near, __m128i shift) {
    __m256i all = _mm256_loadu_si256((const __m256i *)entries);
    __m256i wanted = _mm256_slli_epi32(_mm256_srlv_epi32(near, _mm256_srl_epi32(all, shift)), 31);
    __m256i mark = _mm256_cmpeq_epi32(_mm256_max_epu32(all, _mm256_set1_epi32((int)SPILLED)), all);
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_andnot_si256(mark, wanted)));
}

#define HAVE_MATCH_LINES
TARGET static void match_lines(Match *match, const uint32_t *entries, uint32_t count) {
    const uint32_t id_mask = (1u << match->id_bits) - 1;
    const __m128i shift = _mm_cvtsi32_si128((int)match->id_bits);
    uint32_t found = match->count, damaged = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t *line = match->lines + (size_t)(match->line ^ (entries[i] >> LEFT_BITS)) * LINE;
        uint32_t left = entries[i] & ((1 << LEFT_BITS) - 1);
        __m256i near = _mm256_set1_epi32((int)rempart_near[left][match->tag]);
        uint32_t keep = near_entries(line, near, shift) | near_entries(line + 8, near, shift) << 8;
        if (line[LINE - 1] == SPILLED) {
            keep &= (1u << HELD_WHEN_SPILLED) - 1;
            match->spills[match->spill_count++] = (Spill){line[HELD_WHEN_SPILLED], left};
        }
        for (; keep; keep &= keep - 1) {
            uint32_t row = line[__builtin_ctz(keep)] & id_mask;
            damaged |= row >= match->rows;
            match->found[found++] = row;
        }
    }
    match->count = found;
    match->damaged = damaged;
}

#include "hammingkernel_core.h"
#else
typedef int rempart_no_avx2;
#endif
