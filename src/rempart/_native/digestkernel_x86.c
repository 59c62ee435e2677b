/* Whole blocks, for x86-64 processors with the SHA instructions. Written from RFC 1321 and FIPS 180-4. */
#include "digestkernel.h"

#ifdef HAVE_X86
#include <immintrin.h>
#include <string.h>

#define TARGET_SHA __attribute__((target("sha,sse4.1,ssse3")))
#define TARGET_SHA_AVX512 __attribute__((target("sha,sse4.1,ssse3,avx512f,avx512vl")))
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
#define SETTLED(constraint, value) __asm__("" : "+" constraint(value))

/* MD5 in general registers. (b & d) + (c & ~d) is (b & d) | (c & ~d), with one step less after b. */
#define MD5_F(b, c, d, sum) (((c ^ d) & b) ^ d) + sum
#define MD5_G(b, c, d, sum) (b & d) + settled(sum + (c & ~d))
#define MD5_H(b, c, d, sum) (b ^ (c ^ d)) + sum
#define MD5_I(b, c, d, sum) ((b | ~d) ^ c) + sum
INLINE uint32_t settled(uint32_t value)
{
    SETTLED("r", value);
    return value;
}
#define MD5_WORD uint32_t
#define MD5_LOAD(word) (word)
#define MD5_STORE(word) (word)
#define MD5_ADD(x, y) ((x) + (y))
#define MD5_ONE(F, a, b, c, d, round, word, shift)                                                                    \
    {                                                                                                                 \
        const uint32_t sum = MD5_##F(b, c, d, settled(a + load_little(data + 4 * (word)) + SINES[round]));            \
        a = b + (sum << (shift) | sum >> (32 - (shift)));                                                             \
    }
#define TARGET TARGET_SHA
#define BLOCKS blocks_sha
#include "digestkernel_blocks.h"

const Isa isa_sha = {"sha", blocks_sha};

/* MD5 in vector registers: any function of three values is one instruction there, so that a step is four cycles. */
enum { TABLE_F = 0xca, TABLE_G = 0xe4, TABLE_H = 0x96, TABLE_I = 0x39 };
#define MD5_WORD __m128i
#define MD5_LOAD(word) _mm_set1_epi32((int)(word))
#define MD5_STORE(word) ((uint32_t)_mm_cvtsi128_si32(word))
#define MD5_ADD(x, y) _mm_add_epi32(x, y)
#define MD5_ONE(F, a, b, c, d, round, word, shift)                                                                    \
    {                                                                                                                 \
        a = _mm_add_epi32(a, _mm_set1_epi32((int)load_little(data + 4 * (word))));                                    \
        a = _mm_add_epi32(a, _mm_set1_epi32((int)SINES[round]));                                                      \
        SETTLED("v", a);                                                                                              \
        a = _mm_add_epi32(a, _mm_ternarylogic_epi32(b, c, d, TABLE_##F));                                             \
        a = _mm_add_epi32(b, _mm_rol_epi32(a, shift));                                                                \
    }
#define TARGET TARGET_SHA_AVX512
#define BLOCKS blocks_sha_avx512
#include "digestkernel_blocks.h"

const Isa isa_sha_avx512 = {"sha+avx512", blocks_sha_avx512};
#endif
