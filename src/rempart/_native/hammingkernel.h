/* Shared by the Hamming kernel's translation units: the index as the search sees it, and one table of functions
 * per instruction set. Nothing here knows Python. */
#ifndef REMPART_HAMMINGKERNEL_H
#define REMPART_HAMMINGKERNEL_H

#include <stddef.h>
#include <stdint.h>

#define KEY_BYTES 32
#define KEY_BITS 256
#define MAX_CHUNKS 32
#define MIN_WIDTH 4
#define MAX_WIDTH 28
#define MAX_REACH 6
#define MAX_RADIUS 63
/* Directory entry of an empty bucket; and the bit that marks a bucket's last id. */
#define EMPTY 0x80000000u
#define STOP 0x80000000u
/* Directory entries looked at together: one cache line. */
#define LINE_BITS 4
#define LINE (1u << LINE_BITS)

/* Lines of a directory within `reach` flips of the line that holds a value: each entry is the flips of the high
 * bits, and in the low LINE_BITS how many flips are left for the low bits. */
typedef struct {
    uint32_t count;
    uint32_t entries[];
} Lines;

typedef struct {
    uint32_t start, width;
    const uint32_t *directory; /* 1 << width */
    const uint32_t *ids;       /* rows */
} Chunk;

typedef struct {
    const uint8_t *keys; /* rows * KEY_BYTES */
    uint32_t rows;
    uint32_t chunk_count;
    Chunk chunks[MAX_CHUNKS];
} Index;

typedef struct {
    uint32_t radius;
    uint32_t chunk_count; /* 0: compare every row */
    struct {
        const Chunk *chunk;
        const Lines *lines;
        uint32_t reach;
    } parts[MAX_CHUNKS]; /* only chunks that are searched */
} Plan;

/* Hits of all queries one after another, each (distance << 32 | row). */
typedef struct {
    uint64_t *items;
    size_t count, room;
} Hits;

typedef enum { SEARCH_OK = 0, SEARCH_NO_MEMORY = 1, SEARCH_DAMAGED = 2 } SearchResult;

/* Appends every hit of `queries` to `hits` in order; offsets has queries + 1 places. */
typedef SearchResult (*SearchFunction)(const Index *index, const Plan *plan, const uint8_t *queries, size_t count,
                                       Hits *hits, int64_t *offsets);

typedef struct {
    const char *name;
    int (*supported)(void);
    SearchFunction search;
} Kernel;

extern const Kernel rempart_kernel_scalar;
#if defined(__x86_64__)
extern const Kernel rempart_kernel_avx2;
extern const Kernel rempart_kernel_avx512;
#elif defined(__aarch64__)
extern const Kernel rempart_kernel_neon;
#endif

int rempart_hits_push(Hits *hits, uint64_t item);
void rempart_hits_sort(uint64_t *items, size_t count);

/* Which of a line's 16 buckets lie within `left` flips of `low`, as a bit mask: [left][low]. */
extern const uint16_t rempart_near[LINE_BITS + 1][LINE];

/* Bits start to start + width of a key given as four little-endian words. */
static inline uint32_t rempart_chunk_of(const uint64_t key[4], uint32_t start, uint32_t width) {
    uint32_t word = start >> 6, shift = start & 63;
    uint64_t value = key[word] >> shift;
    if (shift + width > 64) value |= key[word + 1] << (64 - shift);
    return (uint32_t)(value & (((uint64_t)1 << width) - 1));
}

void rempart_build_chunk(const uint8_t *keys, uint32_t rows, uint32_t start, uint32_t width, uint32_t *directory,
                         uint32_t *ids);

#endif
