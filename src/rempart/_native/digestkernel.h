/* MD5, SHA-1 and SHA-256 of the same bytes in one pass: what the kernel's files share.
 * docs/decisions/0008-digest-kernel.md says why it is built this way. */
#ifndef REMPART_DIGESTKERNEL_H
#define REMPART_DIGESTKERNEL_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK 64

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_X86 1
#endif

/* The three chaining values (RFC 1321 section 3.3, FIPS 180-4 sections 5.3.1 and 5.3.3). */
typedef struct {
    uint32_t md5[4], sha1[5], sha256[8];
} Chain;

/* Everything between two updates. Any content is safe: the fill of `tail` follows from `size`. */
typedef struct {
    uint64_t size; /* bytes so far */
    Chain chain;
    uint8_t tail[BLOCK];
} State;

/* One instruction set's way through whole blocks. */
typedef struct {
    const char *name;
    void (*blocks)(Chain *chain, const uint8_t *data, size_t count);
} Isa;

#ifdef HAVE_X86
extern const Isa isa_sha;
#endif

void state_begin(State *state);
void state_update(const Isa *isa, State *state, const uint8_t *data, size_t length);
/* 16 bytes of MD5, 20 of SHA-1, 32 of SHA-256. */
void state_finish(const Isa *isa, State *state, uint8_t md5[16], uint8_t sha1[20], uint8_t sha256[32]);

#endif
