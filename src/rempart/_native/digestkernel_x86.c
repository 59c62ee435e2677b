/* Whole blocks, for x86-64 processors with the SHA instructions. Written from RFC 1321 and FIPS 180-4. */
#include "digestkernel.h"

#ifdef HAVE_X86
#include <immintrin.h>
#include <string.h>

#define TARGET_SHA __attribute__((target("sha,sse4.1,ssse3")))
#define INLINE TARGET_SHA static inline

/* RFC 1321 section 3.4: the integer part of 2^32 * abs(sin(i + 1)). */
static const uint32_t SINES[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
/* FIPS 180-4 section 4.2.2. */
static const uint32_t ROOTS[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* The lanes that the instructions want: e alone in the top one; a and b, e and f above c and d, g and h. */
typedef struct {
    __m128i abcd, e;
} Sha1;

typedef struct {
    __m128i abef, cdgh;
} Sha256;

INLINE Sha1 load_sha1(const uint32_t *chain)
{
    return (Sha1){_mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)chain), 0x1b),
                  _mm_set_epi32((int)chain[4], 0, 0, 0)};
}

INLINE void store_sha1(Sha1 state, uint32_t *chain)
{
    _mm_storeu_si128((__m128i *)chain, _mm_shuffle_epi32(state.abcd, 0x1b));
    chain[4] = (uint32_t)_mm_extract_epi32(state.e, 3);
}

INLINE Sha256 load_sha256(const uint32_t *h)
{
    return (Sha256){_mm_set_epi32((int)h[0], (int)h[1], (int)h[4], (int)h[5]),
                    _mm_set_epi32((int)h[2], (int)h[3], (int)h[6], (int)h[7])};
}

INLINE void store_sha256(Sha256 state, uint32_t *h)
{
    uint32_t abef[4], cdgh[4];
    _mm_storeu_si128((__m128i *)abef, state.abef);
    _mm_storeu_si128((__m128i *)cdgh, state.cdgh);
    h[0] = abef[3], h[1] = abef[2], h[4] = abef[1], h[5] = abef[0];
    h[2] = cdgh[3], h[3] = cdgh[2], h[6] = cdgh[1], h[7] = cdgh[0];
}

INLINE __m128i load_words(const uint8_t *data, __m128i order)
{
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data), order);
}

INLINE uint32_t load_little(const uint8_t *data)
{
    uint32_t word;
    memcpy(&word, data, 4);
    return word;
}

/* Four rounds on message words x; while more are wanted, x becomes the words sixteen rounds on. */
#define SHA256_FOUR(round, x, y, z, t, more)                                                                          \
    {                                                                                                                 \
        const __m128i sum = _mm_add_epi32(x, _mm_load_si128((const __m128i *)(ROOTS + (round))));                     \
        two.cdgh = _mm_sha256rnds2_epu32(two.cdgh, two.abef, sum);                                                    \
        two.abef = _mm_sha256rnds2_epu32(two.abef, two.cdgh, _mm_shuffle_epi32(sum, 0x0e));                           \
        if (more)                                                                                                     \
            x = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(x, y), _mm_alignr_epi8(t, z, 4)), t);         \
    }
/* `e` holds the words to add for these four rounds; it is made ready for the next four. */
#define SHA1_FOUR(function, x, y, z, t, more)                                                                         \
    {                                                                                                                 \
        before = one.abcd;                                                                                            \
        one.abcd = _mm_sha1rnds4_epu32(one.abcd, e, function);                                                        \
        e = _mm_sha1nexte_epu32(before, y);                                                                           \
        if (more)                                                                                                     \
            x = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(x, y), z), t);                                    \
    }
/* Keeps the compiler from adding the waited-for value first, which would lengthen MD5's chain. */
INLINE uint32_t settled(uint32_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

/* MD5 is as fast as the way from b to the next b is short: five steps with F and I, four with G and H.
 * In G, (b & d) + (c & ~d) is (b & d) | (c & ~d) with one step less after b. */
#define MD5_F(b, c, d, sum) (((c ^ d) & b) ^ d) + sum
#define MD5_G(b, c, d, sum) (b & d) + settled(sum + (c & ~d))
#define MD5_H(b, c, d, sum) (settled(c ^ d) ^ b) + sum
#define MD5_I(b, c, d, sum) ((b | ~d) ^ c) + sum
#define MD5_ONE(F, a, b, c, d, round, word, shift)                                                                    \
    {                                                                                                                 \
        const uint32_t sum = MD5_##F(b, c, d, settled(a + load_little(data + 4 * (word)) + SINES[round]));            \
        a = b + (sum << (shift) | sum >> (32 - (shift)));                                                             \
    }
#define MD5_FOUR(F, round, g0, g1, g2, g3, s0, s1, s2, s3)                                                            \
    MD5_ONE(F, a, b, c, d, round, g0, s0)                                                                             \
    MD5_ONE(F, d, a, b, c, round + 1, g1, s1)                                                                         \
    MD5_ONE(F, c, d, a, b, round + 2, g2, s2)                                                                         \
    MD5_ONE(F, b, c, d, a, round + 3, g3, s3)

/* MD5 is one chain of 64 steps, each waiting for the last: it leaves most of the processor idle. The steps of the two
 * SHA, which have instructions of their own, stand between them so that they run in its gaps. */
TARGET_SHA static void blocks_sha(Chain *chain, const uint8_t *data, size_t count)
{
    const __m128i in_words = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i backwards = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    uint32_t a = chain->md5[0], b = chain->md5[1];
    uint32_t c = chain->md5[2], d = chain->md5[3];
    Sha1 one = load_sha1(chain->sha1);
    Sha256 two = load_sha256(chain->sha256);
    for (; count > 0; count--, data += BLOCK) {
        const uint32_t a0 = a, b0 = b, c0 = c, d0 = d;
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

        a += a0, b += b0, c += c0, d += d0;
        one.e = _mm_sha1nexte_epu32(before, one0.e);
        one.abcd = _mm_add_epi32(one.abcd, one0.abcd);
        two.abef = _mm_add_epi32(two.abef, two0.abef);
        two.cdgh = _mm_add_epi32(two.cdgh, two0.cdgh);
    }
    chain->md5[0] = a, chain->md5[1] = b;
    chain->md5[2] = c, chain->md5[3] = d;
    store_sha1(one, chain->sha1);
    store_sha256(two, chain->sha256);
}

const Isa isa_sha = {"sha", blocks_sha};
#endif
