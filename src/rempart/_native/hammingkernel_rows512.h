/* Sifting lines, and brute force, with AVX-512; included by hammingkernel_avx512.c only. */

/* A line is one register: keep the entries whose tag is near enough. */
VECTOR static void match_lines(Match *match, const uint32_t *entries, uint32_t count) {
    const __m512i id_mask = _mm512_set1_epi32((1 << match->id_bits) - 1), rows = _mm512_set1_epi32((int)match->rows);
    const __m512i tag = _mm512_set1_epi32((int)match->tag), spilled = _mm512_set1_epi32((int)SPILLED);
    const __m128i shift = _mm_cvtsi32_si128((int)match->id_bits);
    uint32_t found = match->count;
    __mmask16 damaged = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t *line = match->lines + (size_t)(match->line ^ (entries[i] >> LEFT_BITS)) * LINE;
        uint32_t left = entries[i] & ((1 << LEFT_BITS) - 1);
        __m512i all = _mm512_loadu_si512(line);
        __m512i flips = _mm512_popcnt_epi32(_mm512_xor_si512(_mm512_srl_epi32(all, shift), tag));
        __mmask16 keep = _mm512_mask_cmple_epu32_mask(_mm512_cmplt_epu32_mask(all, spilled), flips,
                                                      _mm512_set1_epi32((int)left));
        if (line[LINE - 1] == SPILLED) {
            keep &= (1 << HELD_WHEN_SPILLED) - 1;
            match->spills[match->spill_count++] = (Spill){line[HELD_WHEN_SPILLED], left};
        }
        __m512i ids = _mm512_and_si512(all, id_mask);
        damaged |= _mm512_mask_cmpge_epu32_mask(keep, ids, rows);
        /* Packing in the register and storing all of it is several times faster than a packing store. */
        _mm512_storeu_si512(match->found + found, _mm512_maskz_compress_epi32(keep, ids));
        found += (uint32_t)_mm_popcnt_u32(keep);
    }
    match->count = found;
    match->damaged = damaged;
}

/* Four registers of two rows' differing words → the eight distances as 16-bit numbers, in every word of the low half
 * those of the rows in the low halves, and likewise the high. */
VECTOR static inline __m512i eight_distances(__m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i low = _mm512_or_si512(_mm512_popcnt_epi64(a), _mm512_slli_epi64(_mm512_popcnt_epi64(b), 16));
    __m512i high = _mm512_or_si512(_mm512_slli_epi64(_mm512_popcnt_epi64(c), 32),
                                   _mm512_slli_epi64(_mm512_popcnt_epi64(d), 48));
    __m512i sum = _mm512_or_si512(low, high);
    sum = _mm512_add_epi16(sum, _mm512_permutex_epi64(sum, 0xb1));
    return _mm512_add_epi16(sum, _mm512_permutex_epi64(sum, 0x4e));
}

VECTOR static inline __m512i doubled(const uint64_t key[4]) {
    return _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)key));
}

TARGET static inline uint32_t one_distance(const uint64_t key[4], const uint8_t *row) {
    uint32_t distance = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t word;
        memcpy(&word, row + 8 * i, 8);
        distance += popcount64(key[i] ^ word);
    }
    return distance;
}

VECTOR static SearchResult brute_block(const uint8_t *keys, uint32_t first, uint32_t end, const uint64_t key[4],
                                       uint32_t radius, Hits *hits) {
    __m512i both = doubled(key), limit = _mm512_set1_epi16((short)radius);
    uint32_t row = first;
    for (; end - row >= 8; row += 8) {
        const uint8_t *rows = keys + (size_t)row * KEY_BYTES;
        __m512i a = _mm512_xor_si512(_mm512_loadu_si512(rows), both);
        __m512i b = _mm512_xor_si512(_mm512_loadu_si512(rows + 64), both);
        __m512i c = _mm512_xor_si512(_mm512_loadu_si512(rows + 128), both);
        __m512i d = _mm512_xor_si512(_mm512_loadu_si512(rows + 192), both);
        if (!_mm512_cmple_epu16_mask(eight_distances(a, b, c, d), limit)) continue;
        for (uint32_t i = 0; i < 8; i++) {
            uint32_t distance = one_distance(key, rows + (size_t)i * KEY_BYTES);
            if (distance <= radius && !rempart_hits_push(hits, (uint64_t)distance << 32 | (row + i)))
                return SEARCH_NO_MEMORY;
        }
    }
    for (; row < end; row++) {
        uint32_t distance = one_distance(key, keys + (size_t)row * KEY_BYTES);
        if (distance <= radius && !rempart_hits_push(hits, (uint64_t)distance << 32 | row)) return SEARCH_NO_MEMORY;
    }
    return SEARCH_OK;
}
