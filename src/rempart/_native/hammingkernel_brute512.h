/* Brute force with AVX-512: eight rows at a time, two to a register; included by hammingkernel_avx512.c only. */

/* Distances of rows 0 2 4 6 (low half) and 1 3 5 7 (high half) as 16-bit numbers, four times over. */
TARGET static inline __m512i eight_distances(const uint8_t *rows, __m512i key) {
    __m512i a = _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(rows), key));
    __m512i b = _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(rows + 64), key));
    __m512i c = _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(rows + 128), key));
    __m512i d = _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(rows + 192), key));
    __m512i low = _mm512_or_si512(a, _mm512_slli_epi64(b, 16));
    __m512i high = _mm512_or_si512(_mm512_slli_epi64(c, 32), _mm512_slli_epi64(d, 48));
    __m512i sum = _mm512_or_si512(low, high);
    sum = _mm512_add_epi16(sum, _mm512_permutex_epi64(sum, 0xb1));
    return _mm512_add_epi16(sum, _mm512_permutex_epi64(sum, 0x4e));
}

TARGET static inline uint32_t one_distance(const uint64_t key[4], const uint8_t *row) {
    uint32_t distance = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t word;
        __builtin_memcpy(&word, row + 8 * i, 8);
        distance += popcount64(key[i] ^ word);
    }
    return distance;
}

TARGET static SearchResult brute_block(const uint8_t *keys, uint32_t first, uint32_t end, const uint64_t key[4],
                                       uint32_t radius, Hits *hits) {
    __m256i half = _mm256_loadu_si256((const __m256i *)key);
    __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(half), half, 1);
    __m512i limit = _mm512_set1_epi16((short)radius);
    uint32_t row = first;
    for (; end - row >= 8; row += 8) {
        const uint8_t *rows = keys + (size_t)row * KEY_BYTES;
        if (!_mm512_cmple_epu16_mask(eight_distances(rows, both), limit)) continue;
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
