/* The search, written once and compiled once per instruction set.
 *
 * The including file defines TARGET (a function attribute), KERNEL_NAME, KERNEL_SUPPORTED, and may define
 *   near_rows    sifts the rows that were fetched
 *   brute_block  hits of one query among a run of rows
 * and must define popcount64.
 * A lookup misses the cache a few thousand times, and its time is how many of those misses overlap. So the work
 * runs as a stream of tiles (a query, a chunk, up to TILE directory lines), each in three steps that trail each
 * other: fetch the directory's lines · read them and fetch the row numbers · read those, fetch the rows, compare.
 */
#include <string.h>

#include "hammingkernel.h"

#define TILE 256u
#define BATCH 512u

typedef struct {
    size_t query;
    uint32_t part, first;
} Cursor;

typedef struct {
    const Index *index;
    const Plan *plan;
    const uint8_t *queries;
    size_t query_count;
    Hits *hits;
    int64_t *offsets;
    /* State of the query that is being compared. */
    uint64_t key[4];
    size_t candidates;
    int dense;
} Run;

TARGET static inline void load_key(uint64_t key[4], const uint8_t *bytes) { memcpy(key, bytes, KEY_BYTES); }

TARGET static inline uint32_t distance_of(const uint64_t a[4], const uint8_t *row) {
    uint64_t b[4];
    memcpy(b, row, KEY_BYTES);
    return popcount64(a[0] ^ b[0]) + popcount64(a[1] ^ b[1]) + popcount64(a[2] ^ b[2]) + popcount64(a[3] ^ b[3]);
}

#ifndef HAVE_BRUTE_BLOCK
/* Two words tell almost every row apart from a query; only the rest is compared in full. */
TARGET static SearchResult brute_block(const uint8_t *keys, uint32_t first, uint32_t end, const uint64_t key[4],
                                       uint32_t radius, Hits *hits) {
    for (uint32_t row = first; row < end; row++) {
        uint64_t b[4];
        memcpy(b, keys + (size_t)row * KEY_BYTES, KEY_BYTES);
        uint32_t distance = popcount64(key[0] ^ b[0]) + popcount64(key[1] ^ b[1]);
        if (distance > radius) continue;
        distance += popcount64(key[2] ^ b[2]) + popcount64(key[3] ^ b[3]);
        if (distance <= radius && !rempart_hits_push(hits, (uint64_t)distance << 32 | row)) return SEARCH_NO_MEMORY;
    }
    return SEARCH_OK;
}
#endif

TARGET static SearchResult brute_one(const Index *index, const uint8_t *query, uint32_t radius, Hits *hits) {
    uint64_t key[4];
    load_key(key, query);
    return brute_block(index->keys, 0, index->rows, key, radius, hits);
}

TARGET static inline uint32_t value_at(const Run *run, const Cursor *at) {
    uint64_t key[4];
    load_key(key, run->queries + at->query * KEY_BYTES);
    const Chunk *chunk = run->plan->parts[at->part].chunk;
    return rempart_chunk_of(key, chunk->start, chunk->width);
}

TARGET static inline uint32_t tile_end(const Run *run, const Cursor *at) {
    uint32_t count = run->plan->parts[at->part].lines->count;
    return count - at->first < TILE ? count : at->first + TILE;
}

/* Step one: ask for the tile's directory lines. */
TARGET static void fetch_lines(const Run *run, const Cursor *at) {
    const uint32_t *directory = run->plan->parts[at->part].chunk->directory;
    const uint32_t *entries = run->plan->parts[at->part].lines->entries;
    uint32_t value = value_at(run, at), end = tile_end(run, at);
    for (uint32_t i = at->first; i < end; i++)
        __builtin_prefetch(directory + ((value ^ entries[i]) & ~(LINE - 1)));
}

/* Step two: read them, and ask for the row numbers. Empty buckets are stepped over without a branch; that a place
 * lies within the ids is checked where it is used. */
TARGET static int read_lines(const Run *run, const Cursor *at, uint32_t *places) {
    const Chunk *chunk = run->plan->parts[at->part].chunk;
    const uint32_t *directory = chunk->directory, *ids = chunk->ids;
    const uint32_t *entries = run->plan->parts[at->part].lines->entries;
    uint32_t value = value_at(run, at), i = at->first, end = tile_end(run, at);
    int count = 0;
    /* Most lines have no flips left for their low bits: one bucket each. They come first. */
    for (; i < end && !(entries[i] & (LINE - 1)); i++) {
        uint32_t place = directory[value ^ entries[i]];
        places[count] = place;
        count += !(place & EMPTY);
    }
    for (; i < end; i++) {
        const uint32_t *line = directory + ((value ^ entries[i]) & ~(LINE - 1));
        for (uint32_t wanted = rempart_near[entries[i] & (LINE - 1)][value & (LINE - 1)]; wanted; wanted &= wanted - 1) {
            uint32_t place = line[__builtin_ctz(wanted)];
            places[count] = place;
            count += !(place & EMPTY);
        }
    }
    for (int j = 0; j < count; j++) __builtin_prefetch(ids + places[j]);
    return count;
}

/* A row is reported by the first part that reaches it, so that none is reported twice and no set is needed. */
TARGET static int reached_before(const Run *run, uint32_t part, const uint8_t *row) {
    uint64_t key[4];
    load_key(key, row);
    for (int i = 0; i < 4; i++) key[i] ^= run->key[i];
    for (uint32_t earlier = 0; earlier < part; earlier++) {
        const Chunk *chunk = run->plan->parts[earlier].chunk;
        if (popcount64(rempart_chunk_of(key, chunk->start, chunk->width)) <= run->plan->parts[earlier].reach) return 1;
    }
    return 0;
}

