/* The search, written once and compiled once per instruction set.
 *
 * The including file defines TARGET (a function attribute), KERNEL_NAME, KERNEL_SUPPORTED and
 * popcount64, and may define brute_block, which finds the hits of one query among a run of rows.
 * The same goes for match_lines, which sifts the lines of a tile.
 *
 * A lookup misses the cache a few thousand times, and its time is how many of those misses overlap. So the work
 * runs as a stream of tiles (a query, a chunk, up to TILE lines), each in three steps that trail each other: ask for
 * the lines · sift them and ask for the rows · compare the rows.
 */
#include <string.h>

#include "hammingkernel.h"

#define TILE 288u
#define BATCH 512u

typedef struct {
    size_t query;
    uint32_t part, first;
} Cursor;

/* What step two found for step three. */
typedef struct {
    uint32_t count, spill_count, tag;
    uint32_t found[(TILE + 1) * LINE];
    Spill spills[TILE];
} Tile;

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

#ifndef HAVE_MATCH_LINES
TARGET static void match_lines(Match *match, const uint32_t *entries, uint32_t count) {
    const uint32_t id_mask = (1u << match->id_bits) - 1;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t *line = match->lines + (size_t)(match->line ^ (entries[i] >> LEFT_BITS)) * LINE;
        uint32_t left = entries[i] & ((1 << LEFT_BITS) - 1), held = LINE;
        uint32_t near = rempart_near[left][match->tag];
        if (line[LINE - 1] == SPILLED) {
            held = HELD_WHEN_SPILLED;
            match->spills[match->spill_count++] = (Spill){line[held], left};
        }
        for (uint32_t j = 0; j < held && line[j] != FREE; j++) {
            uint32_t row = line[j] & id_mask;
            match->damaged |= row >= match->rows;
            match->found[match->count] = row;
            match->count += near >> (line[j] >> match->id_bits) & 1;
        }
    }
}
#endif

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

/* Step one: ask for the tile's lines. */
TARGET static void fetch_lines(const Run *run, const Cursor *at) {
    const Chunk *chunk = run->plan->parts[at->part].chunk;
    const uint32_t *entries = run->plan->parts[at->part].lines->entries;
    uint32_t line = value_at(run, at) >> chunk->tag_bits, end = tile_end(run, at);
    for (uint32_t i = at->first; i < end; i++)
        __builtin_prefetch(chunk->lines + (size_t)(line ^ (entries[i] >> LEFT_BITS)) * LINE);
}

/* Step two: sift them, and ask for the rows. */
TARGET static SearchResult read_lines(const Run *run, const Cursor *at, Tile *tile) {
    const Chunk *chunk = run->plan->parts[at->part].chunk;
    uint32_t value = value_at(run, at);
    Match match = {.lines = chunk->lines, .line = value >> chunk->tag_bits, .tag = value & ((1u << chunk->tag_bits) - 1),
                   .id_bits = run->index->id_bits, .rows = run->index->rows, .found = tile->found,
                   .spills = tile->spills};
    match_lines(&match, run->plan->parts[at->part].lines->entries + at->first, tile_end(run, at) - at->first);
    if (match.damaged) return SEARCH_DAMAGED;
    for (uint32_t i = 0; i < match.spill_count; i++) {
        if (match.spills[i].place >= chunk->extra_count) return SEARCH_DAMAGED;
        __builtin_prefetch(chunk->extra + match.spills[i].place);
    }
    for (uint32_t i = 0; i < match.count; i++)
        __builtin_prefetch(run->index->keys + (size_t)match.found[i] * KEY_BYTES);
    tile->tag = match.tag;
    tile->count = match.count;
    tile->spill_count = match.spill_count;
    return SEARCH_OK;
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

/* A query whose lines turn out to hold a good part of the list is marked dense and left to brute force, which reads
 * rows in order. */
TARGET static SearchResult compare_counted(Run *run, uint32_t part, uint32_t *rows, uint32_t count) {
    run->candidates += count;
    run->dense = run->candidates > run->index->rows / 8 + 1024;
    return run->dense ? SEARCH_OK : compare(run, part, rows, count);
}

TARGET static SearchResult read_spill(Run *run, const Cursor *at, const Tile *tile, const Spill *spill) {
    const Chunk *chunk = run->plan->parts[at->part].chunk;
    const uint32_t *list = chunk->extra + spill->place, id_bits = run->index->id_bits;
    uint32_t near = rempart_near[spill->left][tile->tag], length = list[0], filled = 0;
    uint32_t batch[BATCH];
    if (length >= chunk->extra_count - spill->place) return SEARCH_DAMAGED;
    for (uint32_t i = 1; i <= length; i++) {
        uint32_t row = list[i] & ((1u << id_bits) - 1);
        if (row >= run->index->rows) return SEARCH_DAMAGED;
        if (!(near >> (list[i] >> id_bits) & 1)) continue;
        __builtin_prefetch(run->index->keys + (size_t)row * KEY_BYTES);
        batch[filled++] = row;
        if (filled < BATCH) continue;
        SearchResult result = compare_counted(run, at->part, batch, filled);
        if (result != SEARCH_OK || run->dense) return result;
        filled = 0;
    }
    return compare_counted(run, at->part, batch, filled);
}

/* Step three: compare the rows, and those that the lines had no room for. */
TARGET static SearchResult read_rows(Run *run, const Cursor *at, Tile *tile) {
    SearchResult result = compare_counted(run, at->part, tile->found, tile->count);
    for (uint32_t i = 0; i < tile->spill_count && result == SEARCH_OK && !run->dense; i++)
        result = read_spill(run, at, tile, &tile->spills[i]);
    return result;
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

TARGET static SearchResult third_step(Run *run, const Cursor *at, Tile *tile) {
    if (at->part == 0 && at->first == 0) {
        load_key(run->key, run->queries + at->query * KEY_BYTES);
        run->candidates = 0;
        run->dense = 0;
    }
    SearchResult result = run->dense ? SEARCH_OK : read_rows(run, at, tile);
    Cursor next = *at;
    advance(run, &next);
    return result == SEARCH_OK && next.query != at->query ? finish_query(run, at->query) : result;
}

TARGET static SearchResult search_chunks(Run *run) {
    Tile tiles[2];
    Cursor one = {0, 0, 0}, two = one, three = one;
    for (uint64_t step = 0; three.query < run->query_count; step++) {
        SearchResult result = SEARCH_OK;
        if (one.query < run->query_count) {
            fetch_lines(run, &one);
            advance(run, &one);
        }
        if (step >= 1 && two.query < run->query_count) {
            result = read_lines(run, &two, &tiles[step & 1]);
            advance(run, &two);
        }
        if (step >= 2 && result == SEARCH_OK) {
            result = third_step(run, &three, &tiles[(step - 1) & 1]);
            advance(run, &three);
        }
        if (result != SEARCH_OK) return result;
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
