/* Shared by the Hamming kernel's translation units: the index as the search sees it, and one table of functions
 * per instruction set. Nothing here knows Python. */
#ifndef REMPART_HAMMINGKERNEL_H
#define REMPART_HAMMINGKERNEL_H

#include <stddef.h>
#include <stdint.h>

#define KEY_BYTES 32
#define KEY_BITS 256
#define MAX_CHUNKS 32
#define MAX_REACH 6
#define MAX_RADIUS 63
/* A chunk's table is made of lines of 16 entries, one cache line each. */
#define LINE 16u
#define MIN_LINE_BITS 4
#define MAX_LINE_BITS 26
#define MAX_TAG_BITS 5
#define MIN_ID_BITS (32 - MAX_TAG_BITS)
/* An entry is a row number with the chunk's low bits (the tag) above it. These two are no entries: a free place, and
 * in a line's last place the mark that the line has more rows than it holds: then the place before says where in
 * `extra` the others stand, behind their number. */
#define FREE 0xffffffffu
#define SPILLED 0xfffffffeu
#define HELD_WHEN_SPILLED 14u

/* Lines within `reach` flips of the line that holds a value: each entry is the flips of the line's number, shifted up
 * by LEFT_BITS, and in the low bits how many flips are left for the tag. */
#define LEFT_BITS 3
typedef struct {
    uint32_t count;
    uint32_t entries[];
} Lines;

typedef struct {
    uint32_t start, width, tag_bits; /* the line's number is the value without its tag */
    const uint32_t *lines;           /* LINE << (width - tag_bits) */
    const uint32_t *extra;           /* lists of rows that lines had no room for */
    size_t extra_count;
} Chunk;

typedef struct {
    const uint8_t *keys; /* rows * KEY_BYTES */
    uint32_t rows;
    uint32_t id_bits;
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

/* A line's surplus rows to look through: where in `extra`, and how many flips are left for the tag. */
typedef struct {
    uint32_t place, left;
} Spill;

/* What is looked for in a tile's lines, and what was found. */
typedef struct {
    const uint32_t *lines; /* the chunk's */
    uint32_t line, tag;    /* the query's */
    uint32_t id_bits, rows;
    uint32_t count, spill_count;
    uint32_t damaged;
    uint32_t *found; /* row numbers; room for a line more than can be found */
    Spill *spills;
} Match;

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

/* Which tags lie within `left` flips of `tag`, as a bit mask: [left][tag]. */
extern const uint32_t rempart_near[MAX_TAG_BITS + 1][1 << MAX_TAG_BITS];

/* Bits start to start + width of a key given as four little-endian words. */
static inline uint32_t rempart_chunk_of(const uint64_t key[4], uint32_t start, uint32_t width) {
    uint32_t word = start >> 6, shift = start & 63;
    uint64_t value = key[word] >> shift;
    if (shift + width > 64) value |= key[word + 1] << (64 - shift);
    return (uint32_t)(value & (((uint64_t)1 << width) - 1));
}

/* Counts the rows of each line; returns how many places the surplus rows need. */
size_t rempart_count_chunk(const uint8_t *keys, uint32_t rows, const Chunk *chunk, uint32_t *counts);
/* Fills lines and extra (as long as rempart_count_chunk said), given its counts, which are used up. */
void rempart_fill_chunk(const uint8_t *keys, uint32_t rows, const Chunk *chunk, uint32_t id_bits, uint32_t *counts,
                        uint32_t *lines, uint32_t *extra);

#endif