#ifndef HAVE_NEAR_ROWS
/* Keeps, in place, the row numbers that may lie within the radius; the first words tell almost all others apart. */
TARGET static uint32_t near_rows(const uint8_t *keys, const uint64_t key[4], uint32_t radius, uint32_t *rows,
                                 uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t b[2];
        memcpy(b, keys + (size_t)rows[i] * KEY_BYTES, sizeof b);
        rows[kept] = rows[i];
        kept += popcount64(key[0] ^ b[0]) + popcount64(key[1] ^ b[1]) <= radius;
    }
    return kept;
}
#endif

TARGET static SearchResult compare(Run *run, uint32_t part, uint32_t *rows, uint32_t count) {
    const uint8_t *keys = run->index->keys;
    uint32_t radius = run->plan->radius;
    count = near_rows(keys, run->key, radius, rows, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *row = keys + (size_t)rows[i] * KEY_BYTES;
        uint32_t distance = distance_of(run->key, row);
        if (distance > radius || reached_before(run, part, row)) continue;
        if (!rempart_hits_push(run->hits, (uint64_t)distance << 32 | rows[i])) return SEARCH_NO_MEMORY;
    }
    return SEARCH_OK;
}

/* Step three: read the row numbers, ask for the rows, compare. A query whose buckets turn out to hold a good part
 * of the list is marked dense and left to brute force, which reads rows in order. */
TARGET static SearchResult read_rows(Run *run, const Cursor *at, const uint32_t *places, int count) {
    const uint32_t *ids = run->plan->parts[at->part].chunk->ids;
    const uint8_t *keys = run->index->keys;
    const uint32_t rows = run->index->rows;
    const size_t limit = rows / 8 + 1024;
    uint32_t batch[BATCH];
    uint32_t filled = 0;
    for (int i = 0; i < count; i++) {
        for (uint32_t place = places[i];; place++) {
            if (place >= rows) return SEARCH_DAMAGED;
            uint32_t id = ids[place];
            uint32_t row = id & ~STOP;
            if (row >= rows) return SEARCH_DAMAGED;
            __builtin_prefetch(keys + (size_t)row * KEY_BYTES);
            batch[filled++] = row;
            if (filled == BATCH) {
                if ((run->candidates += filled) > limit) {
                    run->dense = 1;
                    return SEARCH_OK;
                }
                SearchResult result = compare(run, at->part, batch, filled);
                if (result != SEARCH_OK) return result;
                filled = 0;
            }
            if (id & STOP) break;
        }
    }
    run->candidates += filled;
    return compare(run, at->part, batch, filled);
}

TARGET static SearchResult finish_query(Run *run, size_t query) {
    size_t start = (size_t)run->offsets[query];
    if (run->dense) {
        run->hits->count = start;
        SearchResult result =
            brute_one(run->index, run->queries + query * KEY_BYTES, run->plan->radius, run->hits);
        if (result != SEARCH_OK) return result;
    }
    rempart_hits_sort(run->hits->items + start, run->hits->count - start);
    run->offsets[query + 1] = (int64_t)run->hits->count;
    return SEARCH_OK;
}

TARGET static void advance(const Run *run, Cursor *at) {
    at->first += TILE;
    if (at->first < run->plan->parts[at->part].lines->count) return;
    at->first = 0;
    if (++at->part < run->plan->chunk_count) return;
    at->part = 0;
    at->query++;
}

TARGET static SearchResult third_step(Run *run, const Cursor *at, const uint32_t *places, int count) {
    if (at->part == 0 && at->first == 0) {
        load_key(run->key, run->queries + at->query * KEY_BYTES);
        run->candidates = 0;
        run->dense = 0;
    }
    SearchResult result = run->dense ? SEARCH_OK : read_rows(run, at, places, count);
    Cursor next = *at;
    advance(run, &next);
    return result == SEARCH_OK && next.query != at->query ? finish_query(run, at->query) : result;
}

TARGET static SearchResult search_chunks(Run *run) {
    uint32_t places[2][TILE * LINE + 1]; /* an empty bucket may be written after the last */
    int counts[2] = {0, 0};
    Cursor one = {0, 0, 0}, two = one, three = one;
    for (uint64_t step = 0; three.query < run->query_count; step++) {
        if (one.query < run->query_count) {
            fetch_lines(run, &one);
            advance(run, &one);
        }
        if (step >= 1 && two.query < run->query_count) {
            counts[step & 1] = read_lines(run, &two, places[step & 1]);
            advance(run, &two);
        }
        if (step >= 2) {
            SearchResult result = third_step(run, &three, places[(step - 1) & 1], counts[(step - 1) & 1]);
            if (result != SEARCH_OK) return result;
            advance(run, &three);
        }
    }
    return SEARCH_OK;
}

TARGET static SearchResult search(const Index *index, const Plan *plan, const uint8_t *queries, size_t count,
                                  Hits *hits, int64_t *offsets) {
    Run run = {.index = index, .plan = plan, .queries = queries, .query_count = count, .hits = hits, .offsets = offsets};
    offsets[0] = 0;
    if (plan->chunk_count) return search_chunks(&run);
    run.dense = 1;
    for (size_t query = 0; query < count; query++) {
        SearchResult result = finish_query(&run, query);
        if (result != SEARCH_OK) return result;
    }
    return SEARCH_OK;
}

const Kernel KERNEL_SYMBOL = {KERNEL_NAME, KERNEL_SUPPORTED, search};
