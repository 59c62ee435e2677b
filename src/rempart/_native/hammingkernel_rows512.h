/* Comparing rows with AVX-512, eight at a time, two to a register; included by hammingkernel_avx512.c only. */

/* Four registers of two rows' differing words → the eight distances as 16-bit numbers, in every word of the low half
 * those of the rows in the low halves, and likewise the high. */
TARGET static inline __m512i eight_distances(__m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i low = _mm512_or_si512(_mm512_popcnt_epi64(a), _mm512_slli_epi64(_mm512_popcnt_epi64(b), 16));
    __m512i high = _mm512_or_si512(_mm512_slli_epi64(_mm512_popcnt_epi64(c), 32),
                                   _mm512_slli_epi64(_mm512_popcnt_epi64(d), 48));
    __m512i sum = _mm512_or_si512(low, high);
    sum = _mm512_add_epi16(sum, _mm512_permutex_epi64(sum, 0xb1));
    return _mm512_add_epi16(sum, _mm512_permutex_epi64(sum, 0x4e));
}

TARGET static inline __m512i doubled(const uint64_t key[4]) {
    return _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)key));
}

/* Two rows that lie anywhere, as their difference from the key. */
TARGET static inline __m512i two_rows(const uint8_t *keys, const uint32_t *rows, __m512i key) {
    __m256i a = _mm256_loadu_si256((const __m256i *)(keys + (size_t)rows[0] * KEY_BYTES));
    __m256i b = _mm256_loadu_si256((const __m256i *)(keys + (size_t)rows[1] * KEY_BYTES));
    return _mm512_xor_si512(_mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1), key);
}

/* Keeps, in place, every eight row numbers of which one lies within the radius, and the last few; the caller compares
 * those one by one. */
TARGET static uint32_t near_rows(const uint8_t *keys, const uint64_t key[4], uint32_t radius, uint32_t *rows,
                                 uint32_t count) {
    __m512i both = doubled(key), limit = _mm512_set1_epi16((short)radius);
    uint32_t kept = 0, i = 0;
    for (; i + 8 <= count; i += 8) {
        __m512i distances = eight_distances(two_rows(keys, rows + i, both), two_rows(keys, rows + i + 2, both),
                                            two_rows(keys, rows + i + 4, both), two_rows(keys, rows + i + 6, both));
        if (!_mm512_cmple_epu16_mask(distances, limit)) continue;
        memmove(rows + kept, rows + i, 8 * sizeof *rows);
        kept += 8;
    }
    memmove(rows + kept, rows + i, (count - i) * sizeof *rows);
    return kept + (count - i);
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

TARGET static SearchResult brute_block(const uint8_t *keys, uint32_t first, uint32_t end, const uint64_t key[4],
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
