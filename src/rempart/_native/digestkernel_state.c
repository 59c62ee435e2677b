/* From bytes in pieces of any length to whole blocks, and the padding at the end. */
#include "digestkernel.h"

#include <string.h>

void state_begin(State *state)
{
    static const Chain FIRST = {
        {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476},
        {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0},
        {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
    };
    memset(state, 0, sizeof *state);
    state->chain = FIRST;
}

void state_update(const Isa *isa, State *state, const uint8_t *data, size_t length)
{
    size_t filled = state->size % BLOCK;
    state->size += length;
    if (filled > 0) {
        size_t missing = BLOCK - filled;
        if (length < missing) {
            if (length > 0)
                memcpy(state->tail + filled, data, length);
            return;
        }
        memcpy(state->tail + filled, data, missing);
        isa->blocks(&state->chain, state->tail, 1);
        data += missing;
        length -= missing;
    }
    if (length >= BLOCK)
        isa->blocks(&state->chain, data, length / BLOCK);
    if (length % BLOCK > 0)
        memcpy(state->tail, data + length / BLOCK * BLOCK, length % BLOCK);
}

static void put(uint8_t *out, const uint32_t *words, size_t count, int big)
{
    for (size_t k = 0; k < 4 * count; k++)
        out[k] = (uint8_t)(words[k / 4] >> 8 * (big ? 3 - k % 4 : k % 4));
}

/* The length stands at the end in bits, modulo 2^64: low byte first for MD5, high byte first for the SHA. So the last
 * block is computed twice. */
void state_finish(const Isa *isa, State *state, uint8_t md5[16], uint8_t sha1[20], uint8_t sha256[32])
{
    uint8_t last[2 * BLOCK] = {0};
    const size_t filled = state->size % BLOCK, count = filled < BLOCK - 8 ? 1 : 2;
    const uint32_t length[2] = {(uint32_t)(state->size << 3), (uint32_t)(state->size >> 29)};
    const uint32_t high_first[2] = {length[1], length[0]};
    Chain little = state->chain, big = state->chain;
    memcpy(last, state->tail, filled);
    last[filled] = 0x80;
    put(last + count * BLOCK - 8, length, 2, 0);
    isa->blocks(&little, last, count);
    put(last + count * BLOCK - 8, high_first, 2, 1);
    isa->blocks(&big, last, count);
    put(md5, little.md5, 4, 0);
    put(sha1, big.sha1, 5, 1);
    put(sha256, big.sha256, 8, 1);
}
