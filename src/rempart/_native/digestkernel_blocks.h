/* One block through all three functions at once, included once per way of computing MD5.
 *
 * MD5 is one chain of 64 steps, each waiting for the last: it leaves most of the processor idle. The steps of the two
 * SHA, which have instructions of their own, stand between them in the program so that they run in its gaps.
 * MD5_WORD, MD5_LOAD, MD5_STORE and MD5_ONE(F, a, b, c, d, round, word, shift) are given by the file that includes this. */

#define MD5_FOUR(F, round, g0, g1, g2, g3, s0, s1, s2, s3)                                                            \
    MD5_ONE(F, a, b, c, d, round, g0, s0)                                                                             \
    MD5_ONE(F, d, a, b, c, round + 1, g1, s1)                                                                         \
    MD5_ONE(F, c, d, a, b, round + 2, g2, s2)                                                                         \
    MD5_ONE(F, b, c, d, a, round + 3, g3, s3)

TARGET static void BLOCKS(Chain *chain, const uint8_t *data, size_t count)
{
    const __m128i in_words = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i backwards = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    MD5_WORD a = MD5_LOAD(chain->md5[0]), b = MD5_LOAD(chain->md5[1]);
    MD5_WORD c = MD5_LOAD(chain->md5[2]), d = MD5_LOAD(chain->md5[3]);
    Sha1 one = load_sha1(chain->sha1);
    Sha256 two = load_sha256(chain->sha256);
    for (; count > 0; count--, data += BLOCK) {
        const MD5_WORD a0 = a, b0 = b, c0 = c, d0 = d;
        const Sha1 one0 = one;
        const Sha256 two0 = two;
        __m128i w0 = load_words(data, in_words), w1 = load_words(data + 16, in_words);
        __m128i w2 = load_words(data + 32, in_words), w3 = load_words(data + 48, in_words);
        __m128i v0 = load_words(data, backwards), v1 = load_words(data + 16, backwards);
        __m128i v2 = load_words(data + 32, backwards), v3 = load_words(data + 48, backwards);
        __m128i e = _mm_add_epi32(one.e, v0), before;

        MD5_FOUR(F, 0, 0, 1, 2, 3, 7, 12, 17, 22) SHA256_FOUR(0, w0, w1, w2, w3, 1)
            SHA1_FOUR(0, v0, v1, v2, v3, 1)
        MD5_FOUR(F, 4, 4, 5, 6, 7, 7, 12, 17, 22) SHA256_FOUR(4, w1, w2, w3, w0, 1)
            SHA1_FOUR(0, v1, v2, v3, v0, 1)
        MD5_FOUR(F, 8, 8, 9, 10, 11, 7, 12, 17, 22) SHA256_FOUR(8, w2, w3, w0, w1, 1)
            SHA1_FOUR(0, v2, v3, v0, v1, 1)
        MD5_FOUR(F, 12, 12, 13, 14, 15, 7, 12, 17, 22) SHA256_FOUR(12, w3, w0, w1, w2, 1)
            SHA1_FOUR(0, v3, v0, v1, v2, 1) SHA1_FOUR(0, v0, v1, v2, v3, 1)
        MD5_FOUR(G, 16, 1, 6, 11, 0, 5, 9, 14, 20) SHA256_FOUR(16, w0, w1, w2, w3, 1)
            SHA1_FOUR(1, v1, v2, v3, v0, 1)
        MD5_FOUR(G, 20, 5, 10, 15, 4, 5, 9, 14, 20) SHA256_FOUR(20, w1, w2, w3, w0, 1)
            SHA1_FOUR(1, v2, v3, v0, v1, 1)
        MD5_FOUR(G, 24, 9, 14, 3, 8, 5, 9, 14, 20) SHA256_FOUR(24, w2, w3, w0, w1, 1)
            SHA1_FOUR(1, v3, v0, v1, v2, 1)
        MD5_FOUR(G, 28, 13, 2, 7, 12, 5, 9, 14, 20) SHA256_FOUR(28, w3, w0, w1, w2, 1)
            SHA1_FOUR(1, v0, v1, v2, v3, 1) SHA1_FOUR(1, v1, v2, v3, v0, 1)
        MD5_FOUR(H, 32, 5, 8, 11, 14, 4, 11, 16, 23) SHA256_FOUR(32, w0, w1, w2, w3, 1)
            SHA1_FOUR(2, v2, v3, v0, v1, 1)
        MD5_FOUR(H, 36, 1, 4, 7, 10, 4, 11, 16, 23) SHA256_FOUR(36, w1, w2, w3, w0, 1)
            SHA1_FOUR(2, v3, v0, v1, v2, 1)
        MD5_FOUR(H, 40, 13, 0, 3, 6, 4, 11, 16, 23) SHA256_FOUR(40, w2, w3, w0, w1, 1)
            SHA1_FOUR(2, v0, v1, v2, v3, 1)
        MD5_FOUR(H, 44, 9, 12, 15, 2, 4, 11, 16, 23) SHA256_FOUR(44, w3, w0, w1, w2, 1)
            SHA1_FOUR(2, v1, v2, v3, v0, 1) SHA1_FOUR(2, v2, v3, v0, v1, 1)
        MD5_FOUR(I, 48, 0, 7, 14, 5, 6, 10, 15, 21) SHA256_FOUR(48, w0, w1, w2, w3, 0)
            SHA1_FOUR(3, v3, v0, v1, v2, 1)
        MD5_FOUR(I, 52, 12, 3, 10, 1, 6, 10, 15, 21) SHA256_FOUR(52, w1, w2, w3, w0, 0)
            SHA1_FOUR(3, v0, v1, v2, v3, 0)
        MD5_FOUR(I, 56, 8, 15, 6, 13, 6, 10, 15, 21) SHA256_FOUR(56, w2, w3, w0, w1, 0)
            SHA1_FOUR(3, v1, v2, v3, v0, 0)
        MD5_FOUR(I, 60, 4, 11, 2, 9, 6, 10, 15, 21) SHA256_FOUR(60, w3, w0, w1, w2, 0)
            SHA1_FOUR(3, v2, v3, v0, v1, 0) SHA1_FOUR(3, v3, v0, v1, v2, 0)

        a = MD5_ADD(a, a0), b = MD5_ADD(b, b0), c = MD5_ADD(c, c0), d = MD5_ADD(d, d0);
        one.e = _mm_sha1nexte_epu32(before, one0.e);
        one.abcd = _mm_add_epi32(one.abcd, one0.abcd);
        two.abef = _mm_add_epi32(two.abef, two0.abef);
        two.cdgh = _mm_add_epi32(two.cdgh, two0.cdgh);
    }
    chain->md5[0] = MD5_STORE(a), chain->md5[1] = MD5_STORE(b);
    chain->md5[2] = MD5_STORE(c), chain->md5[3] = MD5_STORE(d);
    store_sha1(one, chain->sha1);
    store_sha256(two, chain->sha256);
}

#undef MD5_FOUR
#undef MD5_ONE
#undef MD5_WORD
#undef MD5_LOAD
#undef MD5_STORE
#undef MD5_ADD
#undef TARGET
#undef BLOCKS
